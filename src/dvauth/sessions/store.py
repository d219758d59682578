"""Moves sessions in and out of Redis. Knows keys, fields and scripts; decides nothing.

Absence is ``None``; a Redis that does not answer is ``StoreUnavailable``, raised by the connection handed in.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any, Protocol

from dvauth.sessions import keys
from dvauth.sessions.codec import to_fields, to_record, to_visit_text
from dvauth.sessions.record import (
    Place,
    Portal,
    SessionEvent,
    SessionRecord,
    SessionRef,
    Tombstone,
    from_ms,
    to_ms,
)
from dvauth.timeouts.judge import PortalVisit, Reason, limits
from dvauth.timeouts.policy import TimeoutPolicy

REMEMBERED_END = timedelta(minutes=10)  # at least so long an ended session is told apart from no session
_LISTED = (*keys.DATA, keys.METHODS, keys.LOGIN_PORTAL, keys.ADDRESS, keys.USER_AGENT)


class Connection(Protocol):
    """Redis behind a circuit breaker; every call raises ``StoreUnavailable`` where Redis fails."""

    @property
    def client(self) -> Any: ...
    def call(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any: ...
    def read(self, *command: Any) -> Any: ...


class TooLate(Exception):
    """By Redis's clock, ``now``, the deadline that a touch was judged by has passed."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        super().__init__(now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """All that is written down when a session ends. After ``forget_after`` it would be over anyway."""

    ref: SessionRef
    tombstone: Tombstone
    event: SessionEvent
    forget_after: datetime


