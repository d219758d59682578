"""What Redis drops by its own clock: nothing that may still live, and in the end everything."""

from datetime import timedelta
from typing import Any

import pytest

from dvauth.sessions import keys
from dvauth.sessions.check import Active, Ended
from dvauth.sessions.record import from_ms
from dvauth.timeouts.judge import Reason
from dvauth.timeouts.policy import PolicySet, TimeoutPolicy

MONTH = timedelta(days=30, minutes=10)
REMEMBERED = timedelta(days=400, minutes=10)


def forgotten_at(desk: Any, key: str) -> Any:
    """When Redis drops a key by itself."""
    return from_ms(desk.connection.client.pexpiretime(key))


def account_key(desk: Any) -> str:
    account_id = desk.alice.account_id
    return keys.account(keys.bucket_of(account_id), account_id)


@pytest.mark.parametrize(("remember", "longest"), [(False, MONTH), (True, REMEMBERED)])
def test_session_is_forgotten_ten_minutes_after_any_policy_had_ended_it(
    desk: Any,
    remember: bool,
    longest: timedelta,
) -> None:
    opened = desk.open(remember=remember)
    assert forgotten_at(desk, keys.session(opened.record.ref)) == desk.clock.now() + longest
    assert forgotten_at(desk, account_key(desk)) == desk.clock.now() + longest


@pytest.mark.proves("TE2")
@pytest.mark.parametrize("order", [(True, False), (False, True)])
def test_accounts_list_outlives_every_session_in_it(desk: Any, order: tuple[bool, ...]) -> None:
    sessions = []
    for remember in order:
        sessions.append(keys.session(desk.open(remember=remember).record.ref))
        desk.pass_time(days=1)
    assert forgotten_at(desk, account_key(desk)) == max(forgotten_at(desk, session) for session in sessions)


@pytest.mark.proves("TO4")
def test_authenticating_again_moves_the_moment_at_which_redis_forgets(desk: Any) -> None:
    desk.policies = PolicySet(TimeoutPolicy(idle_timeout=timedelta(days=30), absolute_timeout=timedelta(days=30)))
    opened = desk.open()
    desk.pass_time(days=29)
    desk.keeper.rotate(opened.cookie, reauthenticated=True)
    assert forgotten_at(desk, keys.session(opened.record.ref)) == desk.clock.now() + MONTH
    assert forgotten_at(desk, account_key(desk)) == desk.clock.now() + MONTH


@pytest.mark.parametrize(("before", "after", "lifetime"), [(True, False, MONTH), (False, True, REMEMBERED)])
def test_redis_forgets_by_the_latest_choice_to_be_remembered(desk: Any, before: Any, after: Any, lifetime: Any) -> None:
    desk.policies = PolicySet(TimeoutPolicy(remember_for=timedelta(days=30)))
    opened = desk.open(remember=before)
    check = desk.keeper.check(desk.keeper.rotate(opened.cookie, reauthenticated=True, remember=after))
    assert check.record.remember is after
    assert forgotten_at(desk, keys.session(opened.record.ref)) == desk.clock.now() + lifetime
    assert forgotten_at(desk, account_key(desk)) >= desk.clock.now() + lifetime


def test_rotation_alone_moves_no_limit(desk: Any) -> None:
    opened = desk.open()
    before = forgotten_at(desk, keys.session(opened.record.ref))
    desk.pass_time(minutes=5)
    check = desk.keeper.check(desk.keeper.rotate(opened.cookie))
    assert isinstance(check, Active)
    assert check.verdict.idle_remaining == timedelta(minutes=10)
    assert forgotten_at(desk, keys.session(opened.record.ref)) == before


def test_reason_of_an_end_is_kept_for_ten_minutes(desk: Any) -> None:
    opened = desk.open()
    desk.keeper.end(opened.record, Reason.LOGOUT)
    left = desk.connection.client.pttl(keys.ended(opened.record.ref))
    assert 595_000 < left <= 600_000


def test_only_the_schedule_and_the_events_have_no_end_of_their_own(desk: Any) -> None:
    """They are emptied by the reaper, and there is one of each for a bucket."""
    opened = desk.open()
    desk.keeper.end(desk.open().record, Reason.LOGOUT)
    redis = desk.connection.client
    endless = {key.decode() for key in redis.scan_iter() if redis.ttl(key) == -1}
    bucket = opened.record.ref.bucket
    assert endless == {keys.due(bucket), keys.events(bucket)}


def test_what_redis_dropped_leaves_no_entry_behind(desk: Any) -> None:
    dropped, kept = desk.open(), desk.open()
    redis = desk.connection.client
    redis.delete(keys.session(dropped.record.ref))  # as its TTL would
    assert [record.ref for record in desk.keeper.sessions_of(desk.alice.account_id)] == [kept.record.ref]
    assert redis.zcard(account_key(desk)) == 1
    desk.pass_time(minutes=15)
    assert desk.reaper.reap() == 1
    assert isinstance(desk.keeper.check(kept.cookie), Ended)
    bucket = kept.record.ref.bucket
    assert set(redis.scan_iter()) == {keys.events(bucket).encode(), keys.ended(kept.record.ref).encode()}
