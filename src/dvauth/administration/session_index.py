"""Where administrators find sessions: an index in SQL of what Redis holds. Whether a session lives, Redis alone knows.

It is filled from the events that sessions leave in Redis, so it is about a second behind. What it lacks or has too
much, such as after SQL was restored from a backup, ``Reconciliation`` mends.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import delete, func, select, tuple_

from dvauth.administration.models import SEARCHED, SessionIndexRow
from dvauth.sessions.ending import ADDRESS, DEVICE
from dvauth.sessions.record import SessionEvent, SessionRecord, SessionRef, from_ms, to_ms
from dvauth.sessions.schedule import Schedule
from dvauth.sessions.store import SessionStore
from dvauth.storage.sql import Database, insert_new

MOST_COUNTED = 10_000
BATCH = 1000  # sessions read at once
LONGEST_VALUE = 64  # as the columns of ``SessionIndexRow``
_PLACE = (SessionIndexRow.created_at, SessionIndexRow.session_id)


@dataclass(frozen=True, slots=True)
class Search:
    """``by`` is ``account_id``, ``portal`` (a slug), ``address`` or ``device``; any of the values will do."""

    by: str
    values: Sequence[str]

    def __post_init__(self) -> None:
        assert self.by in SEARCHED


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """After which session a page begins; the youngest comes first."""

    created_at: datetime
    session_id: str

    def to_text(self) -> str:
        return f"{to_ms(self.created_at)}-{self.session_id}"

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        ms, _, session_id = text.partition("-")
        if not (ms.isascii() and ms.isdigit() and len(ms) < 15 and session_id.isprintable()):
            return None
        return cls(from_ms(int(ms)), session_id)


@dataclass(frozen=True, slots=True)
class Found:
    ref: SessionRef
    position: Position


class SessionIndex:
    """Every method may raise ``DatabaseUnavailable``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, events: Iterable[SessionEvent]) -> None:
        """Take in what happened to sessions of one bucket, in its order."""
        rows, ended = [], []
        for event in events:
            if event.event == "session_created":
                rows.append(_row_of_event(event))
            elif event.event in {"session_expired", "session_logout"} and "portal" not in event.details:
                ended.append(event.ref.session_id)
        self.change(rows, ended)

    def change(self, rows: Sequence[dict[str, Any]], gone: Collection[str]) -> None:
        if not rows and not gone:
            return
        with self._database.session() as sql:
            insert_new(sql, SessionIndexRow, rows)
            sql.execute(delete(SessionIndexRow).where(SessionIndexRow.session_id.in_(gone)))

    def find(self, search: Search | None, after: Position | None, most: int) -> list[Found]:
        """The youngest first. Reads at most so many rows for each of the values."""
        found: list[Found] = []
        with self._database.session() as sql:
            for value in search.values if search else [None]:
                query = select(SessionIndexRow).order_by(*(column.desc() for column in _PLACE)).limit(most)
                if search:
                    query = query.where(getattr(SessionIndexRow, search.by) == value)
                if after:
                    query = query.where(tuple_(*_PLACE) < (after.created_at, after.session_id))
                found += map(_found, sql.scalars(query))
        return sorted(found, key=lambda each: each.position, reverse=True)[:most]

    def get(self, session_id: str) -> SessionRef | None:
        with self._database.session() as sql:
            row = sql.get(SessionIndexRow, session_id)
            return SessionRef(row.bucket, row.session_id) if row else None

    def count(self, search: Search) -> int:
        """How many there are; counts no further than one more than ``MOST_COUNTED``."""
        column = getattr(SessionIndexRow, search.by)
        some = select(column).where(column.in_(search.values)).limit(MOST_COUNTED + 1).subquery()
        with self._database.session() as sql:
            return sql.scalar(select(func.count()).select_from(some)) or 0

    def by_portal(self) -> dict[str, int]:
        """How many there are of each portal's logins, by slug. Reads all of one index: not while somebody waits."""
        counted = select(SessionIndexRow.portal, func.count()).group_by(SessionIndexRow.portal)
        with self._database.session() as sql:
            return {portal: number for portal, number in sql.execute(counted) if portal}

    def login_portals(self, events: Iterable[SessionEvent]) -> dict[str, str]:
        """On which portal the sessions began that these events tell of, by session id, as far as it is known.

        To be asked before ``keep``, which forgets the sessions that ended.
        """
        told = list(events)
        ids = {event.ref.session_id for event in told}
        asked = select(SessionIndexRow.session_id, SessionIndexRow.portal).where(SessionIndexRow.session_id.in_(ids))
        with self._database.session() as sql:
            known = {session_id: portal for session_id, portal in sql.execute(asked) if portal}
        began = (event for event in told if event.event == "session_created" and "portal" in event.details)
        return known | {event.ref.session_id: event.details["portal"] for event in began}

    def of_bucket(self, bucket: str) -> set[str]:
        with self._database.session() as sql:
            return set(sql.scalars(select(SessionIndexRow.session_id).where(SessionIndexRow.bucket == bucket)))


class Reconciliation:
    """Compares the index with Redis, bucket by bucket: 4,000 sessions each where there are a million."""

    def __init__(
        self,
        index: SessionIndex,
        schedule: Schedule,
        store: SessionStore,
        slug_of: Callable[[int | None], str],
    ) -> None:
        self._index = index
        self._schedule = schedule
        self._store = store
        self._slug_of = slug_of

    def reconcile(self, bucket: str) -> None:
        """SQL is asked first: what it has was in Redis before, so what Redis lacks by now is gone."""
        indexed, live = self._index.of_bucket(bucket), set[str]()
        cursor, more = 0, True
        while more:
            cursor, refs = self._schedule.walk(bucket, cursor, BATCH)
            live.update(ref.session_id for ref in refs)
            records = self._store.read_many([ref for ref in refs if ref.session_id not in indexed])
            self._index.change([self._row(record) for record in records], ())
            more = cursor != 0
        self._index.change((), indexed - live)

    def _row(self, record: SessionRecord) -> dict[str, Any]:
        origin = record.origin
        return _row(
            record.ref,
            record.account_id,
            record.created_at,
            portal=self._slug_of(origin.portal_id),
            address=origin.address,
            device=origin.user_agent,
        )


def _row_of_event(event: SessionEvent) -> dict[str, Any]:
    told = event.details
    searched = {"portal": told.get("portal", ""), "address": told.get(ADDRESS, ""), "device": told.get(DEVICE, "")}
    return _row(event.ref, event.account_id, event.at, **searched)


def _row(ref: SessionRef, account_id: str, created_at: datetime, **searched: str) -> dict[str, Any]:
    return {
        "session_id": ref.session_id,
        "bucket": ref.bucket,
        "account_id": account_id,
        "created_at": created_at,
        **{name: value[:LONGEST_VALUE] for name, value in searched.items()},
    }


def _found(row: SessionIndexRow) -> Found:
    return Found(SessionRef(row.bucket, row.session_id), Position(row.created_at, row.session_id))
