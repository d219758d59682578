"""What the one door promises: live, ended and why, final."""

from datetime import timedelta
from typing import Any

import pytest

from dvauth.sessions import keys
from dvauth.sessions.check import Active, Anonymous, Cause, Ended
from dvauth.sessions.record import Origin, Place, to_ms
from dvauth.timeouts.judge import Reason
from dvauth.timeouts.policy import Override, PolicySet, TimeoutPolicy


def test_fresh_session_is_active_everywhere(desk: Any) -> None:
    cookie = desk.open(desk.bob).cookie
    check = desk.keeper.check(cookie)
    assert isinstance(check, Active)
    assert check.record.account_id == desk.bob.account_id
    assert check.record.roles == ("editor",)
    assert check.verdict.expires_in == timedelta(minutes=15)
    assert isinstance(desk.keeper.check(cookie, desk.at_news), Active)


@pytest.mark.proves("TO1", "AT7", "CO11")
def test_idle_session_ends_at_exactly_the_idle_deadline(desk: Any) -> None:
    cookie = desk.open().cookie
    desk.pass_time(minutes=15, milliseconds=-1)
    assert isinstance(desk.keeper.check(cookie), Active)
    desk.pass_time(milliseconds=1)
    check = desk.keeper.check(cookie)
    assert isinstance(check, Ended)
    assert check.reason is Reason.IDLE
    again = desk.keeper.keep_alive(cookie, Place(), Cause.PROMPT)
    assert isinstance(again, Ended)
    assert again.reason is Reason.IDLE
    assert again.tombstone.idle_seconds == 900


@pytest.mark.proves("TO2")
def test_absolute_timeout_ends_a_session_that_was_always_active(desk: Any) -> None:
    opened = desk.open()
    cookie = opened.cookie
    for _ in range(24 * 6):
        desk.pass_time(minutes=10, milliseconds=-1)
        assert isinstance(desk.keeper.keep_alive(cookie, Place(), Cause.INPUT), Active)
    cookie = desk.keeper.rotate(cookie)
    desk.pass_time(seconds=1)
    check = desk.keeper.check(cookie)
    assert isinstance(check, Ended)
    assert check.reason is Reason.ABSOLUTE


@pytest.mark.proves("TO4", "CO19")
def test_activity_restarts_the_idle_clock_and_authentication_both(desk: Any) -> None:
    cookie = desk.open().cookie
    desk.pass_time(minutes=10)
    kept = desk.keeper.keep_alive(cookie, Place(), Cause.INPUT)
    assert kept.verdict.idle_remaining == timedelta(minutes=15)
    assert kept.verdict.absolute_remaining == timedelta(hours=24, minutes=-10)
    desk.pass_time(minutes=10)
    again = desk.keeper.check(desk.keeper.rotate(cookie, reauthenticated=True))
    assert again.verdict.idle_remaining == timedelta(minutes=15)
    assert again.verdict.absolute_remaining == timedelta(hours=24)


@pytest.mark.proves("TO5", "CO1", "CO2")
def test_checks_without_activity_extend_nothing(desk: Any) -> None:
    cookie = desk.open().cookie
    for _ in range(15 * 60):
        desk.pass_time(seconds=1)
        check = desk.keeper.check(cookie)
    assert isinstance(check, Ended)


def test_activity_far_from_the_end_is_written_at_most_every_ten_seconds(desk: Any) -> None:
    cookie = desk.open().cookie
    desk.pass_time(seconds=9)
    desk.keeper.check(cookie, activity=True)
    assert desk.keeper.check(cookie).verdict.idle_remaining == timedelta(minutes=15, seconds=-9)
    desk.pass_time(seconds=1)
    desk.keeper.check(cookie, activity=True)
    assert desk.keeper.check(cookie).verdict.idle_remaining == timedelta(minutes=15)


@pytest.mark.proves("CO11")
def test_near_the_end_every_activity_is_written(desk: Any) -> None:
    cookie = desk.open().cookie
    desk.pass_time(minutes=13)
    desk.keeper.check(cookie, activity=True)
    desk.policies = PolicySet(TimeoutPolicy(idle_timeout=timedelta(seconds=100)))
    desk.pass_time(seconds=1)
    desk.keeper.check(cookie, activity=True)
    assert desk.keeper.check(cookie).verdict.idle_remaining == timedelta(seconds=100)