class SessionStore:
    """One method, one atomic act on Redis."""

    def __init__(self, connection: Connection) -> None:
        self._call = connection.call
        self._read = connection.read
        self._redis = connection.client
        self._scripts = {name: self._load(name) for name in SCRIPTS}

    def _load(self, name: str) -> Any:
        return self._redis.register_script((files(__package__) / "scripts" / f"{name}.lua").read_text("utf-8"))

    def _run(self, name: str, script_keys: Sequence[str], args: Sequence[Any]) -> Any:
        return self._call(self._scripts[name], keys=script_keys, args=args)

    def read(self, ref: SessionRef, place: Place) -> tuple[SessionRecord, bytes | None] | None:
        """The session, and the digest that a credential from this place must match. One HMGET."""
        names = [keys.digest_field(place.secret_of), *keys.DATA]
        if place.portal:
            names.append(keys.activity_field(place.portal.id))
        digest, *values = self._read("HMGET", keys.session(ref), *names)
        record = to_record(ref, keys.DATA, values, place.portal)
        return (record, digest) if record else None

    def holds(self, ref: SessionRef, digest: bytes) -> bool:
        """Whether a secret with this digest opens the session, wherever it was given out."""
        return digest in self._call(self._redis.hvals, keys.session(ref))

    def read_many(self, refs: Sequence[SessionRef], *, for_lists: bool = True) -> list[SessionRecord]:
        """The sessions of one bucket that still exist; ``for_lists``: with their origin, which no judge needs."""
        if not refs:
            return []
        names = _LISTED if for_lists else keys.DATA
        rows = self._run("read_many", [keys.session(ref) for ref in refs], names)
        found = (to_record(ref, names, row, None) for ref, row in zip(refs, rows, strict=True))
        return [record for record in found if record]

    def of_account(self, account_id: str) -> list[SessionRecord]:
        """The account's sessions. What Redis has dropped by itself is taken out of the index on the way."""
        bucket = keys.bucket_of(account_id)
        index = keys.account(bucket, account_id)
        refs = refs_in(bucket, self._call(self._redis.zrange, index, 0, -1))
        records = self.read_many(refs)
        if gone := {ref.session_id for ref in refs} - {record.ref.session_id for record in records}:
            self._call(self._redis.zrem, index, *gone)
        return records

    def tombstone(self, ref: SessionRef) -> Tombstone | None:
        raw = self._call(self._redis.get, keys.ended(ref))
        return Tombstone.from_json(raw) if raw else None

    def note_replay(self, ref: SessionRef) -> bool:
        """Note that an ended session was used; whether this is the first time while its tombstone lasts."""
        return bool(self._call(self._redis.set, keys.replayed(ref), "1", nx=True, px=REMEMBERED_END))

    def open(
        self,
        record: SessionRecord,
        digest: bytes,
        *,
        due_at: datetime,
        forget_at: datetime,
        max_sessions: int,
        event: SessionEvent,
        evictions: Sequence[Ending],
    ) -> list[str] | None:
        """Open a session and end what is over the limit; the ids ended, or ``None``: ``evictions`` lacks a session."""
        fields = to_fields(record, digest)
        evicted = self._run(
            "open",
            [*_places(record), *_paired_keys(evictions)],
            [
                record.ref.session_id,
                to_ms(due_at),
                to_ms(forget_at),
                to_ms(record.created_at),
                max_sessions,
                event.to_json(),
                _ms(REMEMBERED_END),
                len(fields),
                *(part for pair in fields.items() for part in pair),
                *_ending_args(evictions),
            ],
        )
        return None if evicted is None else [session_id.decode() for session_id in evicted]

    def touch(
        self,
        record: SessionRecord,
        at: datetime,
        *,
        deadline: datetime,
        now: str,
        place: Place,
        event: SessionEvent | None,
    ) -> SessionRecord | None:
        """Record activity; the record as it is then, or ``None``: gone, or ended at this portal. Raises ``TooLate``."""
        portal_field = keys.activity_field(place.portal.id) if place.portal else ""
        touched = self._run(
            "touch",
            [keys.session(record.ref), keys.events(record.ref.bucket)],
            [to_ms(at), to_ms(deadline), now, portal_field, event.to_json() if event else ""],
        )
        if touched is None:
            return None
        if isinstance(touched, int):
            raise TooLate(from_ms(touched))
        last, *visit = touched
        portals = {place.portal.slug: PortalVisit(from_ms(visit[0]))} if place.portal else {}
        return replace(record, last_activity_at=from_ms(last), portals={**record.portals, **portals})

    def end_judged(self, judged: Sequence[tuple[Ending, datetime]]) -> list[str]:
        """End sessions of one bucket, each judged by the activity beside it; the ids that this call ended.

        A session that is not among them is gone, or was active since.
        """
        if not judged:
            return []
        bucket = judged[0][0].ref.bucket
        ended = self._run(
            "end_judged",
            [keys.due(bucket), keys.events(bucket), *(key for ending, _ in judged for key in _keys_of_end(ending))],
            [_ms(REMEMBERED_END), *(part for ending, activity in judged for part in (to_ms(activity), *_told(ending)))],
        )
        return [session_id.decode() for session_id in ended]

    def end(self, endings: Sequence[Ending]) -> list[str]:
        """End sessions of one account, whatever they are; the ids that this call ended."""
        return self._end(endings[0].tombstone.account_id, endings) or []

    def end_all(
        self, account_id: str, endings: Sequence[Ending], *, keep: str | None, opened_until: datetime | None
    ) -> list[str] | None:
        """End an account's sessions but one, and but the younger ones; ``None``: ``endings`` lacks one, read again."""
        until = "+inf" if opened_until is None else str(to_ms(opened_until))
        return self._end(account_id, endings, stays=keep or "*", opened_until=until)

    def _end(
        self, account_id: str, endings: Sequence[Ending], *, stays: str = "", opened_until: str = "+inf"
    ) -> list[str] | None:
        bucket = keys.bucket_of(account_id)
        ended = self._run(
            "end",
            [keys.account(bucket, account_id), keys.due(bucket), keys.events(bucket), *_paired_keys(endings)],
            [_ms(REMEMBERED_END), stays, opened_until, *_ending_args(endings)],
        )
        return None if ended is None else [session_id.decode() for session_id in ended]

    def end_at_portal(self, record: SessionRecord, portal: Portal, reason: Reason, event: SessionEvent) -> bool:
        """End a session at one portal; ``False``: it is gone, or moved since it was read."""
        visit = record.portals.get(portal.slug)
        return bool(
            self._run(
                "end_at_portal",
                [keys.session(record.ref), keys.events(record.ref.bucket)],
                [
                    keys.activity_field(portal.id),
                    to_visit_text(visit) if visit else "",
                    to_visit_text(PortalVisit(event.at, reason)),
                    to_ms(record.authenticated_at),
                    to_ms(record.last_activity_at),
                    event.to_json(),
                ],
            )
        )

    def rotate(
        self,
        record: SessionRecord,
        old_digest: bytes,
        new_digest: bytes,
        *,
        forget_portals: bool,
        reauthenticated: bool,
        due_at: datetime,
        forget_at: datetime,
    ) -> bool:
        """Replace the secret. ``False``: gone, or rotated meanwhile.

        ``reauthenticated``: since the record was authenticated both clocks start anew, and it says who is remembered.
        """
        session, account, due, _ = _places(record)
        args = [
            old_digest,
            new_digest,
            "1" if forget_portals else "",
            to_ms(record.authenticated_at) if reauthenticated else "",
            to_ms(forget_at),
            "1" if record.remember else "",
            to_ms(due_at),
            record.ref.session_id,
        ]
        return bool(self._run("rotate", [session, account, due], args))

    def attach(self, ref: SessionRef, portal: Portal, digest: bytes, *, granted_under: bytes) -> bool:
        """Give a portal's host its own secret; ``False``: gone, or the central secret is another one by now."""
        args = [keys.digest_field(portal.id), digest, granted_under]
        return bool(self._run("attach", [keys.session(ref)], args))

    def set_roles(self, account_id: str, refs: Sequence[SessionRef], roles: Sequence[str], now: datetime) -> int | None:
        """Give live sessions new roles; how many, or ``None``: ``refs`` lacks a session, read again."""
        bucket = keys.bucket_of(account_id)
        changed = self._run(
            "set_roles",
            [keys.account(bucket, account_id), keys.due(bucket), *(keys.session(ref) for ref in refs)],
            [" ".join(roles), to_ms(now), *(ref.session_id for ref in refs)],
        )
        return None if changed is None else int(changed)

    def reschedule(self, refs: Sequence[SessionRef], policies: Mapping[str, TimeoutPolicy]) -> list[str]:
        """Look at sessions of one bucket again when they may end; the roles that ``policies`` lacks, if any.

        Policies by roles, joined by spaces. A session whose roles are not among them stays due when it was.
        """
        limits = {
            roles: [_limits_ms(policy, remember=remember) for remember in (False, True)]
            for roles, policy in policies.items()
        }
        unknown = self._run(
            "reschedule",
            [keys.due(refs[0].bucket), *map(keys.session, refs)],
            [json.dumps(limits), *(ref.session_id for ref in refs)],
        )
        return [roles.decode() for roles in unknown]


