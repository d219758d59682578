"""What another process does between two steps of ours: each race set up by hand, so that it happens every time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import repeat
from typing import Any

import pytest

from dvauth.sessions import keys
from dvauth.sessions.check import Active, Cause, Contention, Ended
from dvauth.sessions.record import CENTRAL
from dvauth.storage.redis import RedisConnection
from dvauth.timeouts.judge import Reason
from dvauth.timeouts.policy import PolicySet, TimeoutPolicy


class SlowConnection(RedisConnection):
    """Before each of its calls, whatever stands in ``meanwhile`` for it happens first."""

    meanwhile: Iterator[Callable[[], object]] = iter(())

    def call(self, function: Any, *args: Any, **options: Any) -> Any:
        next(self.meanwhile, lambda: None)()
        return super().call(function, *args, **options)

    def before_call(self, number: int, act: Callable[[], object]) -> None:
        self.meanwhile = iter([*[lambda: None] * (number - 1), act])


class LateClock:
    """A process's clock, behind the one that scripts go by."""

    def __init__(self, clock: Any, behind: timedelta) -> None:
        self.clock, self.behind = clock, behind

    def now(self) -> Any:
        return self.clock.now() - self.behind

    def for_script(self) -> str:
        return str(self.clock.for_script())


@pytest.fixture
def slow(desk: Any) -> Any:
    """The same sessions, in another process that is interrupted."""
    return replace(desk, connection=SlowConnection(desk.connection.client))


def keep_alive(desk: Any, cookie: str, place: Any = CENTRAL) -> Any:
    return desk.keeper.keep_alive(cookie, place, Cause.INPUT)


@pytest.mark.proves("TE1", "AT3")
def test_touch_never_brings_back_a_session_that_was_ended_meanwhile(desk: Any, slow: Any) -> None:
    opened = desk.open()
    slow.connection.before_call(2, lambda: desk.keeper.end(opened.record, Reason.LOGOUT))
    check = keep_alive(slow, opened.cookie)
    assert isinstance(check, Ended)
    assert check.reason is Reason.LOGOUT
    assert not desk.connection.client.exists(keys.session(opened.record.ref))


@pytest.mark.proves("AT3")
def test_touch_that_was_judged_in_time_comes_too_late_after_ended_was_answered(desk: Any, slow: Any) -> None:
    opened = desk.open()
    answers = []

    def end() -> None:
        desk.pass_time(seconds=1)
        answers.append(desk.keeper.check(opened.cookie))
        desk.policies = slow.policies = PolicySet(TimeoutPolicy(idle_timeout=timedelta(hours=2)))

    desk.pass_time(minutes=14, seconds=59)
    slow.connection.before_call(2, end)
    answers += [keep_alive(slow, opened.cookie), desk.keeper.check(opened.cookie)]
    assert [answer.reason for answer in answers] == [Reason.IDLE] * 3


def test_touch_goes_by_redis_time_where_the_process_is_behind(desk: Any) -> None:
    opened = desk.open()
    late = replace(desk, clock=LateClock(desk.clock, behind=timedelta(milliseconds=10)))
    desk.pass_time(minutes=15)
    assert isinstance(late.keeper.check(opened.cookie), Active)
    check = keep_alive(late, opened.cookie)
    assert isinstance(check, Ended)
    assert check.reason is Reason.IDLE


def test_touch_refused_for_its_deadline_is_judged_anew(desk: Any, slow: Any) -> None:
    """The session was active elsewhere meanwhile, so it lives on past the deadline that the touch carried."""
    opened = desk.open()
    desk.pass_time(minutes=14)

    def stay_active() -> None:
        keep_alive(desk, opened.cookie)
        desk.pass_time(minutes=2)

    slow.connection.before_call(2, stay_active)
    check = keep_alive(slow, opened.cookie)
    assert isinstance(check, Active)
    assert check.verdict.idle_remaining == timedelta(minutes=15)


def test_end_at_a_portal_meanwhile_ends_nothing_elsewhere(desk: Any, slow: Any) -> None:
    """The other process knew a stricter policy of that portal earlier."""
    opened = desk.open()
    slow.policies = PolicySet(TimeoutPolicy())
    desk.pass_time(minutes=3)
    slow.connection.before_call(2, lambda: desk.keeper.check(opened.cookie, desk.at_bank))
    check = keep_alive(slow, opened.cookie, desk.at_bank)
    assert isinstance(check, Ended)
    assert check.reason is Reason.PORTAL_IDLE
    assert isinstance(desk.keeper.check(opened.cookie), Active)


def test_policy_shortened_during_a_touch_is_obeyed_in_its_answer(desk: Any, slow: Any) -> None:
    opened = desk.open()
    desk.pass_time(minutes=10)

    def shorten() -> None:
        slow.policies = PolicySet(TimeoutPolicy(idle_timeout=timedelta(minutes=4)))

    slow.connection.before_call(2, shorten)
    check = slow.keeper.keep_alive(opened.cookie, CENTRAL, Cause.INPUT, timedelta(minutes=5))
    assert isinstance(check, Ended)


def test_activity_meanwhile_saves_a_session_from_an_end_by_a_shorter_policy(desk: Any, slow: Any) -> None:
    opened = desk.open()
    desk.pass_time(minutes=10)
    slow.policies = PolicySet(TimeoutPolicy(idle_timeout=timedelta(minutes=10)))
    slow.connection.before_call(2, lambda: keep_alive(desk, opened.cookie))
    assert isinstance(slow.keeper.check(opened.cookie), Active)


