"""What is known about a session comes back from Redis as it was written, and tells who asks what happened."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvauth.sessions import keys
from dvauth.sessions.check import Active, Cause, Ended
from dvauth.sessions.keys import bucket_of
from dvauth.sessions.record import (
    CENTRAL,
    Origin,
    Place,
    Principal,
    SessionEvent,
    SessionRef,
    Tombstone,
    from_ms,
    to_ms,
)
from dvauth.timeouts.judge import Reason
from dvauth.timeouts.policy import PolicySet, TimeoutPolicy

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NOON_MS = 1772452800000
REF = SessionRef("7f", "p7QxAbCdEfGhIjKl")


@given(st.integers(0, 7_000_000_000_000))
def test_instants_are_milliseconds_and_round_trip(ms: int) -> None:
    assert to_ms(from_ms(ms)) == ms


def test_instants_are_aware_and_count_from_1970() -> None:
    assert to_ms(NOON) == NOON_MS
    assert from_ms(NOON_MS) == NOON
    assert from_ms(NOON_MS).tzinfo is UTC


def test_seq_tells_milliseconds_from_opening_to_the_last_activity(desk: Any) -> None:
    opened = desk.open()
    assert opened.record.seq == 0
    desk.pass_time(minutes=1, milliseconds=5)
    desk.keeper.keep_alive(opened.cookie, CENTRAL, Cause.INPUT)
    assert desk.keeper.check(opened.cookie).record.seq == 60_005


@pytest.mark.parametrize(
    "principal",
    [
        Principal(account_id="alice0000001"),
        Principal(account_id="alice0000001", roles=("reader", "editor"), methods=("password", "totp")),
        Principal(account_id="alice0000001", roles=("reader",), methods=()),
    ],
)
@pytest.mark.parametrize("origin", [None, Origin(address="2001:db8::1", user_agent="Firefox trên Linux")])
@pytest.mark.parametrize("at_portal", [True, False])
@pytest.mark.parametrize("remember", [True, False])
def test_list_tells_all_that_is_known_about_a_session(
    desk: Any, principal: Principal, origin: Origin | None, at_portal: bool, remember: bool
) -> None:
    opened = desk.open(principal, origin=origin, portal=desk.news if at_portal else None, remember=remember)
    assert desk.keeper.sessions_of("alice0000001") == [opened.record]
    assert opened.record.origin.portal_id == (1 if at_portal else None)
    assert opened.record.methods == principal.methods


def test_long_user_agent_is_cut_to_64_bytes_between_two_signs(desk: Any) -> None:
    opened = desk.open(origin=Origin(user_agent="ệ" * 40))
    assert opened.record.origin.user_agent == "ệ" * 21
    assert desk.keeper.sessions_of(desk.alice.account_id) == [opened.record]


def test_session_holds_only_fields_that_have_a_name(desk: Any) -> None:
    opened = desk.open(desk.bob, portal=desk.news)
    desk.keeper.keep_alive(opened.cookie, CENTRAL, Cause.INPUT)
    desk.keeper.keep_alive(opened.cookie, desk.at_bank, Cause.INPUT)
    desk.attach(opened.cookie, desk.news)
    held = {name.decode() for name in desk.connection.client.hkeys(keys.session(opened.record.ref))}
    assert held == {"s", "s1", "a", "r", "m", "c", "f", "t", "t2", "o"}


def test_buckets_never_change() -> None:
    """An account's sessions would be lost sight of."""
    assert bucket_of("alice0000001") == "df"
    assert bucket_of("tài-khoản") == "4f"


@pytest.mark.parametrize("reason", list(Reason))
def test_tombstones_round_trip(reason: Reason) -> None:
    tombstone = Tombstone(reason=reason, account_id="alice0000001", ended_at=NOON, idle_seconds=900)
    assert Tombstone.from_json(tombstone.to_json().encode()) == tombstone


