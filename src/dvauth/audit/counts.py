"""How much happened, by hour and portal: what an hour costs to read does not grow with what happened in it.

Events are counted in the transaction that keeps them, so each counts once, however often it is handed in. Nothing of
a person stands here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import case, delete, func, select
from sqlalchemy.orm import Session

from dvauth.audit.events import Event
from dvauth.audit.models import HourlyCountRow
from dvauth.explained import N_
from dvauth.storage.sql import Database, insert_or_merge
from dvauth.timeouts.judge import Reason

EVERYWHERE = "*"  # no portal has that slug


class Figure(StrEnum):
    """What is counted; ``label`` is what people call it. An end at one portal alone is an end, too."""

    label: str

    def __new__(cls, name: str, label: str) -> Self:
        figure = str.__new__(cls, name)
        figure._value_ = name
        figure.label = label
        return figure

    LIVE = "live", N_("Sessions, at most")  # at a time
    LOGINS = "logins", N_("Logins")  # each opened a session
    FAILED_LOGINS = "failed_logins", N_("Failed logins")  # a wrong name or password
    PROMPTS = "prompts", N_("Prompts shown")  # one that is seen in several tabs is one
    KEPT = "kept", N_("Kept")  # by an answer to the prompt
    EXPIRED = "expired", N_("Expired")  # no activity, or the longest time was over
    LOGOUTS = "logouts", N_("Logouts")
    ENDED = "ended", N_("Ended otherwise")  # by an administrator or a rule


Counts = Mapping[Figure, int]

_FIGURES = {
    Event.SESSION_CREATED: Figure.LOGINS,
    Event.AUTHN_LOGIN_FAIL: Figure.FAILED_LOGINS,
    Event.SESSION_RENEWED: Figure.KEPT,
    Event.SESSION_LOGOUT: Figure.LOGOUTS,
}
_TIMEOUTS = {reason.value for reason in Reason if not reason.willed}


@dataclass(frozen=True, slots=True)
class Happening:
    """An event as it is counted: the portal is its slug, or ``None``."""

    at: datetime
    event: Event
    portal: str | None
    reason: str | None = None

    @property
    def figure(self) -> Figure | None:
        if self.event is Event.SESSION_EXPIRED:
            return Figure.EXPIRED if self.reason in _TIMEOUTS else Figure.ENDED
        return _FIGURES.get(self.event)


def hour_of(moment: datetime) -> datetime:
    """The moment at which its hour begins, UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def together(counts: Iterable[Counts]) -> Counts:
    """Of several hours as of one."""
    found = list(counts)
    added = sum((Counter(each) for each in found), Counter[Figure]())
    most = max((each[Figure.LIVE] for each in found if Figure.LIVE in each), default=None)
    return dict(added) if most is None else {**added, Figure.LIVE: most}


def count(sql: Session, happenings: Iterable[Happening]) -> None:
    """Count in a transaction of the caller's."""
    counted = Counter(
        (place, hour_of(each.at), each.figure)
        for each in happenings
        if each.figure
        for place in {EVERYWHERE, each.portal or EVERYWHERE}
    )
    rows = [_row(*key, number) for key, number in counted.items()]
    insert_or_merge(sql, HourlyCountRow, rows, number=lambda kept, new: kept + new)


class HourlyCounts:
    """Every method may raise ``DatabaseUnavailable``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def raise_to(self, hour: datetime, figure: Figure, numbers: Mapping[str, int]) -> None:
        """Note how many there were up to now, by portal, unless there were more before."""
        rows = [_row(portal, hour, figure, number) for portal, number in numbers.items()]
        with self._database.session() as sql:
            insert_or_merge(sql, HourlyCountRow, rows, number=lambda kept, new: case((kept > new, kept), else_=new))

    def by_hour(self, since: datetime, until: datetime, portal: str = EVERYWHERE) -> dict[datetime, Counts]:
        """Of the hours that begin from ``since`` on and before ``until``, but those in which nothing happened."""
        asked = select(HourlyCountRow).where(HourlyCountRow.portal == portal, *_between(since, until))
        found: dict[datetime, dict[Figure, int]] = {}
        with self._database.session() as sql:
            for row in sql.scalars(asked):
                found.setdefault(row.at, {})[_figure(row.figure)] = row.number
        return dict(found)

    def by_portal(self, since: datetime, until: datetime) -> dict[str, Counts]:
        """Of all these hours together, by slug; of ``LIVE`` the most."""
        total = case(
            (HourlyCountRow.figure == Figure.LIVE, func.max(HourlyCountRow.number)),
            else_=func.sum(HourlyCountRow.number),
        )
        place = (HourlyCountRow.portal, HourlyCountRow.figure)
        asked = select(*place, total).where(HourlyCountRow.portal != EVERYWHERE, *_between(since, until))
        found: dict[str, dict[Figure, int]] = {}
        with self._database.session() as sql:
            for portal, figure, number in sql.execute(asked.group_by(*place)):
                found.setdefault(portal, {})[_figure(figure)] = int(number)
        return dict(found)

    def forget(self, until: datetime) -> None:
        """Those of the hours that began before then."""
        with self._database.session() as sql:
            sql.execute(delete(HourlyCountRow).where(HourlyCountRow.at < until))


def _figure(name: str) -> Figure:
    return Figure(name)  # type: ignore[call-arg]  # a look-up by value, not a new member


def _between(since: datetime, until: datetime) -> tuple[Any, ...]:
    return HourlyCountRow.at >= since, HourlyCountRow.at < until


def _row(portal: str, at: datetime, figure: Figure, number: int) -> dict[str, Any]:
    return {"portal": portal, "at": at, "figure": figure, "number": number}