@pytest.mark.proves("CO29")
def test_late_report_of_old_input_never_moves_time_backwards(desk: Any) -> None:
    cookie = desk.open().cookie
    desk.pass_time(minutes=5)
    desk.keeper.keep_alive(cookie, Place(), Cause.INPUT)
    kept = desk.keeper.keep_alive(cookie, Place(), Cause.INPUT, timedelta(minutes=4))
    assert kept.verdict.idle_remaining == timedelta(minutes=15)


def test_input_is_credited_for_the_moment_it_happened(desk: Any) -> None:
    cookie = desk.open().cookie
    desk.pass_time(minutes=10)
    kept = desk.keeper.keep_alive(cookie, Place(), Cause.INPUT, timedelta(minutes=4))
    assert kept.verdict.idle_remaining == timedelta(minutes=11)


def test_input_credited_at_a_portal_is_the_input_there_not_elsewhere(desk: Any) -> None:
    cookie = desk.open().cookie
    desk.keeper.keep_alive(cookie, desk.at_bank, Cause.INPUT)
    desk.pass_time(minutes=2, seconds=50)
    desk.keeper.keep_alive(cookie, desk.at_news, Cause.INPUT)
    kept = desk.keeper.keep_alive(cookie, desk.at_bank, Cause.INPUT, timedelta(minutes=2))
    assert kept.verdict.portal_remaining == timedelta(minutes=1)
    assert kept.verdict.idle_remaining == timedelta(minutes=15)


@pytest.mark.proves("AT4", "CO13")
def test_changed_policy_judges_sessions_that_already_exist(desk: Any) -> None:
    cookie = desk.open().cookie
    desk.pass_time(minutes=6)
    desk.policies = PolicySet(TimeoutPolicy(idle_timeout=timedelta(minutes=20)))
    assert desk.keeper.check(cookie).verdict.idle_remaining == timedelta(minutes=14)
    desk.policies = PolicySet(TimeoutPolicy(idle_timeout=timedelta(minutes=6)))
    assert isinstance(desk.keeper.check(cookie), Ended)


def test_lengthened_timeout_never_reopens_what_has_ended(desk: Any) -> None:
    cookie = desk.open().cookie
    desk.pass_time(minutes=15)
    assert isinstance(desk.keeper.check(cookie), Ended)
    desk.policies = PolicySet(TimeoutPolicy(idle_timeout=timedelta(hours=2)))
    assert isinstance(desk.keeper.check(cookie), Ended)
    assert isinstance(desk.keeper.keep_alive(cookie, Place(), Cause.PROMPT), Ended)


@pytest.mark.proves("TO15", "CO10")
def test_portals_own_idle_timeout_ends_the_session_there_alone(desk: Any) -> None:
    cookie = desk.open().cookie
    desk.keeper.check(cookie, desk.at_bank, activity=True)
    desk.pass_time(minutes=3)
    at_bank = desk.keeper.check(cookie, desk.at_bank)
    assert isinstance(at_bank, Ended)
    assert at_bank.reason is Reason.PORTAL_IDLE
    assert isinstance(desk.keeper.check(cookie, desk.at_news), Active)


def test_end_at_a_portal_is_final_until_the_person_authenticates_again(desk: Any) -> None:
    cookie = desk.open().cookie
    desk.pass_time(minutes=3)
    assert isinstance(desk.keeper.check(cookie, desk.at_bank), Ended)
    desk.keeper.keep_alive(cookie, desk.at_news, Cause.PROMPT)
    desk.policies = PolicySet(TimeoutPolicy(), {}, {"bank": Override(idle_timeout=timedelta(minutes=10))})
    assert isinstance(desk.keeper.check(cookie, desk.at_bank), Ended)
    assert isinstance(desk.keeper.keep_alive(cookie, desk.at_bank, Cause.PROMPT), Ended)
    desk.pass_time(seconds=1)
    cookie = desk.keeper.rotate(cookie, reauthenticated=True)
    check = desk.keeper.check(cookie, desk.at_bank)
    assert check.verdict.portal_remaining == timedelta(minutes=10)


