"""The one door to the truth about sessions: the judge's verdict, made final in Redis.

Every door of the web and the command line comes through here, and none of Flask does.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from dvauth.sessions.check import Active, Cause, Check, Contention, Ended, Opened
from dvauth.sessions.cookie import CookieSigner, Credential, fingerprint, new_ref, new_secret
from dvauth.sessions.ending import Ending, ending_of, event_of, forgotten_by, where_from
from dvauth.sessions.keys import bucket_of
from dvauth.sessions.record import (
    CENTRAL,
    Clock,
    Origin,
    Place,
    Portal,
    Principal,
    SessionEvent,
    SessionRecord,
    SessionRef,
    to_ms,
)
from dvauth.sessions.settling import TRIES, Settler
from dvauth.sessions.store import SessionStore
from dvauth.timeouts.judge import Reason, deadline, is_worth_writing, judge
from dvauth.timeouts.policy import PolicySet


class SessionKeeper:
    """``journal`` is told at once of sessions ended by name, so that it outlives a Redis that loses its last second.

    Of other ends, evictions among them, the events tell. ``note_pause`` is told how long somebody had been idle when
    activity is recorded.
    """

    def __init__(
        self,
        store: SessionStore,
        signer: CookieSigner,
        clock: Clock,
        policies: Callable[[], PolicySet],
        journal: Callable[[Sequence[SessionEvent]], None],
        note_pause: Callable[[timedelta], object] = lambda _pause: None,
    ) -> None:
        self._journal = journal
        self._note_pause = note_pause
        self._store = store
        self._signer = signer
        self._clock = clock
        self._policies = policies
        self._settler = Settler(store, clock, policies)

    def check(self, cookie: str | None, place: Place = CENTRAL, *, activity: bool = False) -> Check:
        """Judge the session of a cookie. Without activity: one HMGET, and nothing is written while it lives."""

        def record_activity(live: Active, now: datetime) -> Check | None:
            if not (activity and is_worth_writing(live.record, live.verdict, place.slug, now)):
                return live
            return self._touch(live, place, now, at=now)

        return self._settler.judge_then(record_activity, self._signer.read(cookie), place)

    def keep_alive(self, cookie: str | None, place: Place, cause: Cause, idle_for: timedelta = timedelta(0)) -> Check:
        """Record that the person is there, or was ``idle_for`` ago. Two Redis commands; never revives what ended."""

        def record_presence(live: Active, now: datetime) -> Check | None:
            event = event_of("session_renewed", live.record, now, place) if cause is Cause.PROMPT else None
            return self._touch(live, place, now, at=now - idle_for, event=event)

        return self._settler.judge_then(record_presence, self._signer.read(cookie), place)

    def open(
        self,
        principal: Principal,
        *,
        origin: Origin | None = None,
        portal: Portal | None = None,
        remember: bool = False,
    ) -> Opened:
        """Open a session for somebody who has just authenticated, and end the oldest over the account's limit."""
        came_from = replace(origin or Origin(), portal_id=portal.id if portal else None)
        ref = new_ref(principal.account_id)
        record = SessionRecord.opened(ref, principal, came_from, self._clock.now(), remember=remember)
        secret = new_secret()
        evicted = self._insert(record, fingerprint(secret), Place(portal))
        return Opened(record=record, cookie=self._signer.sign(record.ref, secret), evicted=evicted)

    def _insert(self, record: SessionRecord, digest: bytes, place: Place) -> list[str]:
        policies = self._policies()
        created = event_of("session_created", record, record.created_at, place, **where_from(record.origin))
        for _ in range(TRIES):
            others = self._store.accounts.sessions(record.account_id)
            self._settler.settle_all(others, record.created_at)  # what is over already has its own reason
            evicted = self._store.accounts.open(
                record,
                digest,
                due_at=deadline(record, policies),
                forget_at=forgotten_by(record),
                max_sessions=policies.strictest(record.roles).policy.max_sessions,
                event=created,
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
    ) -> str | None:
        """The same session with a new secret: its cookie, or ``None`` if it is gone or was rotated meanwhile.

        The portals' secrets, which were granted under the old one, open nothing any more: a stolen one must not
        survive what was meant to cut it off. Each portal's host gets a new one by the silent handshake.
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
            reauthenticated=reauthenticated,
            due_at=deadline(record, self._policies()),
            forget_at=forgotten_by(record),
        )
        return self._signer.sign(record.ref, secret) if rotated else None

    def attach(self, credential: Credential, portal: Portal) -> str | None:
        """A cookie for a portal's own host, with a secret of its own, granted to whoever held this credential.

        ``None`` if the session is gone, or its secret was rotated since.
        """
        secret = new_secret()
        granted = self._store.attach(credential.ref, portal, fingerprint(secret), granted_under=credential.digest)
        return self._signer.sign(credential.ref, secret) if granted else None

    def end(self, record: SessionRecord, reason: Reason, *, given_back: str | None = None) -> bool:
        """End one session; ``False`` if it had ended already.

        ``given_back`` is the cookie that the browser is told to forget at the same time.
        """
        ending = self._ending(record, reason)
        if credential := self._signer.read(given_back):
            ending = replace(ending, tombstone=replace(ending.tombstone, given_back=credential.digest.hex()))
        ended = bool(self._store.accounts.end([ending]))
        self._journal([ending.event])
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
                for record in self._store.accounts.sessions(account_id)
                if record.ref.session_id != keep and not _is_younger(record, opened_until)
            ]
            endings = [self._ending(record, reason) for record in records]
            ended = self._store.accounts.end_all(account_id, endings, keep=keep, opened_until=opened_until)
            if ended is not None:
                self._journal([ending.event for ending in endings])
                return ended
        raise Contention

    def end_many(self, records: Sequence[SessionRecord], reason: Reason) -> int:
        """End sessions of any accounts, each by itself; how many this call ended."""
        endings = [self._ending(record, reason) for record in records]
        ended = sum(len(self._store.accounts.end([ending])) for ending in endings)
        self._journal([ending.event for ending in endings])
        return ended

    def set_roles(self, account_id: str, roles: Sequence[str]) -> None:
        """Live sessions get the new roles at once, and a new secret on the person's next page."""
        for _ in range(TRIES):
            refs = [record.ref for record in self._store.accounts.sessions(account_id)]
            if self._store.accounts.set_roles(account_id, refs, roles, self._clock.now()) is not None:
                return
        raise Contention

    def is_first_replay(self, ended: Ended) -> bool:
        """Whether an ended session's cookie is used for the first time; open tabs would tell it again and again.

        The one that was given back is counted apart from those that were left over.
        """
        return self._store.note_replay(ended.ref, given_back=ended.given_back)

    def sessions_of(self, account_id: str) -> list[SessionRecord]:
        """The live sessions of an account, the most recently active first."""
        live = self._live(self._store.accounts.sessions(account_id))
        return sorted(live, key=lambda record: record.last_activity_at, reverse=True)

    def live(self, refs: Sequence[SessionRef]) -> list[SessionRecord]:
        """Those of these sessions that live, in their order. One round trip to Redis."""
        return self._live(self._store.read_anywhere(refs))

    def time_since_login(self, record: SessionRecord) -> timedelta:
        """How long ago the person proved who they are."""
        return self._clock.now() - record.authenticated_at

    def has_ended(self, account_id: str, session_id: str) -> bool:
        """Whether this was a session of the account, and ended lately."""
        tombstone = self._store.tombstone(SessionRef(bucket_of(account_id), session_id))
        return tombstone is not None and tombstone.account_id == account_id

    def _touch(
        self, live: Active, place: Place, now: datetime, *, at: datetime, event: SessionEvent | None = None
    ) -> Active | Ended | None:
        touched = self._store.touch(
            live.record,
            at,
            deadline=now + live.verdict.expires_in,
            now=self._clock.for_script(),
            place=place,
            event=event,
        )
        if touched is None:
            return None
        record, pause = touched
        self._note_pause(pause)
        return self._settler.settle(record, place, now)

    def _live(self, records: Sequence[SessionRecord]) -> list[SessionRecord]:
        now, policies = self._clock.now(), self._policies()
        return [record for record in records if judge(record, policies, None, now).active]

    def _ending(self, record: SessionRecord, reason: Reason) -> Ending:
        return ending_of(record, reason, self._policies(), self._clock.now())


def _is_younger(record: SessionRecord, instant: datetime | None) -> bool:
    return instant is not None and to_ms(record.created_at) > to_ms(instant)