SCRIPTS = (
    "open",
    "read_many",
    "touch",
    "end",
    "end_judged",
    "end_at_portal",
    "rotate",
    "attach",
    "set_roles",
    "reschedule",
)


def _ms(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)


def _limits_ms(policy: TimeoutPolicy, *, remember: bool) -> list[int]:
    return [_ms(limit) for limit in limits(policy, remember=remember)]


def refs_in(bucket: str, ids: Iterable[bytes]) -> list[SessionRef]:
    return [SessionRef(bucket, session_id.decode()) for session_id in ids]


def _places(record: SessionRecord) -> list[str]:
    bucket = record.ref.bucket
    return [
        keys.session(record.ref),
        keys.account(bucket, record.account_id),
        keys.due(bucket),
        keys.events(bucket),
    ]


def _paired_keys(endings: Iterable[Ending]) -> list[str]:
    return [key for ending in endings for key in (keys.session(ending.ref), keys.ended(ending.ref))]


def _keys_of_end(ending: Ending) -> tuple[str, str, str]:
    ref = ending.ref
    return keys.session(ref), keys.ended(ref), keys.account(ref.bucket, ending.tombstone.account_id)


def _ending_args(endings: Iterable[Ending]) -> list[str]:
    return [part for ending in endings for part in _told(ending)]


def _told(ending: Ending) -> tuple[str, str, str]:
    return ending.ref.session_id, ending.tombstone.to_json(), ending.event.to_json()