def test_portals_own_absolute_timeout_ends_the_session_there_alone(desk: Any) -> None:
    desk.policies = PolicySet(TimeoutPolicy(), {}, {"bank": Override(absolute_timeout=timedelta(minutes=15))})
    cookie = desk.open().cookie
    desk.pass_time(minutes=14)
    desk.keeper.keep_alive(cookie, desk.at_bank, Cause.INPUT)
    desk.pass_time(minutes=1)
    at_bank = desk.keeper.check(cookie, desk.at_bank)
    assert isinstance(at_bank, Ended)
    assert at_bank.reason is Reason.ABSOLUTE
    assert isinstance(desk.keeper.check(cookie), Active)


def test_strictest_role_wins(desk: Any) -> None:
    cookie = desk.open(desk.charlie).cookie
    desk.pass_time(minutes=5)
    assert isinstance(desk.keeper.check(cookie), Ended)


@pytest.mark.proves("SM2")
def test_changed_sign_or_unknown_session_is_nobody(desk: Any) -> None:
    opened = desk.open()
    for position in (0, 5, 30, len(opened.cookie) - 1):
        sign = "a" if opened.cookie[position] != "a" else "b"
        forged = opened.cookie[:position] + sign + opened.cookie[position + 1 :]
        assert isinstance(desk.keeper.check(forged), Anonymous)
    desk.connection.client.delete(f"dvauth:{{{opened.record.ref.bucket}}}:session:{opened.record.ref.session_id}")
    assert isinstance(desk.keeper.check(opened.cookie), Anonymous)


@pytest.mark.proves("SM3")
def test_rotation_makes_the_old_secret_worthless(desk: Any) -> None:
    old = desk.open().cookie
    new = desk.keeper.rotate(old)
    assert new != old
    assert isinstance(desk.keeper.check(old), Anonymous)
    assert isinstance(desk.keeper.check(new), Active)
    assert desk.keeper.rotate(old) is None


@pytest.mark.proves("TE1")
def test_logout_is_final(desk: Any) -> None:
    opened = desk.open()
    assert desk.keeper.end(opened.record, Reason.LOGOUT)
    assert not desk.keeper.end(opened.record, Reason.LOGOUT)
    check = desk.keeper.check(opened.cookie)
    assert isinstance(check, Ended)
    assert check.reason is Reason.LOGOUT
    assert desk.keeper.rotate(opened.cookie) is None
    assert desk.attach(opened.cookie, desk.news) is None


@pytest.mark.proves("TE2", "AT5")
def test_end_all_ends_every_session_of_the_account_and_no_other(desk: Any) -> None:
    mine, others = [desk.open() for _ in range(3)], desk.open(desk.bob)
    assert len(desk.keeper.end_all(desk.alice.account_id, Reason.ACCOUNT_DISABLED)) == 3
    for opened in mine:
        check = desk.keeper.check(opened.cookie)
        assert isinstance(check, Ended)
        assert check.reason is Reason.ACCOUNT_DISABLED
    assert isinstance(desk.keeper.check(others.cookie), Active)


@pytest.mark.proves("TE3")
def test_end_all_may_keep_the_one_at_hand(desk: Any) -> None:
    first, second = desk.open(), desk.open()
    kept = first.record.ref.session_id
    assert desk.keeper.end_all(desk.alice.account_id, Reason.PASSWORD_CHANGED, keep=kept) == [
        second.record.ref.session_id
    ]
    assert isinstance(desk.keeper.check(first.cookie), Active)
    assert isinstance(desk.keeper.check(second.cookie), Ended)


def test_end_all_may_spare_what_was_opened_later(desk: Any) -> None:
    old, instant = desk.open(), desk.clock.now()
    desk.pass_time(milliseconds=1)
    new = desk.open()
    ended = desk.keeper.end_all(desk.alice.account_id, Reason.PASSWORD_CHANGED, opened_until=instant)
    assert ended == [old.record.ref.session_id]
    assert isinstance(desk.keeper.check(new.cookie), Active)


