"""As many requests at once as there are threads."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

from dvauth.parts import Parts
from dvauth.sessions.check import Active, Cause
from dvauth.sessions.record import CENTRAL, Principal

THREADS = 32


def test_every_thread_can_read_and_write_at_the_same_time(site: Any) -> None:
    parts = Parts(replace(site.parts.settings, threads=THREADS), site.clock)
    parts.start()
    cookies = [parts.keeper.open(Principal(account_id=f"person-{number}")).cookie for number in range(THREADS)]
    together = Barrier(THREADS)

    def work(cookie: str) -> bool:
        parts.keeper.check(cookie)  # the thread keeps the connection of this
        together.wait()
        return all(isinstance(parts.keeper.keep_alive(cookie, CENTRAL, Cause.PROMPT), Active) for _ in range(20))

    try:
        with ThreadPoolExecutor(THREADS) as pool:
            assert all(pool.map(work, cookies))
    finally:
        parts.close()
