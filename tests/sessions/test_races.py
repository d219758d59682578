"""Races for real: threads, a real Redis and its own clock. No session that was told to have ended ever comes back."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dvauth.sessions import keys
from dvauth.sessions.check import Active, Anonymous, Cause, Ended, Opened
from dvauth.sessions.record import CENTRAL, Principal, SessionEvent
from dvauth.storage.watch import RedisClock
from dvauth.timeouts.judge import Reason
from dvauth.timeouts.policy import PolicySet, TimeoutPolicy

TRIALS = 1000
SHORT = PolicySet(TimeoutPolicy(idle_timeout=timedelta(milliseconds=4)))
LONG = PolicySet(TimeoutPolicy(idle_timeout=timedelta(hours=2)))

Act = Callable[[], object]


@pytest.fixture
def desk(desk: Any) -> Any:
    """By Redis's clock."""
    clock, client = RedisClock(), desk.connection.client
    for _ in range(20):
        sent = time.monotonic()
        clock.sample(sent, time.monotonic(), client.time())
    return replace(desk, clock=clock)


@pytest.fixture
def race() -> Iterator[Callable[..., list[Any]]]:
    """Starts acts at the same moment, each in a thread of its own; gives what they returned."""
    with ThreadPoolExecutor(8) as runners:

        def run(*acts: Act) -> list[Any]:
            start = threading.Barrier(len(acts))
            return [done.result() for done in [runners.submit(_after, start, act) for act in acts]]

        yield run


def _after(start: threading.Barrier, act: Act) -> object:
    start.wait()
    return act()


def _soon(act: Act) -> object:
    """A touch asks Redis twice and an end once: one that never waits would win each time on some machines."""
    time.sleep(random.uniform(0, 0.002))
    return act()


def exists(desk: Any, opened: Opened) -> bool:
    return bool(desk.connection.client.exists(keys.session(opened.record.ref)))


def keep_alive(desk: Any, opened: Opened) -> Any:
    return desk.keeper.keep_alive(opened.cookie, CENTRAL, Cause.INPUT)


def is_over(desk: Any, opened: Opened, reason: Reason) -> bool:
    """Nothing is left that could be alive, and everybody is told the same reason."""
    told = (desk.keeper.check(opened.cookie), keep_alive(desk, opened))
    return not exists(desk, opened) and all(isinstance(check, Ended) and check.reason is reason for check in told)


def watch_until_ended(desk: Any, opened: Opened) -> Ended:
    """Ask without activity, as a page in the background would, until the answer is an end."""
    while isinstance(check := desk.keeper.check(opened.cookie), Active):
        pass
    assert isinstance(check, Ended)
    return check


@pytest.mark.proves("AT3", "TE1")
def test_touch_against_end(desk: Any, race: Any) -> None:
    touched_first = 0
    for _ in range(TRIALS):
        opened = desk.open()
        touched, ended = race(
            lambda opened=opened: keep_alive(desk, opened),
            lambda opened=opened: _soon(lambda: desk.keeper.end(opened.record, Reason.LOGOUT)),
        )
        assert ended
        assert is_over(desk, opened, Reason.LOGOUT)
        touched_first += isinstance(touched, Active)
    assert 0 < touched_first < TRIALS, "each of the two was the first at times"


@pytest.mark.proves("AT3", "TO1")
@pytest.mark.parametrize("lengthened_to", [None, LONG], ids=["same-policy", "timeout-lengthened-in-between"])
def test_slow_touch_after_ended_was_answered(desk: Any, race: Any, lengthened_to: PolicySet | None) -> None:
    """A touch is sent around the deadline; another thread asks until it is told of the end."""
    saved = 0
    for _ in range(TRIALS):
        desk.policies = SHORT
        opened = desk.open()
        told = threading.Event()

        def answer(opened: Opened = opened, told: threading.Event = told) -> Ended:
            ended = watch_until_ended(desk, opened)
            desk.policies = lengthened_to or SHORT
            told.set()
            return ended

        def touch(opened: Opened = opened, told: threading.Event = told) -> Any:
            time.sleep(random.uniform(0.0025, 0.0045))
            was_told = told.is_set()
            return was_told, keep_alive(desk, opened)

        ended, (was_told, touched) = race(answer, touch)
        assert ended.reason is Reason.IDLE
        assert is_over(desk, opened, Reason.IDLE)
        assert not (was_told and isinstance(touched, Active))
        saved += isinstance(touched, Active)
    assert 0 < saved < TRIALS, "at times the touch came in time, at times too late"


