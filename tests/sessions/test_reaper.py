"""Ends that nobody asked about, and events that nobody must lose."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dvauth.sessions import keys
from dvauth.sessions.check import Active, Cause, Ended
from dvauth.sessions.reaper import BATCH, ENDS, DrainedEvent
from dvauth.sessions.record import CENTRAL, Principal, SessionEvent, SessionRecord, SessionRef, from_ms, to_ms
from dvauth.sessions.schedule import UNREADABLE
from dvauth.storage.redis import StoreUnavailable
from dvauth.timeouts.judge import Reason, deadline
from dvauth.timeouts.policy import Override, PolicySet, TimeoutPolicy


def due_at(desk: Any, record: SessionRecord) -> Any:
    score = desk.connection.client.zscore(keys.due(record.ref.bucket), record.ref.session_id)
    return None if score is None else from_ms(score)


@pytest.mark.proves("TO1", "LG2")
def test_end_that_nobody_asked_about_is_found_at_its_deadline_and_told_once(desk: Any) -> None:
    opened = desk.open()
    desk.pass_time(minutes=15, milliseconds=-1)
    assert desk.reaper.reap() == 0
    desk.pass_time(milliseconds=1)
    assert desk.reaper.reap() == 1
    assert desk.reaper.reap() == 0
    assert not desk.connection.client.exists(keys.session(opened.record.ref))
    assert desk.events() == [("session_created", {}), ("session_expired", {"reason": "idle"})]
    check = desk.keeper.check(opened.cookie)
    assert isinstance(check, Ended)
    assert check.reason is Reason.IDLE


def test_reaper_keeps_the_living_and_looks_again_at_their_deadline(desk: Any) -> None:
    opened = desk.open()
    desk.pass_time(minutes=10)
    desk.keeper.keep_alive(opened.cookie, CENTRAL, Cause.INPUT)
    assert due_at(desk, opened.record) == desk.clock.now() + timedelta(minutes=5)  # early, for activity moves nothing
    desk.pass_time(minutes=5)
    assert desk.reaper.reap() == 0
    assert due_at(desk, opened.record) == desk.clock.now() + timedelta(minutes=10)
    assert isinstance(desk.keeper.check(opened.cookie), Active)


def test_whoever_chooses_to_be_remembered_no_longer_ends_in_time(desk: Any) -> None:
    desk.policies = PolicySet(TimeoutPolicy(remember_for=timedelta(days=30)))
    opened = desk.open(remember=True)
    desk.pass_time(days=1)
    desk.keeper.rotate(opened.cookie, reauthenticated=True, remember=False)
    desk.pass_time(minutes=15)
    assert desk.reaper.reap() == 1


def test_reaper_ends_what_it_must_whoever_else_it_meets(desk: Any) -> None:
    """Sessions of several accounts, in several buckets; some of them gone."""
    idle = [desk.open(Principal(account_id=f"account{number}")) for number in range(20)]
    desk.connection.client.delete(*(keys.session(opened.record.ref) for opened in idle[:5]))
    desk.pass_time(minutes=1)
    young = desk.open()
    desk.pass_time(minutes=14)
    assert desk.reaper.reap() == 15
    assert isinstance(desk.keeper.check(young.cookie), Active)
    assert [due_at(desk, opened.record) for opened in idle] == [None] * 20


@pytest.mark.proves("AZ4")
def test_changed_roles_make_a_session_due_at_once(desk: Any) -> None:
    opened = desk.open(desk.bob)
    desk.pass_time(minutes=5)
    desk.keeper.set_roles(desk.bob.account_id, ("admin",))
    assert due_at(desk, opened.record) == desk.clock.now()
    assert desk.reaper.reap() == 1


def test_changed_roles_never_put_off_a_session_that_is_due_already(desk: Any) -> None:
    opened = desk.open(desk.bob)
    desk.pass_time(minutes=16)
    desk.keeper.set_roles(desk.bob.account_id, ("reader",))
    assert due_at(desk, opened.record) == desk.clock.now() - timedelta(minutes=1)


def test_two_reapers_end_each_session_once(desk: Any) -> None:
    for number in range(100):
        desk.open(Principal(account_id=f"account{number}"))
    desk.pass_time(minutes=15)
    with ThreadPoolExecutor(2) as reapers:
        ended = sum(reapers.map(lambda reaper: reaper.reap(), (desk.reaper, replace(desk).reaper)))
    assert ended == 100
    assert len([event for event, _ in desk.events() if event == "session_expired"]) == 100


@pytest.mark.proves("AT4")
def test_sweep_after_a_shortened_policy_lets_the_reaper_find_what_has_ended(desk: Any) -> None:
    opened = [desk.open(Principal(account_id=f"account{number}")) for number in range(20)]
    desk.pass_time(minutes=6)
    young = desk.open()
    desk.policies = PolicySet(TimeoutPolicy(idle_timeout=timedelta(minutes=6)))
    assert desk.reaper.reap() == 0
    assert desk.sweep() == 21
    for session in (*opened, young):
        assert due_at(desk, session.record) == deadline(session.record, desk.policies)
    assert desk.reaper.reap() == 20
    assert isinstance(desk.keeper.check(young.cookie), Active)


def test_sweep_knows_who_is_remembered(desk: Any) -> None:
    desk.policies = PolicySet(TimeoutPolicy(remember_for=timedelta(days=20)))
    opened = desk.open(remember=True)
    desk.policies = PolicySet(TimeoutPolicy(remember_for=timedelta(days=10)))
    desk.reaper.sweep(opened.record.ref.bucket)
    assert due_at(desk, opened.record) == desk.clock.now() + timedelta(days=10)


def test_sweep_of_nothing_sees_nothing(desk: Any) -> None:
    assert desk.sweep() == 0


def test_sweep_never_brings_back_an_entry_of_a_session_that_is_gone(desk: Any) -> None:
    opened = desk.open()
    record = opened.record
    desk.keeper.end(record, Reason.LOGOUT)
    desk.schedule.reschedule([record.ref], {"": TimeoutPolicy()})
    assert due_at(desk, record) is None


def test_sweep_of_many_sessions_goes_in_batches(desk: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """20,000 sessions; those of one bucket are more than one batch, and seen all the same."""
    sessions = 20_000
    template = desk.open(Principal(account_id="bob000000001", roles=("reader", "editor"))).record
    redis = desk.connection.client
    fields = redis.hgetall(keys.session(template.ref))
    pipeline = redis.pipeline(transaction=False)
    for number in range(sessions - 1):
        bucket = keys.BUCKETS[number % 4] if number < 10_000 else keys.BUCKETS[number % 256]
        ref = replace(template.ref, bucket=bucket, session_id=f"session{number}")
        pipeline.hset(keys.session(ref), mapping=fields)
        pipeline.zadd(keys.due(bucket), {ref.session_id: 0})
        if number % 1000 == 998:
            pipeline.execute()
    desk.policies = PolicySet(TimeoutPolicy(), {"editor": Override(idle_timeout=timedelta(minutes=7))})
    began = time.perf_counter()
    seen = desk.sweep()
    seconds = time.perf_counter() - began
    with capsys.disabled():
        print(f"\nsweep: {sessions / seconds:,.0f} sessions/s")  # noqa: T201 - a figure to read, not a limit
    assert sessions <= seen <= sessions * 1.01  # ZSCAN may show one twice
    cursor, refs = desk.schedule.walk(keys.BUCKETS[0], 0, BATCH)
    assert cursor
    assert 0 < len(refs) <= 2 * BATCH
    end = template.created_at + timedelta(minutes=7)
    for bucket in keys.BUCKETS:
        assert {from_ms(score) for _, score in redis.zrange(keys.due(bucket), 0, -1, withscores=True)} <= {end}


def test_events_are_forgotten_only_after_they_were_kept(desk: Any) -> None:
    desk.open()
    desk.open(desk.bob)
    kept: list[DrainedEvent] = []

    def keep_nothing(events: Any) -> None:
        raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        desk.reaper.drain(keep_nothing)
    assert desk.reaper.drain(kept.extend) == 2
    assert {drained.event.account_id for drained in kept} == {desk.alice.account_id, desk.bob.account_id}
    assert desk.reaper.drain(kept.extend) == 0
    assert len(kept) == 2


def test_events_that_another_reaper_was_quicker_to_drain_are_no_trouble(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open()
    counted = desk.schedule.waiting_events()
    assert replace(desk).reaper.drain(lambda _: None) == 1
    monkeypatch.setattr(desk.schedule, "waiting_events", lambda: counted)
    assert desk.reaper.drain(lambda _: None) == 0


@pytest.mark.proves("LG2")
def test_each_event_has_an_id_of_its_own_for_ever_and_tells_all(desk: Any) -> None:
    kept: list[DrainedEvent] = []
    opened = []
    for _ in range(30):
        session = desk.open()
        opened.append(session)
        desk.reaper.drain(kept.extend)
    desk.pass_time(minutes=15)
    desk.reaper.reap()
    desk.reaper.drain(kept.extend)
    assert len({drained.id for drained in kept}) == len(kept) == 30 + 20 + 10
    assert kept[0].id.startswith(f"{opened[0].record.ref.bucket}-")
    last = kept[-1].event
    assert (last.event, last.details, last.at) == ("session_expired", {"reason": "idle"}, desk.clock.now())
    assert last.ref in {session.record.ref for session in opened}


def test_event_that_makes_no_sense_is_kept_as_it_is(desk: Any) -> None:
    kept: list[DrainedEvent] = []
    redis = desk.connection.client
    redis.xadd(keys.events("7f"), {"e": "{"}, id="1772452800000-5")
    redis.xadd(keys.events("7f"), {"x": "y"}, id="1772452800000-6")
    assert desk.reaper.drain(kept.extend) == 2
    assert desk.reaper.drain(kept.extend) == 0
    assert [(drained.id, drained.event) for drained in kept] == [
        (
            f"7f-1772452800000-{number}",
            SessionEvent(
                event=UNREADABLE,
                ref=SessionRef("7f", ""),
                account_id="",
                at=from_ms(1772452800000),
                details={"raw": raw},
            ),
        )
        for number, raw in ((5, "{b'e': b'{'}"), (6, "{b'x': b'y'}"))
    ]


def test_reaper_that_runs_out_of_time_leaves_the_rest_due(desk: Any) -> None:
    for number in range(5):
        desk.open(Principal(account_id=f"account{number}"))
    desk.pass_time(minutes=15)
    rounds = [desk.reaper.reap(is_over=lambda: True) for _ in range(6)]
    assert sum(rounds) == 5
    assert 0 < rounds[0] < 5


def test_events_are_kept_in_batches(desk: Any) -> None:
    opened = desk.open()
    for _ in range(3):
        desk.keeper.keep_alive(opened.cookie, CENTRAL, Cause.PROMPT)
    bucket = opened.record.ref.bucket
    assert desk.schedule.waiting_events() == {bucket: 4}
    first, second = desk.schedule.events(bucket, 2)
    desk.schedule.forget_events(bucket, [first[0], second[0]])
    assert [event.event for _, event in desk.schedule.events(bucket, 5)] == ["session_renewed"] * 2


def test_drain_begins_where_most_waits_and_leaves_the_rest_when_its_time_is_over(desk: Any) -> None:
    kept: list[DrainedEvent] = []
    for account, sessions in (("few", 1), ("many", 3), ("some", 2)):
        for _ in range(sessions):
            desk.open(Principal(account_id=account))
    rounds = [desk.reaper.drain(kept.extend, is_over=lambda: True) for _ in range(4)]
    assert rounds == [3, 2, 1, 0]
    assert [drained.event.account_id for drained in kept] == ["many"] * 3 + ["some"] * 2 + ["few"]


def test_reaper_that_has_nothing_to_do_asks_redis_once(desk: Any) -> None:
    desk.open()
    asked = []

    class Counting(type(desk.connection)):  # type: ignore[misc]
        def call(self, *args: Any, **options: Any) -> Any:
            asked.append(args)
            return super().call(*args, **options)

    idle = replace(desk, connection=Counting(desk.connection.client))
    assert idle.reaper.reap() == 0
    assert len(asked) == 1


def test_session_that_cannot_be_read_keeps_no_other_from_its_end(desk: Any, caplog: pytest.LogCaptureFixture) -> None:
    opened = [desk.open() for _ in range(3)]
    redis = desk.connection.client
    for record in (opened[0].record, opened[1].record):
        redis.hset(keys.session(record.ref), keys.ACTIVITY, "yesterday")
    other = desk.open(desk.bob)
    desk.pass_time(minutes=15)
    assert desk.reaper.reap() == 2
    assert not redis.exists(keys.session(opened[2].record.ref), keys.session(other.record.ref))
    assert sorted(record.args[0] for record in caplog.records) == sorted(
        session.record.ref.session_id for session in opened[:2]
    )
    redis.hset(keys.session(opened[0].record.ref), keys.ACTIVITY, 0)
    assert desk.reaper.reap() == 1


def test_many_that_are_due_but_alive_keep_no_end_waiting(desk: Any) -> None:
    """They were active since they were scheduled, and one bucket has more of them than one look takes."""
    template = desk.open().record
    redis = desk.connection.client
    fields = redis.hgetall(keys.session(template.ref)) | {
        keys.ACTIVITY: to_ms(desk.clock.now() + timedelta(minutes=14))
    }
    for number in range(2 * ENDS):
        ref = replace(template.ref, session_id=f"session{number}")
        redis.hset(keys.session(ref), mapping=fields)
        redis.zadd(keys.due(ref.bucket), {ref.session_id: 0})
    desk.pass_time(minutes=15)
    assert desk.reaper.reap() == 1
    assert not redis.exists(keys.session(template.ref))


def test_reaper_says_so_where_redis_is_away(desk: Any) -> None:
    away = desk.connection
    away._broken.set()
    with pytest.raises(StoreUnavailable):
        desk.reaper.reap()
    with pytest.raises(StoreUnavailable):
        desk.sweep()
