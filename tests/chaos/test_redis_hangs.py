"""Redis neither answers nor ends, while a hundred requests a second come in."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.chaos.conftest import RunningService, eventually

RATE = 100  # requests a second
SECONDS = 3


def timed(service: RunningService, cookie: str) -> tuple[int, float]:
    """Status and duration of one check."""
    asked = time.perf_counter()
    status, _ = service.ask("/session", cookie)
    return status, time.perf_counter() - asked


def steady_load(service: RunningService, cookie: str) -> list[tuple[int, float]]:
    """Requests at a fixed rate, whether or not earlier ones have been answered."""
    with ThreadPoolExecutor(RATE) as pool:
        started, waiting = time.perf_counter(), []
        for number in range(RATE * SECONDS):
            time.sleep(max(0.0, started + number / RATE - time.perf_counter()))
            waiting.append(pool.submit(timed, service, cookie))
        return [answer.result() for answer in waiting]


def is_well(service: RunningService, cookie: str) -> bool:
    """Every worker answers, which a single request would not tell."""
    return {service.state(cookie) for _ in range(20)} == {"active"}


@pytest.mark.proves("HP7")
def test_every_answer_comes_within_a_second_and_the_same_cookie_works_again(service: RunningService) -> None:
    cookie = service.log_in("lan")
    assert {status for status, _ in steady_load(service, cookie)} == {200}
    (redis,) = service.children("redis-server")
    os.kill(redis, signal.SIGSTOP)
    try:
        answers = steady_load(service, cookie)
    finally:
        os.kill(redis, signal.SIGCONT)
    assert {status for status, _ in answers} == {503}
    assert max(duration for _, duration in answers) < 1
    assert eventually(lambda: is_well(service, cookie), within=5)
