"""``/confirm``: before a step that matters people prove again who they are."""

import re
from typing import Any

import pytest

from dvauth.accounts.errors import InvalidCredentials
from dvauth.accounts.throttle import MOST_FAILURES


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/\t/evil", "/admin/portals/.."]
)
def test_whoever_confirms_goes_nowhere_else(site: Any, browser: Any, back: str) -> None:
    browser.log_in("bob")
    answer = browser.client.get(f"/confirm?back={back}", base_url=site.centre, headers=site.navigation)
    assert answer.status_code == 200
    done = browser.post("/confirm", {"password": site.password}, page="/confirm", query_string={"back": back})
    assert done.headers["Location"] == "/account/"


def test_whoever_is_locked_out_cannot_prove_who_they_are(site: Any, browser: Any) -> None:
    site.change_default(idle_timeout=30 * 86400, absolute_timeout=30 * 86400)
    browser.log_in("bob")
    for number in range(MOST_FAILURES):
        with pytest.raises(InvalidCredentials), site.parts.throttle.attempt("bob", f"10.0.0.{number}"):
            raise InvalidCredentials
        site.pass_time(hours=1)
    refused = browser.post("/confirm", {"password": site.password})
    assert (refused.status_code, refused.headers.get("Location")) == (429, None)
    assert "liên hệ quản trị viên" in re.search('id="password-error">(.*?)</p>', refused.text, re.DOTALL)[1]
    assert browser.get("/account/").status_code == 200
