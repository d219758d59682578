"""The one door to the truth about sessions: the judge's verdict, made final in Redis.

Every door of the web and the command line comes through here, and none of Flask does.
"""

import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from dvauth.sessions.check import Active, Anonymous, Cause, Check, Contention, Ended, Opened
from dvauth.sessions.cookie import CookieSigner, Credential, fingerprint, new_ref, new_secret
from dvauth.sessions.keys import bucket_of
from dvauth.sessions.record import (
    CENTRAL,
    EPOCH,
    Clock,
    Origin,
    Place,
    Portal,
    Principal,
    SessionEvent,
    SessionRecord,
    SessionRef,
    Tombstone,
    to_ms,
)
from dvauth.sessions.store import Ending, SessionStore, TooLate
from dvauth.timeouts.judge import Reason, deadline, has_ended_at, is_worth_writing, judge
from dvauth.timeouts.policy import LONGEST_ABSOLUTE, LONGEST_REMEMBER, PolicySet

FORGET_AFTER = timedelta(minutes=10)  # past the longest possible life, Redis may drop what the reaper never saw
LONGEST_VALUE = 64  # bytes; Redis packs a hash tightly only while every value is this short
TRIES = 8  # a race with another request is retried; each try that loses means that somebody else moved


class SessionKeeper:
    """``journal`` is told at once of sessions ended by name, so that it outlives a Redis that loses its last second.

    Of other ends, evictions among them, the events tell.
    """

    def __init__(
        self,
        store: SessionStore,
        signer: CookieSigner,
        clock: Clock,
        policies: Callable[[], PolicySet],
        journal: Callable[[Sequence[Ending]], None],
    ) -> None:
        self._journal = journal
        self._store = store
        self._signer = signer
        self._clock = clock
        self._policies = policies

    def check(self, cookie: str | None, place: Place = CENTRAL, *, activity: bool = False) -> Check:
        """Judge the session of a cookie. Without activity: one HMGET, and nothing is written while it lives."""

        def record_activity(live: Active, now: datetime) -> Check | None:
            if not (activity and is_worth_writing(live.record, live.verdict, place.slug, now)):
                return live
            return self._touch(live, place, now, at=now)

        return self._judge_then(record_activity, cookie, place)

    def keep_alive(self, cookie: str | None, place: Place, cause: Cause, idle_for: timedelta = timedelta(0)) -> Check:
        """Record that the person is there, or was ``idle_for`` ago. Two Redis commands; never revives what ended."""

        def record_presence(live: Active, now: datetime) -> Check | None:
            event = self._event("session_renewed", live.record, place) if cause is Cause.PROMPT else None
            return self._touch(live, place, now, at=now - idle_for, event=event)

        return self._judge_then(record_presence, cookie, place)

    def open(
        self,
        principal: Principal,
        *,
        origin: Origin | None = None,
        portal: Portal | None = None,
        remember: bool = False,
    ) -> Opened:
        """Open a session for somebody who has just authenticated, and end the oldest over the account's limit."""
        now = self._clock.now()
        origin = origin or Origin()
        record = SessionRecord(
            ref=new_ref(principal.account_id),
            account_id=principal.account_id,
            roles=principal.roles,
            methods=principal.methods,
            created_at=now,
            authenticated_at=now,
            last_activity_at=now,
            remember=remember,
            origin=replace(origin, portal_id=portal.id if portal else None, user_agent=_short(origin.user_agent)),
        )
        secret = new_secret()
        evicted = self._insert(record, fingerprint(secret))
        return Opened(record=record, cookie=self._signer.sign(record.ref, secret), evicted=evicted)

    def _insert(self, record: SessionRecord, digest: bytes) -> list[str]:
        policies = self._policies()
        for _ in range(TRIES):
            others = self._store.of_account(record.account_id)
            evicted = self._store.open(
                record,
                digest,
                due_at=deadline(record, policies),
                forget_at=_forgotten_by(record),
                max_sessions=policies.strictest(record.roles).policy.max_sessions,
                event=self._event("session_created", record),
                evictions=[self._ending(other, Reason.EVICTED) for other in others],
            )
            if evicted is not None:
                return evicted
        raise Contention

    def rotate(
        self,
        cookie: str | None,
        *,
        reauthenticated: bool = False,
        remember: bool | None = None,
        forget_portals: bool = False,
    ) -> str | None:
        """The same session with a new secret: its cookie, or ``None`` if it is gone or was rotated meanwhile.

        ``reauthenticated`` restarts the idle and the absolute clock (NIST SP 800-63B-4, REAUTH-3); whoever
        authenticates again may choose anew whether to be remembered.
        """
        credential = self._signer.read(cookie)
        found = self._store.read(credential.ref, CENTRAL) if credential else None
        if credential is None or found is None:
            return None
        record, _ = found
        if reauthenticated:
            now = self._clock.now()
            remembered = record.remember if remember is None else remember
            record = replace(record, authenticated_at=now, last_activity_at=now, remember=remembered)
        secret = new_secret()
        rotated = self._store.rotate(
            record,
            credential.digest,
            fingerprint(secret),
            forget_portals=forget_portals,
            reauthenticated=reauthenticated,
            due_at=deadline(record, self._policies()),
            forget_at=_forgotten_by(record),
        )
        return self._signer.sign(record.ref, secret) if rotated else None

    def attach(self, credential: Credential, portal: Portal) -> str | None:
        """A cookie for a portal's own host, with a secret of its own, granted to whoever held this credential.

        ``None`` if the session is gone, or its secret was rotated since.
        """
        secret = new_secret()
        granted = self._store.attach(credential.ref, portal, fingerprint(secret), granted_under=credential.digest)
        return self._signer.sign(credential.ref, secret) if granted else None

    def end(self, record: SessionRecord, reason: Reason) -> bool:
        """End one session; ``False`` if it had ended already."""
        ending = self._ending(record, reason)
        ended = bool(self._store.end([ending]))
        self._journal([ending])
        return ended

    def end_all(
        self, account_id: str, reason: Reason, *, keep: str | None = None, opened_until: datetime | None = None
    ) -> list[str]:
        """End an account's sessions, except the one with the id ``keep``; the ids that this call ended.

        With ``opened_until`` those that were opened later go on, too.
        """
        for _ in range(TRIES):
            records = [
                record
                for record in self._store.of_account(account_id)
                if record.ref.session_id != keep and not _is_younger(record, opened_until)
            ]
            endings = [self._ending(record, reason) for record in records]
            ended = self._store.end_all(account_id, endings, keep=keep, opened_until=opened_until)
            if ended is not None:
                self._journal(endings)
                return ended
        raise Contention

    def end_again(self, refs: Iterable[SessionRef], reason: Reason) -> int:
        """End what had ended before, in a Redis that has forgotten it; how many it held alive."""
        by_bucket: dict[str, list[SessionRef]] = {}
        for ref in refs:
            by_bucket.setdefault(ref.bucket, []).append(ref)
        alive = [record for refs_there in by_bucket.values() for record in self._store.read_many(refs_there)]
        return sum(len(self._store.end([self._ending(record, reason)])) for record in alive)

    def end_presented(self, credentials: Iterable[Credential], reason: Reason) -> int:
        """End the sessions that these cookies still opened, at the centre or a portal; how many were alive."""
        refs = [shown.ref for shown in credentials if self._store.holds(shown.ref, shown.digest)]
        return self.end_again(refs, reason)

    def set_roles(self, account_id: str, roles: Sequence[str]) -> None:
        """Live sessions get the new roles at once, and a new secret on the person's next page."""
        for _ in range(TRIES):
            refs = [record.ref for record in self._store.of_account(account_id)]
            if self._store.set_roles(account_id, refs, roles, self._clock.now()) is not None:
                return
        raise Contention

    def is_first_replay(self, ref: SessionRef) -> bool:
        """Whether an ended session's cookie is used for the first time; open tabs would tell it again and again."""
        return self._store.note_replay(ref)

    def sessions_of(self, account_id: str) -> list[SessionRecord]:
        """The live sessions of an account, the most recently active first."""
        now, policies = self._clock.now(), self._policies()
        live = [record for record in self._store.of_account(account_id) if judge(record, policies, None, now).active]
        return sorted(live, key=lambda record: record.last_activity_at, reverse=True)

    def has_ended(self, account_id: str, session_id: str) -> bool:
        """Whether this was a session of the account, and ended lately."""
        tombstone = self._store.tombstone(SessionRef(bucket_of(account_id), session_id))
        return tombstone is not None and tombstone.account_id == account_id

    def settle(self, record: SessionRecord, place: Place, now: datetime) -> Active | Ended | None:
        """Judge a record just read; an end is made final before it is told. ``None``: it moved, read it again."""
        verdict = judge(record, self._policies(), place.slug, now)
        if verdict.reason is None:
            return Active(record, verdict)
        if verdict.at_portal and place.portal:
            final = self._end_at_portal(record, verdict.reason, place, place.portal)
            return Ended(verdict.reason, record.ref, record=record) if final else None
        ending = self._ending(record, verdict.reason)
        return (
            Ended(verdict.reason, record.ref, ending.tombstone)
            if self._store.end_judged([(ending, record.last_activity_at)])
            else None
        )

    def settle_all(self, records: Iterable[SessionRecord], now: datetime) -> tuple[list[str], list[SessionRef]]:
        """Judge sessions of one bucket; the ids that were ended by this call, and those that live."""
        policies, over, alive = self._policies(), [], []
        for record in records:
            if reason := judge(record, policies, None, now).reason:
                over.append((self._ending(record, reason), record.last_activity_at))
            else:
                alive.append(record.ref)
        return self._store.end_judged(over), alive

    def _judge_then(self, act: Callable[[Active, datetime], Check | None], cookie: str | None, place: Place) -> Check:
        """Judge, and act on a live session; again, if the act lost a race or came too late by Redis's clock."""
        credential = self._signer.read(cookie)
        if credential is None:
            return Anonymous()
        not_before = EPOCH
        for _ in range(TRIES):
            now = max(self._clock.now(), not_before)
            try:
                checked = self._judge(credential, place, now)
                if isinstance(checked, Active):
                    checked = act(checked, now)
            except TooLate as late:
                not_before = late.now
                continue
            if checked:
                return checked
        raise Contention

    def _judge(self, credential: Credential, place: Place, now: datetime) -> Check | None:
        found = self._store.read(credential.ref, place)
        if found is None:
            return self._ended_before(credential.ref)
        record, digest = found
        if digest is None or not hmac.compare_digest(digest, credential.digest):
            return Anonymous()
        return self.settle(record, place, now)

    def _ended_before(self, ref: SessionRef) -> Ended | Anonymous:
        tombstone = self._store.tombstone(ref)
        return Ended(tombstone.reason, ref, tombstone, replayed=True) if tombstone else Anonymous()

    def _touch(
        self, live: Active, place: Place, now: datetime, *, at: datetime, event: SessionEvent | None = None
    ) -> Active | Ended | None:
        record = self._store.touch(
            live.record,
            at,
            deadline=now + live.verdict.expires_in,
            now=self._clock.for_script(),
            place=place,
            event=event,
        )
        return self.settle(record, place, now) if record else None

    def _end_at_portal(self, record: SessionRecord, reason: Reason, place: Place, portal: Portal) -> bool:
        if has_ended_at(record, portal.slug):
            return True
        event = self._event("session_expired", record, place, reason=reason)
        return self._store.end_at_portal(record, portal, reason, event)

    def _ending(self, record: SessionRecord, reason: Reason) -> Ending:
        now = self._clock.now()
        idle = self._policies().strictest(record.roles).policy.idle_timeout
        return Ending(
            ref=record.ref,
            tombstone=Tombstone(
                reason=reason, account_id=record.account_id, ended_at=now, idle_seconds=round(idle.total_seconds())
            ),
            event=self._event(
                "session_logout" if reason is Reason.LOGOUT else "session_expired", record, reason=reason
            ),
            forget_after=_forgotten_by(record),
        )

    def _event(self, name: str, record: SessionRecord, place: Place = CENTRAL, **details: str) -> SessionEvent:
        if place.slug:
            details["portal"] = place.slug
        return SessionEvent(
            event=name, ref=record.ref, account_id=record.account_id, at=self._clock.now(), details=details
        )


def _forgotten_by(record: SessionRecord) -> datetime:
    """By then no policy could let the session live. Redis may drop it even if the reaper never came."""
    longest = LONGEST_REMEMBER if record.remember else LONGEST_ABSOLUTE
    return record.authenticated_at + longest + FORGET_AFTER


def _is_younger(record: SessionRecord, instant: datetime | None) -> bool:
    return instant is not None and to_ms(record.created_at) > to_ms(instant)


def _short(text: str) -> str:
    return text.encode()[:LONGEST_VALUE].decode(errors="ignore")