@pytest.mark.proves("SM10")
def test_parallel_logins_never_leave_more_sessions_than_allowed(desk: Any, race: Any) -> None:
    desk.policies = PolicySet(TimeoutPolicy(max_sessions=3))
    redis, index = desk.connection.client, keys.account(keys.bucket_of("alice0000001"), "alice0000001")
    for _ in range(40):
        opened = race(*[desk.open] * 8)
        alive = [session for session in opened if isinstance(desk.keeper.check(session.cookie), Active)]
        assert len(alive) == redis.zcard(index) == len(list(redis.scan_iter("*:session:*"))) == 3
        assert all(is_over(desk, session, Reason.EVICTED) for session in opened if session not in alive)


@pytest.mark.proves("TE2", "AT5")
def test_end_all_against_login(desk: Any, race: Any) -> None:
    login_survived = 0
    for _ in range(200):
        before = [desk.open(), desk.open()]
        ended, late = race(lambda: desk.keeper.end_all(desk.alice.account_id, Reason.REVOKED), desk.open)
        assert {session.record.ref.session_id for session in before} <= set(ended)
        assert all(is_over(desk, session, Reason.REVOKED) for session in before)
        survived = isinstance(desk.keeper.check(late.cookie), Active)
        assert survived is (late.record.ref.session_id not in ended)
        assert len(desk.keeper.sessions_of(desk.alice.account_id)) == survived
        login_survived += survived
        desk.keeper.end_all(desk.alice.account_id, Reason.REVOKED)
    assert 0 < login_survived < 200, "each of the two was the first at times"


@pytest.mark.proves("SM3")
def test_of_parallel_rotations_one_wins(desk: Any, race: Any) -> None:
    opened = desk.open()
    cookie = opened.cookie
    for _ in range(100):
        cookies = [new for new in race(*[lambda old=cookie: desk.keeper.rotate(old)] * 4) if new]
        assert len(cookies) == 1
        assert isinstance(desk.keeper.check(cookie), Anonymous)
        (cookie,) = cookies
        assert isinstance(desk.keeper.check(cookie), Active)


def test_two_reapers_against_keep_alives(desk: Any, race: Any) -> None:
    desk.policies = PolicySet(TimeoutPolicy(idle_timeout=timedelta(milliseconds=30)))
    sessions = [desk.open(Principal(account_id=f"account{number}")) for number in range(50)]
    until = time.monotonic() + 0.6

    def reap() -> int:
        ended = 0
        while time.monotonic() < until:
            ended += desk.reaper.reap()
        return ended

    def work() -> None:
        alive = sessions[:10]
        while time.monotonic() < until:
            alive = [session for session in alive if isinstance(keep_alive(desk, session), Active)]

    *reaped, _ = race(reap, reap, work)
    time.sleep(0.03)
    reaped.append(desk.reaper.reap())
    told = [event.ref for event in waiting_events(desk) if event.event == "session_expired"]
    assert sorted(told, key=str) == sorted((session.record.ref for session in sessions), key=str)
    assert 40 <= sum(reaped) <= 50, "nobody asked about forty of them"
    assert all(is_over(desk, session, Reason.IDLE) for session in sessions)


def waiting_events(desk: Any) -> list[SessionEvent]:
    schedule = desk.schedule
    return [event for bucket in schedule.waiting_events() for _, event in schedule.events(bucket, 1000)]
