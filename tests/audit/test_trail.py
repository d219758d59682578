"""The audit log, read back."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.dialects import sqlite

from dvauth.audit.models import AuditRow
from dvauth.audit.trail import BATCH, AuditTrail, Place, Wanted, newest_first
from dvauth.storage.sql import Database

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
VALUES: dict[str, Any] = {
    "event": "session_expired",
    "account": "k3f9",
    "actor": "k3f9",
    "session": "tag",
    "portal": "news",
    "address": "203.0.113.9",
}


def row(number: int, **about: Any) -> dict[str, Any]:
    """Two of them in each second."""
    blank = dict.fromkeys(VALUES) | {"event": "session_created", "details": {}}
    return {"id": f"a-{number:05}", "at": NOON + timedelta(seconds=number // 2), **blank, **about}


def fill(database: Database, *rows: dict[str, Any]) -> AuditTrail:
    with database.session() as sql:
        sql.execute(insert(AuditRow), rows)
    return AuditTrail(database)


def ids(rows: Any) -> list[str]:
    return [each.id for each in rows]


def test_pages_follow_each_other_whatever_is_added_meanwhile(any_database: Database) -> None:
    trail = fill(any_database, *map(row, range(7)))
    first = trail.newest(Wanted(), most=3)
    fill(any_database, row(8))
    second = trail.newest(Wanted(), first[-1].place, most=3)
    third = trail.newest(Wanted(), second[-1].place, most=3)
    assert ids([*first, *second, *third]) == [f"a-{number:05}" for number in (6, 5, 4, 3, 2, 1, 0)]
    assert trail.newest(Wanted(), third[-1].place) == []


def test_all_of_many_are_read_in_batches_each_once(database: Database) -> None:
    trail = fill(database, *map(row, range(2 * BATCH + 1)))
    assert ids(trail.all(Wanted())) == [f"a-{number:05}" for number in reversed(range(2 * BATCH + 1))]


@pytest.mark.parametrize("name", VALUES)
def test_rows_are_filtered_by(any_database: Database, name: str) -> None:
    trail = fill(any_database, row(1), row(2, **{name: VALUES[name]}), row(3))
    (found,) = trail.newest(Wanted(**{name: VALUES[name]}))
    assert (found.id, getattr(found, name), found.details) == ("a-00002", VALUES[name], {})


def test_rows_are_filtered_by_time_to_the_second(any_database: Database) -> None:
    trail = fill(any_database, *map(row, range(8)))
    second, third = NOON + timedelta(seconds=1), NOON + timedelta(seconds=2)
    assert ids(trail.newest(Wanted(since=second, until=third))) == ["a-00003", "a-00002"]


def test_an_event_of_another_version_is_no_obstacle(database: Database) -> None:
    (found,) = fill(database, row(1, event="flown_to_the_moon")).newest(Wanted())
    assert (found.event, found.known) == ("flown_to_the_moon", None)


@pytest.mark.parametrize("chosen", [(), *((name,) for name in VALUES), *combinations(VALUES, 2)], ids=" ".join)
@pytest.mark.parametrize("within", [{}, {"since": NOON, "until": NOON + timedelta(days=1)}], ids=["ever", "a day"])
def test_no_page_sorts_or_reads_the_whole_log(
    database: Database, chosen: tuple[str, ...], within: dict[str, datetime]
) -> None:
    wanted = Wanted(**within, **{name: VALUES[name] for name in chosen})
    query = newest_first(wanted, Place(NOON, "a-00001")).limit(50)
    told = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": False})
    with database.session() as sql:
        plan = sql.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {told}", tuple("x" for _ in told.positiontup or ())
        )
        (step,) = [found[3] for found in plan]
    assert step.startswith("SEARCH audit USING INDEX ix_audit_"), step
    assert any(f"ix_audit_{name}_at_id ({name}=? AND" in step for name in chosen) or not chosen


@pytest.mark.proves("LG6")
def test_what_is_old_is_forgotten_in_batches_and_nothing_else(any_database: Database) -> None:
    trail = fill(any_database, *map(row, range(BATCH + 10)))
    until = NOON + timedelta(seconds=(BATCH + 4) // 2)
    assert [trail.forget(until), trail.forget(until), trail.forget(until)] == [BATCH, 4, 0]
    with any_database.session() as sql:
        assert sorted(sql.scalars(select(AuditRow.id))) == [f"a-{n:05}" for n in range(BATCH + 4, BATCH + 10)]
