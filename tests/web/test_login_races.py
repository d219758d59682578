"""A login and an administrator at the same moment, for real: whoever is disabled has no session afterwards."""

import random
import threading
import time
from typing import Any

import pytest

TRIALS = 60


def seconds_of_a_login(site: Any) -> float:
    begun = time.monotonic()
    site.browser().log_in("bob")
    return time.monotonic() - begun


@pytest.mark.proves("AT5")
def test_no_session_outlives_an_account_that_is_disabled_during_its_login(site: Any) -> None:
    bob, accounts = site.people["bob"], site.parts.accounts
    login_takes, delays = min(seconds_of_a_login(site) for _ in range(5)), random.Random(14)
    answers: list[int] = []

    def log_in(together: threading.Barrier) -> None:
        together.wait()
        answers.append(site.browser().log_in("bob").status_code)

    for _ in range(TRIALS):
        together = threading.Barrier(2)
        login = threading.Thread(target=log_in, args=[together])
        login.start()
        together.wait()
        time.sleep(delays.uniform(0, 2 * login_takes))
        accounts.disable(bob.id)
        login.join()
        assert site.parts.keeper.sessions_of(bob.id) == []
        accounts.enable(bob.id)
        site.pass_time(hours=1)  # until the throttle has forgotten
    assert set(answers) == {303, 401}  # the change came after and before