def test_authentication_meanwhile_saves_a_session_from_its_end_at_a_portal(desk: Any, slow: Any) -> None:
    opened = desk.open()
    desk.pass_time(minutes=3)
    cookies = []
    slow.connection.before_call(2, lambda: cookies.append(desk.keeper.rotate(opened.cookie, reauthenticated=True)))
    slow.keeper.check(opened.cookie, desk.at_bank)
    assert isinstance(desk.keeper.check(cookies[0], desk.at_bank), Active)


def test_visit_meanwhile_saves_a_session_from_its_end_at_a_portal(desk: Any, slow: Any) -> None:
    opened = desk.open()
    keep_alive(desk, opened.cookie, desk.at_bank)
    desk.policies = PolicySet(TimeoutPolicy())
    desk.pass_time(minutes=3)
    slow.connection.before_call(2, lambda: keep_alive(desk, opened.cookie, desk.at_bank))
    assert isinstance(slow.keeper.check(opened.cookie, desk.at_bank), Active)


def test_activity_elsewhere_saves_a_session_from_its_end_at_a_portal_not_visited_yet(desk: Any, slow: Any) -> None:
    opened = desk.open()
    desk.pass_time(minutes=3)
    slow.connection.before_call(2, lambda: keep_alive(desk, opened.cookie))
    assert isinstance(slow.keeper.check(opened.cookie, desk.at_bank), Active)


def test_of_two_rotations_the_first_wins(desk: Any, slow: Any) -> None:
    opened = desk.open()
    cookies = []
    slow.connection.before_call(2, lambda: cookies.append(desk.keeper.rotate(opened.cookie)))
    assert slow.keeper.rotate(opened.cookie) is None
    assert isinstance(desk.keeper.check(cookies[0]), Active)


@pytest.mark.proves("SM10")
def test_login_meanwhile_counts_towards_the_limit(desk: Any, slow: Any) -> None:
    desk.policies = slow.policies = PolicySet(TimeoutPolicy(max_sessions=1))
    others = []
    slow.connection.before_call(2, lambda: others.append(desk.open()))
    mine = slow.open()
    assert mine.evicted == [others[0].record.ref.session_id]
    assert isinstance(desk.keeper.check(others[0].cookie), Ended)
    assert isinstance(desk.keeper.check(mine.cookie), Active)


@pytest.mark.proves("TE2")
@pytest.mark.parametrize("before_any", [True, False])
def test_end_all_ends_the_session_that_is_opened_meanwhile(desk: Any, slow: Any, before_any: bool) -> None:
    opened = [] if before_any else [desk.open()]
    slow.connection.before_call(2 if before_any else 3, lambda: opened.append(desk.open()))
    ended = slow.keeper.end_all(desk.alice.account_id, Reason.REVOKED)
    assert sorted(ended) == sorted(session.record.ref.session_id for session in opened)
    assert sorted(end.ref.session_id for end in slow.journal) == sorted(ended)
    assert all(isinstance(desk.keeper.check(session.cookie), Ended) for session in opened)


@pytest.mark.proves("AZ4")
def test_new_roles_reach_the_session_that_is_opened_meanwhile(desk: Any, slow: Any) -> None:
    opened = []
    slow.connection.before_call(2, lambda: opened.append(desk.open(desk.bob)))
    slow.keeper.set_roles(desk.bob.account_id, ("admin",))
    assert desk.keeper.check(opened[0].cookie).record.roles == ("admin",)


def test_reaper_leaves_alone_what_was_active_meanwhile(desk: Any, slow: Any) -> None:
    opened = desk.open()
    desk.pass_time(minutes=10)
    slow.policies = PolicySet(TimeoutPolicy(idle_timeout=timedelta(minutes=10)))
    slow.sweep()
    slow.connection.before_call(3, lambda: keep_alive(desk, opened.cookie))
    assert slow.reaper.reap() == 0
    assert isinstance(desk.keeper.check(opened.cookie), Active)


def test_reaper_looks_again_in_time_where_roles_changed_meanwhile(desk: Any, slow: Any) -> None:
    opened = desk.open(desk.bob)
    desk.pass_time(minutes=14)
    keep_alive(desk, opened.cookie)
    desk.pass_time(minutes=1)
    slow.connection.before_call(3, lambda: desk.keeper.set_roles(desk.bob.account_id, ("admin",)))
    assert slow.reaper.reap() == 0
    desk.pass_time(minutes=4)
    assert desk.reaper.reap() == 1


def test_sweep_leaves_a_session_due_that_is_no_longer_remembered(desk: Any, slow: Any) -> None:
    desk.policies = slow.policies = PolicySet(TimeoutPolicy(remember_for=timedelta(days=30)))
    opened = desk.open(remember=True)
    bucket = opened.record.ref.bucket
    slow.connection.before_call(
        int(bucket, 16) + 3, lambda: desk.keeper.rotate(opened.cookie, reauthenticated=True, remember=False)
    )
    slow.sweep()
    desk.pass_time(minutes=15)
    assert desk.reaper.reap() == 1


def test_session_that_never_stands_still_is_given_up_in_the_end(desk: Any, slow: Any) -> None:
    slow.connection.meanwhile = repeat(desk.open)
    with pytest.raises(Contention):
        slow.keeper.set_roles(desk.alice.account_id, ("editor",))
