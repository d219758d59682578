"""Any sequence of acts on a real Redis, against a model in plain Python: who lives, who ended and why, what is left.

The judge is trusted here, it has tests of its own. What is in doubt is whether Redis holds what it is asked about,
and whether each end is final.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from dvauth.sessions import keys
from dvauth.sessions.check import Active, Anonymous, Cause, Ended
from dvauth.sessions.record import CENTRAL, EPOCH, Place, Principal, SessionRef, from_ms
from dvauth.timeouts.judge import PortalVisit, Reason, deadline, is_worth_writing, judge
from dvauth.timeouts.policy import Override, PolicySet, TimeoutPolicy

MINUTE = timedelta(minutes=1)
POLICIES = (
    PolicySet(
        TimeoutPolicy(remember_for=timedelta(days=30), max_sessions=3),
        {"admin": Override(idle_timeout=5 * MINUTE)},
        {"bank": Override(idle_timeout=3 * MINUTE)},
    ),
    PolicySet(
        TimeoutPolicy(idle_timeout=8 * MINUTE, absolute_timeout=40 * MINUTE, max_sessions=2),
        {"editor": Override(absolute_timeout=20 * MINUTE)},
        {"bank": Override(idle_timeout=6 * MINUTE), "news": Override(absolute_timeout=10 * MINUTE)},
    ),
    PolicySet(TimeoutPolicy(idle_timeout=120 * MINUTE, max_sessions=4), {}, {}),
)
ENDS = (Reason.LOGOUT, Reason.REVOKED, Reason.PASSWORD_CHANGED, Reason.ACCOUNT_DISABLED)


@dataclass(eq=False)
class Session:
    """What the model knows of a session."""

    ref: SessionRef
    account_id: str
    roles: tuple[str, ...]
    authenticated_at: datetime
    last_activity_at: datetime
    remember: bool
    cookies: list[str]
    portal_cookies: dict[str, str] = field(default_factory=dict)
    portals: dict[str, PortalVisit] = field(default_factory=dict)
    rotation_due: bool = False
    ended: Reason | None = None

    def touch(self, at: datetime, portal: str | None) -> None:
        if portal:
            visit = self.portals.get(portal)
            before = max(visit.at, self.authenticated_at) if visit and visit.ended else visit and visit.at
            self.portals[portal] = PortalVisit(max(at, before or self.last_activity_at))
        self.last_activity_at = max(at, self.last_activity_at)


class Sessions(RuleBasedStateMachine):
    sessions = Bundle("sessions")

    def __init__(self, desk: Any) -> None:
        super().__init__()
        desk.connection.client.flushdb()
        self.desk = replace(desk, clock=type(desk.clock)(), policies=POLICIES[0])
        self.known: list[Session] = []
        self.roles = {"alice": (), "bob": ("editor",), "charlie": ("reader", "admin")}
        self.events: Counter[tuple[str, str, str, str]] = Counter()
        self.swept = True

    accounts = st.sampled_from(("alice", "bob", "charlie"))
    places = st.sampled_from((None, "news", "bank"))

    def place(self, portal: str | None) -> Place:
        return {None: CENTRAL, "news": self.desk.at_news, "bank": self.desk.at_bank}[portal]

    def living(self, account_id: str | None = None) -> list[Session]:
        return [one for one in self.known if not one.ended and account_id in {None, one.account_id}]

    def end(self, session: Session, reason: Reason) -> None:
        session.ended = reason
        self.told("session_logout" if reason is Reason.LOGOUT else "session_expired", session, reason)

    def told(self, event: str, session: Session, reason: str = "", portal: str | None = None) -> None:
        self.events[event, session.ref.session_id, reason, portal or ""] += 1

    def judge(self, session: Session, portal: str | None) -> Reason | None:
        """The reason that must be answered now; what is answered is final."""
        if session.ended:
            return session.ended
        verdict = judge(session, self.desk.policies, portal, self.desk.clock.now())
        if not verdict.reason:
            return None
        if not verdict.at_portal:
            self.end(session, verdict.reason)
        elif not _has_ended_at(session, portal):
            session.portals[portal] = PortalVisit(self.desk.clock.now(), verdict.reason)
            self.told("session_expired", session, verdict.reason, portal)
        return verdict.reason

    @rule(target=sessions, account_id=accounts, remember=st.booleans())
    def open(self, account_id: str, remember: bool) -> Session:
        now = self.desk.clock.now()
        before = [one for one in self.living(account_id) if not self.judge(one, None)]
        principal = Principal(account_id=account_id, roles=self.roles[account_id])
        opened = self.desk.open(principal, remember=remember)
        most = self.desk.policies.strictest(principal.roles).policy.max_sessions
        evicted = [one for one in before if one.ref.session_id in opened.evicted]
        assert len(evicted) == len(opened.evicted) == max(0, len(before) + 1 - most)
        kept = [one.last_activity_at for one in before if one not in evicted]
        assert max((one.last_activity_at for one in evicted), default=EPOCH) <= min(kept, default=now)
        for one in evicted:
            self.end(one, Reason.EVICTED)
        session = Session(opened.record.ref, account_id, principal.roles, now, now, remember, [opened.cookie])
        self.known.append(session)
        self.told("session_created", session)
        return session

    @rule(session=sessions, portal=places, activity=st.booleans())
    def check(self, session: Session, portal: str | None, activity: bool) -> None:
        reason = self.judge(session, portal)
        self.compare(self.desk.keeper.check(session.cookies[-1], self.place(portal), activity=activity), reason)
        now = self.desk.clock.now()
        if activity and reason is None:
            verdict = judge(session, self.desk.policies, portal, now)
            if is_worth_writing(session, verdict, portal, now):
                session.touch(now, portal)

    @rule(session=sessions, portal=places, cause=st.sampled_from(Cause), idle=st.integers(0, 20))
    def keep_alive(self, session: Session, portal: str | None, cause: Cause, idle: int) -> None:
        reason = self.judge(session, portal)
        if reason is None:
            session.touch(self.desk.clock.now() - idle * MINUTE, portal)
            if cause is Cause.PROMPT:
                self.told("session_renewed", session, portal=portal)
        kept = self.desk.keeper.keep_alive(session.cookies[-1], self.place(portal), cause, idle * MINUTE)
        self.compare(kept, reason)

    @staticmethod
    def compare(check: Any, reason: Reason | None) -> None:
        if reason is None:
            assert isinstance(check, Active)
            assert check.verdict.active
        else:
            assert isinstance(check, Ended)
            assert check.reason is reason

    @rule(session=sessions)
    def check_old_cookies(self, session: Session) -> None:
        for cookie in session.cookies[:-1]:
            check = self.desk.keeper.check(cookie)
            assert check.reason is session.ended if session.ended else isinstance(check, Anonymous)

    @rule(session=sessions, reauthenticated=st.booleans())
    def rotate(self, session: Session, reauthenticated: bool) -> None:
        cookie = self.desk.keeper.rotate(session.cookies[-1], reauthenticated=reauthenticated)
        assert (cookie is None) is (session.ended is not None)
        if cookie is None:
            return
        session.cookies.append(cookie)
        session.rotation_due = False
        for portal, granted in session.portal_cookies.items():
            place = replace(self.place(portal), own_host=True)
            assert isinstance(self.desk.keeper.check(granted, place), Anonymous)
        session.portal_cookies.clear()
        if reauthenticated:
            session.authenticated_at = session.last_activity_at = self.desk.clock.now()

    @rule(session=sessions, portal=st.sampled_from(("news", "bank")))
    def attach(self, session: Session, portal: str) -> None:
        place = self.place(portal)
        cookie = self.desk.attach(session.cookies[-1], place.portal)
        assert (cookie is None) is (session.ended is not None)
        assert all(self.desk.attach(rotated, place.portal) is None for rotated in session.cookies[:-1])
        if cookie:
            session.portal_cookies[portal] = cookie

    @rule(session=sessions, portal=st.sampled_from(("news", "bank")))
    def check_at_portals_own_host(self, session: Session, portal: str) -> None:
        if portal in session.portal_cookies:
            cookie, place = session.portal_cookies[portal], replace(self.place(portal), own_host=True)
            self.compare(self.desk.keeper.check(cookie, place), self.judge(session, portal))

    @rule(session=sessions, reason=st.sampled_from(ENDS))
    def end_one(self, session: Session, reason: Reason) -> None:
        (record,) = self.desk.store.read_many([session.ref]) or [None]
        assert (record is None) is (session.ended is not None)
        if record:
            assert self.desk.keeper.end(record, reason)
            assert not self.desk.keeper.end(record, reason)
            self.end(session, reason)

    @rule(account_id=accounts, reason=st.sampled_from(ENDS), keep=st.booleans())
    def end_all(self, account_id: str, reason: Reason, keep: bool) -> None:
        living = self.living(account_id)
        kept = living[0].ref.session_id if keep and living else None
        ended = self.desk.keeper.end_all(account_id, reason, keep=kept)
        assert sorted(ended) == sorted(one.ref.session_id for one in living if one.ref.session_id != kept)
        for one in living:
            if one.ref.session_id != kept:
                self.end(one, reason)

    @rule(account_id=accounts, roles=st.lists(st.sampled_from(("reader", "editor", "admin")), unique=True))
    def set_roles(self, account_id: str, roles: list[str]) -> None:
        self.desk.keeper.set_roles(account_id, roles)
        self.roles[account_id] = tuple(roles)
        for one in self.living(account_id):
            one.roles, one.rotation_due = tuple(roles), True

    @rule(policies=st.sampled_from(POLICIES))
    def change_policies(self, policies: PolicySet) -> None:
        self.swept = self.swept and policies == self.desk.policies
        self.desk.policies = policies

    @rule(seconds=st.sampled_from((0.001, 1, 59, 60, 150, 299.999, 600, 86400)))
    def pass_time(self, seconds: float) -> None:
        self.desk.pass_time(seconds=seconds)

    @rule()
    def reap(self) -> None:
        """After a sweep it finds every end; without one it may not know yet of some that a new policy brought."""
        count = self.desk.reaper.reap()
        redis = self.desk.connection.client
        gone = [one for one in self.living() if not redis.exists(keys.session(one.ref))]
        assert len(gone) == count
        for one in gone:
            assert self.judge(one, None)
        if self.swept:
            assert all(deadline(one, self.desk.policies) > self.desk.clock.now() for one in self.living())

    @rule()
    def sweep(self) -> None:
        assert self.desk.sweep() == len(self.living())
        self.swept = True

    @invariant()
    def redis_holds_what_lives(self) -> None:
        for one in self.living():
            (record,) = self.desk.store.read_many([one.ref])
            assert (record.account_id, record.roles, record.remember) == (one.account_id, one.roles, one.remember)
            assert record.authenticated_at == one.authenticated_at
            assert record.last_activity_at == one.last_activity_at
            assert record.rotation_due is one.rotation_due
            for place in (self.desk.at_news, self.desk.at_bank):
                record, _ = self.desk.store.read(one.ref, place)
                assert record.portals.get(place.slug) == one.portals.get(place.slug)

    @invariant()
    def redis_knows_why_the_others_ended(self) -> None:
        for one in self.known:
            tombstone = self.desk.store.tombstone(one.ref)
            assert (tombstone and tombstone.reason) == one.ended

    @invariant()
    def indexes_hold_the_living_and_no_key_is_left_over(self) -> None:
        redis, expected = self.desk.connection.client, set()
        for account_id in {one.account_id for one in self.known}:
            bucket, living = keys.bucket_of(account_id), self.living(account_id)
            expected.add(keys.events(bucket))
            ids = {one.ref.session_id.encode() for one in living}
            if living:
                expected |= {keys.account(bucket, account_id), keys.due(bucket)}
                assert set(redis.zrange(keys.account(bucket, account_id), 0, -1)) == ids
            due = dict(redis.zrange(keys.due(bucket), 0, -1, withscores=True))
            assert set(due) == ids
            if self.swept:
                for one in living:
                    assert from_ms(due[one.ref.session_id.encode()]) <= max(
                        deadline(one, self.desk.policies), self.desk.clock.now()
                    )
        expected |= {(keys.ended if one.ended else keys.session)(one.ref) for one in self.known}
        assert {key.decode() for key in redis.scan_iter()} == expected

    def teardown(self) -> None:
        """Every event is told once, and no other."""
        kept: list[Any] = []
        while self.desk.reaper.drain(kept.extend):
            pass
        assert len({drained.id for drained in kept}) == len(kept)
        events = [drained.event for drained in kept]
        assert self.events == Counter(
            (event.event, event.ref.session_id, event.details.get("reason", ""), event.details.get("portal", ""))
            for event in events
        )


def _has_ended_at(session: Session, portal: str) -> bool:
    visit = session.portals.get(portal)
    return bool(visit and visit.ended and visit.at >= session.authenticated_at)


def test_redis_agrees_with_the_model_whatever_happens(desk: Any) -> None:
    budget = settings(max_examples=60, stateful_step_count=40)
    run_state_machine_as_test(lambda: Sessions(desk), settings=budget)