@pytest.mark.proves("SM10", "CO17")
def test_over_the_limit_the_least_recently_active_session_makes_room(desk: Any) -> None:
    desk.policies = PolicySet(TimeoutPolicy(max_sessions=2))
    first, second = desk.open(), desk.open()
    desk.pass_time(minutes=1)
    desk.keeper.keep_alive(first.cookie, Place(), Cause.INPUT)
    third = desk.open()
    assert third.evicted == [second.record.ref.session_id]
    check = desk.keeper.check(second.cookie)
    assert isinstance(check, Ended)
    assert check.reason is Reason.EVICTED
    assert isinstance(desk.keeper.check(first.cookie), Active)
    assert isinstance(desk.keeper.check(third.cookie), Active)


def test_session_that_is_over_is_told_why_and_not_that_it_made_room(desk: Any) -> None:
    desk.policies = PolicySet(TimeoutPolicy(max_sessions=1))
    old = desk.open()
    desk.pass_time(minutes=16)
    assert desk.open().evicted == []
    assert desk.keeper.check(old.cookie).reason is Reason.IDLE


@pytest.mark.proves("AZ4")
def test_changed_roles_reach_live_sessions_and_ask_for_a_new_secret(desk: Any) -> None:
    cookie = desk.open(desk.bob).cookie
    desk.keeper.set_roles(desk.bob.account_id, ("admin",))
    check = desk.keeper.check(cookie)
    assert check.record.roles == ("admin",)
    assert check.record.rotation_due
    assert check.verdict.idle_remaining == timedelta(minutes=5)
    assert not desk.keeper.check(desk.keeper.rotate(cookie)).record.rotation_due


def test_portals_host_has_a_secret_of_its_own_that_opens_nothing_else(desk: Any) -> None:
    opened = desk.open()
    portals = desk.attach(opened.cookie, desk.news)
    assert isinstance(desk.keeper.check(portals, Place(desk.news, own_host=True)), Active)
    assert isinstance(desk.keeper.check(portals), Anonymous)
    assert isinstance(desk.keeper.check(portals, Place(desk.bank, own_host=True)), Anonymous)
    assert isinstance(desk.keeper.check(opened.cookie, Place(desk.news, own_host=True)), Anonymous)
    assert desk.keeper.rotate(portals) is None


@pytest.mark.proves("SM3")
@pytest.mark.parametrize("reauthenticated", [True, False])
def test_rotation_makes_the_portals_secrets_worthless_too(desk: Any, reauthenticated: bool) -> None:
    opened, at_its_host = desk.open(), Place(desk.news, own_host=True)
    stolen = desk.attach(opened.cookie, desk.news)
    cookie = desk.keeper.rotate(opened.cookie, reauthenticated=reauthenticated)
    assert isinstance(desk.keeper.check(stolen, at_its_host), Anonymous)
    assert isinstance(desk.keeper.check(desk.attach(cookie, desk.news), at_its_host), Active)


def test_remembered_session_lives_by_its_own_limit_while_the_policy_allows_it(desk: Any) -> None:
    desk.policies = PolicySet(TimeoutPolicy(remember_for=timedelta(days=30)))
    cookie = desk.open(remember=True).cookie
    desk.pass_time(days=29)
    assert isinstance(desk.keeper.check(cookie), Active)
    desk.policies = PolicySet(TimeoutPolicy())
    assert isinstance(desk.keeper.check(cookie), Ended)


def test_end_of_a_remembered_session_tells_how_long_it_could_idle(desk: Any) -> None:
    desk.policies = PolicySet(TimeoutPolicy(remember_for=timedelta(days=30)))
    cookie = desk.open(remember=True).cookie
    desk.pass_time(days=30)
    check = desk.keeper.check(cookie)
    assert isinstance(check, Ended)
    assert check.reason is Reason.IDLE
    assert check.tombstone.idle_seconds == 30 * 86_400


@pytest.mark.proves("CO6")
def test_list_shows_live_sessions_the_most_recently_active_first(desk: Any) -> None:
    first, second = desk.open(), desk.open()
    desk.pass_time(minutes=14)
    desk.keeper.keep_alive(first.cookie, Place(), Cause.INPUT)
    assert [record.ref for record in desk.keeper.sessions_of(desk.alice.account_id)] == [
        first.record.ref,
        second.record.ref,
    ]
    desk.pass_time(minutes=2)
    assert [record.ref for record in desk.keeper.sessions_of(desk.alice.account_id)] == [first.record.ref]