def test_events_are_compact_and_round_trip() -> None:
    event = SessionEvent(
        event="session_expired", ref=REF, account_id="alice0000001", at=NOON, details={"reason": "idle"}
    )
    assert event.to_json() == (
        '{"event":"session_expired","session":"p7QxAbCdEfGhIjKl","account":"alice0000001",'
        f'"at":{NOON_MS},"reason":"idle"}}'
    )
    assert SessionEvent.from_json("7f", event.to_json().encode()) == event
    assert json.loads(event.to_json())["at"] == NOON_MS


def test_the_end_that_somebody_willed_says_until_when_to_repeat_it() -> None:
    event = SessionEvent(
        event="session_logout",
        ref=REF,
        account_id="alice0000001",
        at=NOON,
        details={"reason": "logout"},
        forget_after=NOON + timedelta(days=30, minutes=10),
    )
    assert SessionEvent.from_json("7f", event.to_json().encode()) == event


def test_end_is_told_with_all_that_is_known_of_it(desk: Any) -> None:
    opened = desk.open()
    desk.pass_time(minutes=15)
    first = desk.keeper.check(opened.cookie, desk.at_news)
    expected = Tombstone(
        reason=Reason.IDLE, account_id=desk.alice.account_id, ended_at=desk.clock.now(), idle_seconds=900
    )
    assert first == Ended(Reason.IDLE, opened.record.ref, expected)
    desk.policies = PolicySet(TimeoutPolicy(idle_timeout=timedelta(hours=1)))
    assert desk.keeper.check(opened.cookie) == Ended(Reason.IDLE, opened.record.ref, expected, replayed=True)


def test_first_use_of_an_ended_sessions_cookie_is_told_from_the_others(desk: Any) -> None:
    ended, other = (Ended(Reason.REVOKED, desk.open().record.ref) for _ in range(2))
    given_back = replace(ended, given_back=True)
    for one in (ended, other, given_back):
        assert desk.keeper.is_first_replay(one)
        assert not desk.keeper.is_first_replay(one)
        left = desk.connection.client.pttl(keys.replayed(one.ref, given_back=one.given_back))
        assert 595_000 < left <= 600_000


def test_cookie_that_was_given_back_is_told_from_another_of_its_session(desk: Any) -> None:
    opened = desk.open()
    portals = desk.attach(opened.cookie, desk.news)
    desk.keeper.end(opened.record, Reason.LOGOUT, given_back=opened.cookie)
    assert desk.keeper.check(opened.cookie).given_back
    assert not desk.keeper.check(portals, Place(desk.news, own_host=True)).given_back


def test_tombstone_of_the_version_before_is_read() -> None:
    raw = b'["logout","alice0000001",%d,900]' % NOON_MS
    assert Tombstone.from_json(raw) == Tombstone(Reason.LOGOUT, "alice0000001", NOON, 900)


def test_end_at_a_portal_is_told_with_the_session_that_lives_on_and_as_an_event_once(desk: Any) -> None:
    opened = desk.open()
    desk.pass_time(minutes=3)
    for _ in range(2):
        check = desk.keeper.check(opened.cookie, desk.at_bank)
        assert (check.reason, check.ref, check.tombstone) == (Reason.PORTAL_IDLE, opened.record.ref, None)
        assert check.record.ref == opened.record.ref
        assert not check.replayed
        desk.pass_time(seconds=1)
    assert desk.events() == [
        ("session_created", {}),
        ("session_expired", {"reason": "portal-idle", "portal": "bank"}),
    ]


def test_activity_counts_again_at_a_portal_after_the_person_authenticated_again(desk: Any) -> None:
    opened = desk.open()
    desk.pass_time(minutes=3)
    desk.keeper.check(opened.cookie, desk.at_bank)
    desk.pass_time(seconds=1)
    cookie = desk.keeper.rotate(opened.cookie, reauthenticated=True)
    desk.pass_time(minutes=2)
    kept = desk.keeper.keep_alive(cookie, desk.at_bank, Cause.INPUT, timedelta(minutes=5))
    assert kept.verdict.portal_remaining == timedelta(minutes=1)
    kept = desk.keeper.keep_alive(cookie, desk.at_bank, Cause.INPUT)
    assert kept.verdict.portal_remaining == timedelta(minutes=3)


