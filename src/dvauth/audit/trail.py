"""The audit log, read back: newest first, page by page. Nothing here changes a row; what is old is forgotten."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Self

from sqlalchemy import ColumnElement, Select, delete, select, tuple_

from dvauth.audit.events import Event
from dvauth.audit.models import AuditRow
from dvauth.storage.sql import Database

BATCH = 500  # rows, each its own transaction: nobody waits long for a lock


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: rows that were added since move nothing."""

    at: datetime
    id: str

    def to_text(self) -> str:
        return f"{self.at.isoformat()}~{self.id}"

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        at, _tilde, row_id = text.partition("~")
        try:
            return cls(datetime.fromisoformat(at).astimezone(UTC), row_id)
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows: ``since`` and later, before ``until``, and equal in all that is given."""

    since: datetime | None = None
    until: datetime | None = None
    event: str | None = None
    account: str | None = None
    actor: str | None = None
    session: str | None = None
    portal: str | None = None
    address: str | None = None

    def given(self) -> dict[str, Any]:
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event as it is kept. ``session`` is the tag that all events of one session share."""

    id: str
    at: datetime
    event: str
    account: str | None
    actor: str | None
    session: str | None
    portal: str | None
    address: str | None
    details: Mapping[str, Any]

    @property
    def place(self) -> Place:
        return Place(self.at, self.id)

    @property
    def known(self) -> Event | None:
        """``None``: of another version of dvauth."""
        return Event(self.event) if self.event in set(Event) else None  # type: ignore[call-arg]  # a look-up


class AuditTrail:
    """Every method may raise ``DatabaseUnavailable``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, wanted: Wanted, before: Place | None = None, most: int = BATCH) -> list[Recorded]:
        """As many costs, wherever in the log they are: every filter has an index that is in this order."""
        with self._database.session() as sql:
            return [_value(row) for row in sql.scalars(newest_first(wanted, before).limit(most))]

    def all(self, wanted: Wanted) -> Iterator[Recorded]:
        """Newest first, in batches."""
        place = None
        while batch := self.newest(wanted, place):
            yield from batch
            place = batch[-1].place

    def forget(self, until: datetime) -> int:
        """Delete some of the rows from before then, the oldest first. How many: at none all are gone."""
        old = select(AuditRow.id).where(AuditRow.at < until).order_by(AuditRow.at, AuditRow.id).limit(BATCH)
        with self._database.session() as sql:
            ids = list(sql.scalars(old))
            sql.execute(delete(AuditRow).where(AuditRow.id.in_(ids)))
        return len(ids)


def newest_first(wanted: Wanted, before: Place | None) -> Select[AuditRow]:
    place = (AuditRow.at, AuditRow.id)
    given = wanted.given()
    conditions: list[ColumnElement[bool]] = []
    if since := given.pop("since", None):
        conditions.append(AuditRow.at >= since)
    if until := given.pop("until", None):
        conditions.append(AuditRow.at < until)
    if before:
        conditions.append(tuple_(*place) < (before.at, before.id))
    conditions += [getattr(AuditRow, name) == value for name, value in given.items()]
    return select(AuditRow).where(*conditions).order_by(AuditRow.at.desc(), AuditRow.id.desc())


def _value(row: AuditRow) -> Recorded:
    return Recorded(**{each.name: getattr(row, each.name) for each in fields(Recorded)})