@pytest.mark.proves("LG2")
def test_life_of_a_session_is_told_in_events(desk: Any) -> None:
    opened = desk.open()
    desk.pass_time(minutes=14, seconds=30)
    desk.keeper.keep_alive(opened.cookie, desk.at_news, Cause.PROMPT)
    desk.pass_time(minutes=1)
    desk.keeper.keep_alive(opened.cookie, Place(), Cause.INPUT)
    desk.pass_time(minutes=15)
    desk.keeper.check(opened.cookie)
    desk.keeper.check(opened.cookie)
    assert desk.events() == [
        ("session_created", {}),
        ("session_renewed", {"portal": "news"}),
        ("session_expired", {"reason": "idle"}),
    ]


def test_login_is_told_with_where_it_came_from(desk: Any) -> None:
    desk.open(origin=Origin(address="192.0.2.7", user_agent="Firefox · Windows"), portal=desk.news)
    told = {"portal": "news", "address": "192.0.2.7", "device": "Firefox · Windows"}
    assert desk.events() == [("session_created", told)]


@pytest.mark.proves("TE4")
def test_sessions_of_many_people_are_ended_and_journalled(desk: Any) -> None:
    ended, living = [desk.open(person) for person in (desk.alice, desk.bob)], desk.open(desk.charlie)
    desk.keeper.end(ended[0].record, Reason.LOGOUT)
    assert desk.keeper.end_many([opened.record for opened in ended], Reason.REVOKED) == 1
    assert [desk.keeper.check(opened.cookie).reason for opened in ended] == [Reason.LOGOUT, Reason.REVOKED]
    assert {ending.ref for ending in desk.journal} == {opened.record.ref for opened in ended}
    refs = [opened.record.ref for opened in (*ended, living)]
    assert [record.ref for record in desk.keeper.live(refs)] == [living.record.ref]
    desk.pass_time(minutes=5)
    assert not desk.keeper.live(refs)


def test_deliberate_ends_are_told_to_the_journal(desk: Any) -> None:
    opened = desk.open()
    desk.keeper.end(opened.record, Reason.LOGOUT)
    assert [(end.ref, end.details["reason"]) for end in desk.journal] == [(opened.record.ref, Reason.LOGOUT)]


@pytest.mark.proves("AT6")
def test_what_had_ended_is_ended_again_in_a_redis_that_forgot_it(desk: Any) -> None:
    forgotten, living = desk.open(), desk.open()
    assert desk.late_ends.repeat([forgotten.record.ref], Reason.LOGOUT) == 1
    check = desk.keeper.check(forgotten.cookie)
    assert isinstance(check, Ended)
    assert check.reason is Reason.LOGOUT
    assert isinstance(desk.keeper.check(living.cookie), Active)
    assert desk.late_ends.repeat([forgotten.record.ref], Reason.LOGOUT) == 0


@pytest.mark.proves("AT17", "CO30")
def test_anonymous_visitors_cost_no_key(desk: Any) -> None:
    for cookie in (None, "", "x", "ab.cd.ef", "a" * 8192, "\x00", "Phiên"):
        assert isinstance(desk.keeper.check(cookie, activity=True), Anonymous)
    assert desk.connection.client.dbsize() == 0


def test_time_since_login_starts_anew_when_somebody_authenticates_again(desk: Any) -> None:
    opened = desk.open()
    desk.pass_time(minutes=10)
    assert desk.keeper.time_since_login(opened.record) == timedelta(minutes=10)
    cookie = desk.keeper.rotate(opened.cookie, reauthenticated=True)
    again = desk.keeper.check(cookie)
    assert desk.keeper.time_since_login(again.record) == timedelta(0)


def test_whoever_is_remembered_no_longer_is_due_an_idle_timeout_after_authenticating_again(desk: Any) -> None:
    desk.policies = PolicySet(TimeoutPolicy(remember_for=timedelta(days=30)), {}, {})
    opened = desk.open(remember=True)
    desk.pass_time(minutes=10)
    desk.keeper.rotate(opened.cookie, reauthenticated=True, remember=False)
    ref = opened.record.ref
    due = desk.connection.client.zscore(keys.due(ref.bucket), ref.session_id)
    assert due == to_ms(desk.clock.now() + timedelta(minutes=15))
