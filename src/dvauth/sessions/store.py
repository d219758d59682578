"""Moves sessions in and out of Redis. Knows keys, fields and scripts; decides nothing.

Absence is ``None``; a Redis that does not answer is ``StoreUnavailable``, raised by the connection handed in.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from dvauth.sessions import keys
from dvauth.sessions.account_index import AccountIndex
from dvauth.sessions.codec import to_record, to_visit_text
from dvauth.sessions.ending import REMEMBERED_END, Ending
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
from dvauth.storage.lua import Connection, Scripts, in_ms
from dvauth.timeouts.judge import PortalVisit, Reason

_LISTED = (*keys.DATA, keys.METHODS, keys.LOGIN_PORTAL, keys.ADDRESS, keys.USER_AGENT)


class TooLate(Exception):
    """By Redis's clock, ``now``, the deadline that a touch was judged by has passed."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        super().__init__(now)


class SessionStore:
    """One method, one atomic act on Redis. Whatever concerns all sessions of an account is done by ``accounts``."""

    def __init__(self, connection: Connection) -> None:
        self.accounts = AccountIndex(connection, self.read_many)
        self._call = connection.call
        self._read = connection.read
        self._redis = connection.client
        self._run = Scripts(connection, __package__).run

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
        return _records(refs, names, self._run("read_many", [keys.session(ref) for ref in refs], names))

    def read_anywhere(
        self, refs: Sequence[SessionRef], *, for_lists: bool = True, portal: Portal | None = None
    ) -> list[SessionRecord]:
        """As ``read_many``, of any buckets, in one round trip. With a portal: with their last activity there."""
        if not refs:
            return []
        names = _LISTED if for_lists else keys.DATA
        fields = [*names, keys.activity_field(portal.id)] if portal else names
        pipeline = self._redis.pipeline(transaction=False)
        for ref in refs:
            pipeline.hmget(keys.session(ref), fields)
        return _records(refs, names, self._call(pipeline.execute), portal)

    def tombstone(self, ref: SessionRef) -> Tombstone | None:
        raw = self._call(self._redis.get, keys.ended(ref))
        return Tombstone.from_json(raw) if raw else None

    def note_replay(self, ref: SessionRef, *, given_back: bool) -> bool:
        """Note that an ended session was used; whether this is the first time while its tombstone lasts."""
        return bool(
            self._call(self._redis.set, keys.replayed(ref, given_back=given_back), "1", nx=True, px=REMEMBERED_END)
        )

    def touch(
        self,
        record: SessionRecord,
        at: datetime,
        *,
        deadline: datetime,
        now: str,
        place: Place,
        event: SessionEvent | None,
    ) -> tuple[SessionRecord, timedelta] | None:
        """Record activity; the record as it is then, and how long it was idle before: of two at once, one was.

        ``None``: gone, or ended at this portal. Raises ``TooLate``.
        """
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
        last, previous, *visit = touched
        portals = {place.portal.slug: PortalVisit(from_ms(visit[0]))} if place.portal else {}
        after = replace(record, last_activity_at=from_ms(last), portals={**record.portals, **portals})
        return after, from_ms(last) - from_ms(previous)

    def end_judged(self, judged: Sequence[tuple[Ending, datetime]]) -> list[str]:
        """End sessions of one bucket, each judged by the activity beside it; the ids that this call ended.

        A session that is not among them is gone, or was active since.
        """
        if not judged:
            return []
        bucket = judged[0][0].ref.bucket
        script_keys = [keys.due(bucket), keys.events(bucket)]
        args: list[str | int] = [in_ms(REMEMBERED_END)]
        for ending, activity in judged:
            script_keys += _keys_of_end(ending)
            args += (to_ms(activity), *ending.told())
        ended = self._run("end_judged", script_keys, args)
        return [session_id.decode() for session_id in ended]

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
        reauthenticated: bool,
        due_at: datetime,
        forget_at: datetime,
    ) -> bool:
        """Replace the secret, and drop those of the portals. ``False``: gone, or rotated meanwhile.

        ``reauthenticated``: since the record was authenticated both clocks start anew, and it says who is remembered.
        """
        session, account, due, _ = keys.places(record)
        args = [
            old_digest,
            new_digest,
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


def _records(
    refs: Sequence[SessionRef], names: Sequence[str], rows: Sequence[Any], portal: Portal | None = None
) -> list[SessionRecord]:
    found = (to_record(ref, names, row, portal) for ref, row in zip(refs, rows, strict=True))
    return [record for record in found if record]


def _keys_of_end(ending: Ending) -> tuple[str, str, str]:
    ref = ending.ref
    return keys.session(ref), keys.ended(ref), keys.account(ref.bucket, ending.tombstone.account_id)