def test_end_at_a_portal_in_the_moment_of_authentication_is_told_once(desk: Any) -> None:
    opened = desk.open()
    desk.pass_time(minutes=3)
    desk.keeper.check(opened.cookie, desk.at_bank)
    cookie = desk.keeper.rotate(opened.cookie, reauthenticated=True)
    for _ in range(2):
        assert isinstance(desk.keeper.check(cookie, desk.at_bank), Ended)
    assert len(desk.events()) == 2


@pytest.mark.proves("LG2")
@pytest.mark.parametrize(("reason", "event"), [(Reason.LOGOUT, "session_logout"), (Reason.REVOKED, "session_expired")])
def test_logout_is_an_event_of_its_own(desk: Any, reason: Reason, event: str) -> None:
    desk.keeper.end(desk.open().record, reason)
    assert sorted(desk.events()) == [("session_created", {}), (event, {"reason": reason})]


def test_journal_is_told_until_when_to_remember_an_end(desk: Any) -> None:
    desk.keeper.end(desk.open().record, Reason.REVOKED)
    (end,) = desk.journal
    assert end.forget_after == desk.clock.now() + timedelta(days=30, minutes=10)


@pytest.mark.proves("AT6")
def test_ends_of_several_accounts_are_repeated_together(desk: Any) -> None:
    opened = [desk.open(), desk.open(desk.bob), desk.open(desk.charlie)]
    assert desk.late_ends.repeat([session.record.ref for session in opened], Reason.REVOKED) == 3
    assert all(isinstance(desk.keeper.check(session.cookie), Ended) for session in opened)


def test_activity_at_a_portal_is_written_although_there_is_younger_activity_elsewhere(desk: Any) -> None:
    opened = desk.open()
    desk.pass_time(seconds=5)
    check = desk.keeper.check(opened.cookie, desk.at_bank, activity=True)
    assert check.record.portals["bank"].at == desk.clock.now()
    assert isinstance(desk.keeper.check(opened.cookie, Place(desk.bank)), Active)


def test_rotation_leaves_the_clocks_alone(desk: Any) -> None:
    opened = desk.open()
    desk.pass_time(minutes=5)
    desk.keeper.keep_alive(opened.cookie, CENTRAL, Cause.INPUT)
    check = desk.keeper.check(desk.keeper.rotate(opened.cookie))
    assert check.verdict.idle_remaining == timedelta(minutes=15)
    assert check.verdict.absolute_remaining == timedelta(hours=23, minutes=55)


def test_whoever_authenticates_again_without_a_choice_stays_remembered(desk: Any) -> None:
    opened = desk.open(remember=True)
    assert desk.keeper.check(desk.keeper.rotate(opened.cookie, reauthenticated=True)).record.remember


@pytest.mark.proves("TE1")
def test_late_logout_ends_what_its_cookie_still_opens_at_the_centre_or_at_a_portal(desk: Any) -> None:
    central, at_portal, rotated, untouched = (desk.open() for _ in range(4))
    desk.keeper.rotate(rotated.cookie)
    cookies = (central.cookie, desk.attach(at_portal.cookie, desk.news), rotated.cookie)
    shown = [desk.signer.read(cookie) for cookie in cookies]
    assert desk.late_ends.end_presented(shown, Reason.LOGOUT) == 2
    assert desk.late_ends.end_presented(shown, Reason.LOGOUT) == 0
    alive = {record.ref for record in desk.keeper.sessions_of(desk.alice.account_id)}
    assert alive == {rotated.record.ref, untouched.record.ref}
    assert desk.keeper.check(central.cookie).reason is Reason.LOGOUT


def test_only_its_account_is_told_that_a_session_has_ended(desk: Any) -> None:
    same_bucket = next(name for name in map(str, range(10_000)) if bucket_of(name) == bucket_of("alice0000001"))
    opened = desk.open()
    session_id = opened.record.ref.session_id
    assert not desk.keeper.has_ended("alice0000001", session_id)
    desk.keeper.end(opened.record, Reason.REVOKED)
    assert desk.keeper.has_ended("alice0000001", session_id)
    assert not desk.keeper.has_ended(same_bucket, session_id)
    assert not desk.keeper.has_ended("alice0000001", "never-was-one")
