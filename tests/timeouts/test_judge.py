"""The one judge: by tables for what people would say, by properties for all the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dvauth.timeouts.judge import (
    PortalVisit,
    Reason,
    deadline,
    has_ended_at,
    is_worth_writing,
    judge,
    last_activity_at_portal,
)
from dvauth.timeouts.policy import Override, PolicySet, TimeoutPolicy

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
MS = timedelta(milliseconds=1)
NOTHING = timedelta(0)

# Idle 15 minutes, absolute 24 hours; editors idle 5 minutes; the bank allows 3 idle minutes and the archive an hour.
POLICIES = PolicySet(
    TimeoutPolicy(remember_for=30 * DAY),
    {"editor": Override(idle_timeout=5 * MINUTE)},
    {
        "bank": Override(idle_timeout=3 * MINUTE),
        "archive": Override(absolute_timeout=HOUR),
        "vault": Override(idle_timeout=2 * MINUTE, absolute_timeout=15 * MINUTE, warn_before=30 * SECOND),
    },
)


@dataclass(frozen=True)
class Session:
    """A timeline made by hand; what is not said happened at the start."""

    roles: tuple[str, ...] = ()
    authenticated_at: datetime = START
    last_activity_at: datetime = START
    remember: bool = False
    portals: Mapping[str, PortalVisit] = field(default_factory=dict)


def active_at(moment: timedelta, **options: Any) -> Session:
    return Session(last_activity_at=START + moment, **options)


@pytest.mark.parametrize(
    ("session", "portal", "lives_for", "reason", "at_portal"),
    [
        (Session(), None, 15 * MINUTE, Reason.IDLE, False),
        (active_at(4 * MINUTE), None, 19 * MINUTE, Reason.IDLE, False),
        (active_at(23.75 * HOUR), None, DAY, Reason.IDLE, False),  # both at once
        (active_at(23.9 * HOUR), None, DAY, Reason.ABSOLUTE, False),
        (Session(roles=("editor",)), None, 5 * MINUTE, Reason.IDLE, False),
        (Session(roles=("reader", "editor")), None, 5 * MINUTE, Reason.IDLE, False),
        (Session(), "news", 15 * MINUTE, Reason.IDLE, False),
        (Session(), "bank", 3 * MINUTE, Reason.PORTAL_IDLE, True),
        (active_at(10 * MINUTE), "bank", 13 * MINUTE, Reason.PORTAL_IDLE, True),
        (
            active_at(10 * MINUTE, portals={"bank": PortalVisit(START + MINUTE)}),
            "bank",
            4 * MINUTE,
            Reason.PORTAL_IDLE,
            True,
        ),
        (active_at(50 * MINUTE), "archive", HOUR, Reason.ABSOLUTE, True),
        (active_at(50 * MINUTE), "news", 65 * MINUTE, Reason.IDLE, False),
        (active_at(14 * MINUTE), "vault", 15 * MINUTE, Reason.ABSOLUTE, True),
        (active_at(12 * MINUTE), "vault", 14 * MINUTE, Reason.PORTAL_IDLE, True),
        (Session(remember=True), None, 30 * DAY, Reason.IDLE, False),  # both at once
        (active_at(DAY, remember=True), None, 30 * DAY, Reason.ABSOLUTE, False),
        (Session(remember=True, roles=("editor",)), None, 5 * MINUTE, Reason.IDLE, False),
        (Session(remember=True), "bank", 3 * MINUTE, Reason.PORTAL_IDLE, True),
    ],
)
@pytest.mark.proves("TO1", "TO2", "AT7", "CO11")
def test_session_is_active_until_and_ended_at_exactly_its_deadline(
    session: Session,
    portal: str | None,
    lives_for: timedelta,
    reason: Reason,
    at_portal: bool,
) -> None:
    before = judge(session, POLICIES, portal, START + lives_for - MS)
    assert before.active
    assert before.reason is None
    assert not before.at_portal
    assert before.expires_in == MS
    after = judge(session, POLICIES, portal, START + lives_for)
    assert not after.active
    assert after.reason is reason
    assert after.at_portal is at_portal
    assert after.expires_in == NOTHING
    assert after.policy == before.policy


@pytest.mark.parametrize(
    ("session", "portal", "at", "reason", "at_portal"),
    [
        (Session(), None, 2 * DAY, Reason.IDLE, False),  # long past both limits, and idle first
        (active_at(23.9 * HOUR), None, 2 * DAY, Reason.ABSOLUTE, False),
        (Session(), "bank", 15 * MINUTE, Reason.IDLE, False),  # at the bank first, but everywhere is more
        (Session(), "vault", 15 * MINUTE, Reason.IDLE, False),
        (active_at(12 * MINUTE), "vault", 15 * MINUTE, Reason.PORTAL_IDLE, True),
        (active_at(14 * MINUTE), "vault", 17 * MINUTE, Reason.ABSOLUTE, True),
        (active_at(0.9 * DAY), "archive", DAY, Reason.IDLE, False),
        (active_at(DAY - MINUTE), "archive", DAY, Reason.ABSOLUTE, False),
    ],
)
def test_of_several_ends_the_one_that_ends_most_is_told_and_of_those_the_first(
    session: Session,
    portal: str | None,
    at: timedelta,
    reason: Reason,
    at_portal: bool,
) -> None:
    verdict = judge(session, POLICIES, portal, START + at)
    assert (verdict.reason, verdict.at_portal) == (reason, at_portal)


@pytest.mark.parametrize("ended", [Reason.PORTAL_IDLE, Reason.ABSOLUTE])
@pytest.mark.parametrize("portal", ["bank", "news"])
def test_end_at_a_portal_is_final_until_the_person_authenticates_again(ended: Reason, portal: str) -> None:
    session = active_at(5 * MINUTE, portals={portal: PortalVisit(START + 3 * MINUTE, ended)})
    verdict = judge(session, POLICIES, portal, START + 5 * MINUTE)
    assert (verdict.reason, verdict.at_portal) == (ended, True)
    assert judge(session, POLICIES, None, START + 5 * MINUTE).active
    assert judge(session, POLICIES, "archive", START + 5 * MINUTE).active
    at_that_moment = replace(session, authenticated_at=START + 3 * MINUTE)
    assert not judge(at_that_moment, POLICIES, portal, START + 5 * MINUTE).active
    again = replace(session, authenticated_at=START + 3 * MINUTE + MS)
    assert judge(again, POLICIES, portal, START + 5 * MINUTE).active


def test_former_end_at_a_portal_is_told_before_a_new_one() -> None:
    session = active_at(5 * MINUTE, portals={"vault": PortalVisit(START, Reason.ABSOLUTE)})
    verdict = judge(session, POLICIES, "vault", START + 8 * MINUTE)
    assert verdict.ends_by is Reason.PORTAL_IDLE
    assert verdict.reason is Reason.ABSOLUTE


@pytest.mark.parametrize(
    ("portals", "expected"),
    [
        ({}, 9 * MINUTE),  # the first visit: the last activity anywhere
        ({"bank": PortalVisit(START + 7 * MINUTE)}, 7 * MINUTE),
        ({"bank": PortalVisit(START + 2 * MINUTE)}, 4 * MINUTE),  # authenticated again since
        ({"bank": PortalVisit(START + 2 * MINUTE, Reason.PORTAL_IDLE)}, 4 * MINUTE),
        ({"news": PortalVisit(START + 7 * MINUTE)}, 9 * MINUTE),
    ],
)
def test_where_a_portals_clock_starts(portals: dict[str, PortalVisit], expected: timedelta) -> None:
    session = active_at(9 * MINUTE, authenticated_at=START + 4 * MINUTE, portals=portals)
    assert last_activity_at_portal(session, "bank") == START + expected


def test_verdict_tells_every_limit_and_the_policy_it_went_by() -> None:
    session = active_at(10 * MINUTE, roles=("editor",))
    everywhere = judge(session, POLICIES, None, START + 11 * MINUTE)
    assert everywhere.idle_remaining == 4 * MINUTE
    assert everywhere.absolute_remaining == DAY - 11 * MINUTE
    assert everywhere.portal_remaining is None
    assert everywhere.policy.idle_timeout == 5 * MINUTE
    at_vault = judge(session, POLICIES, "vault", START + 11 * MINUTE)
    assert at_vault.idle_remaining == 4 * MINUTE
    assert at_vault.absolute_remaining == 4 * MINUTE
    assert at_vault.portal_remaining == MINUTE
    assert at_vault.policy.warn_before == 30 * SECOND
    assert judge(session, POLICIES, "archive", START + 11 * MINUTE).portal_remaining is None


@pytest.mark.parametrize(
    ("activity", "portal", "ends_by"),
    [
        (NOTHING, None, Reason.IDLE),
        (23.9 * HOUR, None, Reason.ABSOLUTE),
        (23.75 * HOUR, None, Reason.IDLE),  # both at once: activity could still help
        (NOTHING, "bank", Reason.PORTAL_IDLE),
        (14 * MINUTE, "vault", Reason.ABSOLUTE),
    ],
)
def test_verdict_tells_which_limit_comes_first(activity: timedelta, portal: str | None, ends_by: Reason) -> None:
    assert judge(active_at(activity), POLICIES, portal, START + activity).ends_by is ends_by


@pytest.mark.parametrize(
    ("policy", "unwritten_for"),
    [
        (TimeoutPolicy(), 10 * SECOND),
        (TimeoutPolicy(idle_timeout=5 * MINUTE), 10 * SECOND),
        (TimeoutPolicy(idle_timeout=4 * MINUTE), 8 * SECOND),
    ],
)
def test_far_from_the_end_young_activity_stays_unwritten(policy: TimeoutPolicy, unwritten_for: timedelta) -> None:
    policies = PolicySet(policy)
    for age, worth in ((NOTHING, False), (unwritten_for - MS, False), (unwritten_for, True)):
        verdict = judge(Session(), policies, None, START + age)
        assert is_worth_writing(Session(), verdict, None, START + age) is worth


def test_within_two_warnings_of_the_end_every_activity_is_written() -> None:
    policies = PolicySet(TimeoutPolicy(idle_timeout=DAY))
    for before_the_end, worth in ((2 * MINUTE + MS, False), (2 * MINUTE, True)):
        now = START + DAY - before_the_end
        session = replace(Session(), last_activity_at=now)
        assert is_worth_writing(session, judge(session, policies, None, now), None, now) is worth


@pytest.mark.parametrize(
    ("visited", "worth"), [(None, True), (10 * SECOND, True), (10 * SECOND - MS, False), (NOTHING, False)]
)
def test_activity_is_also_written_for_the_portal_where_it_happens(visited: timedelta | None, worth: bool) -> None:
    now = START + MINUTE
    portals = {} if visited is None else {"news": PortalVisit(now - visited)}
    session = active_at(MINUTE, portals=portals)
    assert is_worth_writing(session, judge(session, POLICIES, "news", now), "news", now) is worth


def test_old_activity_elsewhere_is_worth_writing_although_the_portals_is_young() -> None:
    now = START + MINUTE
    session = Session(portals={"news": PortalVisit(now)})
    assert is_worth_writing(session, judge(session, POLICIES, "news", now), "news", now)


seconds = st.integers(0, 40 * 86400).map(lambda count: count * SECOND)
milliseconds = st.integers(1, 40 * 86400 * 1000).map(lambda count: count * MS)
portal_names = st.sampled_from((None, "news", "bank", "archive", "vault"))
visits = st.builds(
    PortalVisit, seconds.map(START.__add__), st.sampled_from((None, Reason.PORTAL_IDLE, Reason.ABSOLUTE))
)


@st.composite
def sessions(draw: Any) -> Session:
    authenticated_at = START + draw(seconds)
    return Session(
        roles=tuple(draw(st.lists(st.sampled_from(("reader", "editor", "admin")), unique=True))),
        authenticated_at=authenticated_at,
        last_activity_at=authenticated_at + draw(seconds),
        remember=draw(st.booleans()),
        portals=draw(st.dictionaries(st.sampled_from(("news", "bank", "archive", "vault")), visits)),
    )


@given(sessions(), portal_names, seconds)
def test_session_is_active_exactly_while_time_is_left(session: Session, portal: str | None, age: timedelta) -> None:
    verdict = judge(session, POLICIES, portal, session.last_activity_at + age)
    if not verdict.at_portal:
        assert verdict.active is (verdict.expires_in > NOTHING)
    remaining = [verdict.idle_remaining, verdict.absolute_remaining, verdict.portal_remaining]
    assert verdict.expires_in == min(limit for limit in remaining if limit is not None)


@given(sessions(), portal_names, seconds, milliseconds)
def test_time_left_falls_exactly_as_time_passes(
    session: Session, portal: str | None, age: timedelta, later: timedelta
) -> None:
    now = session.last_activity_at + age
    first, second = judge(session, POLICIES, portal, now), judge(session, POLICIES, portal, now + later)
    assert first.idle_remaining - second.idle_remaining == later
    if first.active and second.active:
        assert first.absolute_remaining - second.absolute_remaining == later
        assert first.expires_in - second.expires_in == later


@given(sessions(), portal_names, seconds, milliseconds)
def test_without_activity_nothing_comes_back_to_life(
    session: Session, portal: str | None, age: timedelta, later: timedelta
) -> None:
    now = session.last_activity_at + age
    assume(not judge(session, POLICIES, portal, now).active)
    assert not judge(session, POLICIES, portal, now + later).active


@given(sessions(), portal_names, seconds)
def test_reason_is_the_limit_that_came_first(session: Session, portal: str | None, age: timedelta) -> None:
    now = session.last_activity_at + age
    verdict = judge(session, POLICIES, portal, now)
    assume(not verdict.active and has_ended_at(session, portal or "") is None)
    ended_at, where = now + verdict.expires_in, portal if verdict.at_portal else None
    assert judge(session, POLICIES, where, ended_at - MS).active
    assert judge(session, POLICIES, where, ended_at).reason is verdict.reason
    first = {
        Reason.IDLE: verdict.idle_remaining,
        Reason.ABSOLUTE: verdict.absolute_remaining,
        Reason.PORTAL_IDLE: verdict.portal_remaining,
    }
    assert first[verdict.reason] == verdict.expires_in


@given(sessions())
def test_deadline_is_the_first_moment_of_the_end_everywhere(session: Session) -> None:
    end = deadline(session, POLICIES)
    assert judge(session, POLICIES, None, end - MS).active
    assert not judge(session, POLICIES, None, end).active


@given(sessions(), portal_names, seconds)
def test_no_portal_is_looser_than_the_session(session: Session, portal: str | None, age: timedelta) -> None:
    now = session.last_activity_at + age
    everywhere, there = judge(session, POLICIES, None, now), judge(session, POLICIES, portal, now)
    assert there.expires_in <= everywhere.expires_in
    assert everywhere.active or not there.active
    if not everywhere.active:
        assert (there.reason, there.at_portal) == (everywhere.reason, False)


@given(sessions(), portal_names, seconds, milliseconds)
def test_activity_never_shortens_a_session(
    session: Session, portal: str | None, age: timedelta, later: timedelta
) -> None:
    now = session.last_activity_at + age + later
    touched = replace(session, last_activity_at=session.last_activity_at + later)
    assert judge(touched, POLICIES, None, now).expires_in >= judge(session, POLICIES, None, now).expires_in


@given(sessions(), portal_names, seconds, st.sampled_from(("reader", "editor", "admin")))
def test_stricter_policies_never_lengthen_a_session(
    session: Session, portal: str | None, age: timedelta, role: str
) -> None:
    stricter = Override(idle_timeout=4 * MINUTE, absolute_timeout=8 * HOUR)
    now = session.last_activity_at + age
    policies = PolicySet(POLICIES.default, {**POLICIES.roles, role: stricter}, POLICIES.portals)
    assert deadline(session, policies) <= deadline(session, POLICIES)
    assert not judge(session, policies, portal, now).active or judge(session, POLICIES, portal, now).active


@given(sessions(), portal_names, seconds, milliseconds)
def test_unwritten_activity_costs_at_most_ten_seconds_and_never_near_the_end(
    session: Session, portal: str | None, age: timedelta, later: timedelta
) -> None:
    now = session.last_activity_at + age
    verdict = judge(session, POLICIES, portal, now)
    assume(verdict.active and not is_worth_writing(session, verdict, portal, now))
    assert now - session.last_activity_at < 10 * SECOND
    assert verdict.expires_in > 2 * verdict.policy.warn_before
