"""What is recorded: lines for machines, rows for people, nothing for thieves."""

import io
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from sqlalchemy import select

from dvauth.audit.events import Event, Level
from dvauth.audit.log import LONGEST_VALUE, AuditLog, Entry
from dvauth.audit.models import AuditRow
from dvauth.audit.rows import MOST_OF_STRANGERS, MOST_WAITING, RowQueue
from dvauth.storage.sql import Database, DatabaseUnavailable
from tests.conftest import HandClock

SESSION = "p7QxVb2nR4sT6uWz"


def tag(session_id: str) -> str:
    return f"tag-of-{len(session_id)}-signs"


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(database: Database, clock: HandClock, stream: io.StringIO) -> Iterator[AuditLog]:
    with closing(AuditLog(database, tag=tag, now=clock.now, stream=stream)) as log:
        yield log


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def rows(database: Database) -> list[AuditRow]:
    with database.session() as session:
        found = list(session.scalars(select(AuditRow).order_by(AuditRow.at, AuditRow.id)))
        session.expunge_all()
        return found


def entry(number: int, event: str = "session_created", **about: Any) -> Entry:
    at = datetime(2026, 3, 2, 8, 0, tzinfo=UTC) + timedelta(seconds=number)
    return Entry(id=f"a1-{number}", at=at, event=event, account="alice", session=SESSION, **about)


@pytest.mark.proves("LG4")
def test_an_event_is_one_line_and_one_row(
    log: AuditLog, database: Database, stream: io.StringIO, clock: HandClock
) -> None:
    log.record("authn_login_success", account="k3f9", address="203.0.113.9", portal="news", factor="password")
    log.flush()
    (line,), (row,) = lines(stream), rows(database)
    assert line == {
        "datetime": clock.now().isoformat(timespec="milliseconds"),
        "level": "INFO",
        "appid": "dvauth",
        "event": "authn_login_success",
        "type": "authn_login_success:k3f9",
        "description": "somebody proved who they are",
        "account": "k3f9",
        "portal": "news",
        "address": "203.0.113.9",
        "details": {"factor": "password"},
        "id": row.id,
    }
    assert (row.at, row.event, row.account, row.portal) == (clock.now(), "authn_login_success", "k3f9", "news")
    assert (row.address, row.details) == ("203.0.113.9", {"factor": "password"})


@pytest.mark.proves("LG4")
def test_times_have_an_offset(log: AuditLog, stream: io.StringIO) -> None:
    log.record("authn_login_fail")
    (line,) = lines(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["datetime"])
    assert line["type"] == "authn_login_fail"


@pytest.mark.proves("LG4")
@pytest.mark.parametrize(
    "hostile",
    [
        'x\r\n{"level":"INFO","event":"authn_login_success"}',
        "\x1b[2J\x1b]0;owned\x07",
        '","level":"INFO',
        "a\x7f\x9b\u2028\u202eb\x00",
    ],
)
def test_what_strangers_send_stays_one_plain_line(
    log: AuditLog, database: Database, stream: io.StringIO, hostile: str
) -> None:
    log.record("malicious_csrf", address=hostile, account=hostile, resource=hostile)
    log.flush()
    written = stream.getvalue()
    assert re.fullmatch(r"[\x20-\x7e]+\n", written)
    (line,) = lines(stream)
    assert (line["event"], line["level"]) == ("malicious_csrf", "WARN")
    for value in (line["address"], line["details"]["resource"], rows(database)[0].account):
        assert value
        assert value.isprintable()


def test_a_terminal_that_knows_only_ascii_gets_every_line(database: Database, clock: HandClock) -> None:
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    log = AuditLog(database, tag=tag, now=clock.now, stream=ascii_only)
    log.record("authz_admin", action="Đổi tên cổng")
    ascii_only.seek(0)
    assert json.loads(ascii_only.read())["details"]["action"] == "Đổi tên cổng"


def test_long_values_are_cut(log: AuditLog, database: Database, stream: io.StringIO) -> None:
    log.record("malicious_cors", origin="https://" + "a" * 10_000)
    log.flush()
    assert len(lines(stream)[0]["details"]["origin"]) == LONGEST_VALUE
    assert len(rows(database)[0].details["origin"]) == LONGEST_VALUE


@pytest.mark.proves("LG3")
def test_a_session_is_told_by_its_tag_alone(log: AuditLog, database: Database, stream: io.StringIO) -> None:
    log.record("session_use_after_expire", account="alice", session=SESSION)
    log.flush()
    log.ingest([entry(1)])
    assert {line["session"] for line in lines(stream)} == {tag(SESSION)} == {row.session for row in rows(database)}
    assert SESSION not in stream.getvalue()


def test_without_sql_the_line_is_written(clock: HandClock, stream: io.StringIO) -> None:
    log = AuditLog(Database("sqlite:////no/such/folder/x.sqlite"), tag=tag, now=clock.now, stream=stream)
    log.record("sys_store_unavailable", store="sql")
    assert lines(stream)[0]["type"] == "sys_store_unavailable:sql"


def test_locked_sql_keeps_nobody_waiting(log: AuditLog, database: Database) -> None:
    with database.session() as sql:
        sql.connection().exec_driver_sql("DELETE FROM audit")  # takes the lock for writing
        began = time.monotonic()
        log.record("authn_login_success", account="alice")
        assert time.monotonic() - began < 0.5
    log.flush()
    assert [row.event for row in rows(database)] == ["authn_login_success"]


def test_what_sql_did_not_take_is_counted_and_told_of_once(
    clock: HandClock, stream: io.StringIO, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(AuditLog(database, tag=tag, now=clock.now, stream=stream)) as log, database.session() as sql:
        sql.connection().exec_driver_sql("DELETE FROM audit")
        for _ in range(3 * MOST_WAITING):
            log.record("authn_login_success", account="alice")
        sql.commit()
    kept = len(rows(database))
    assert len(lines(stream)) == 3 * MOST_WAITING
    assert MOST_WAITING <= kept <= 2 * MOST_WAITING
    (told,) = [record.getMessage() for record in caplog.records]
    assert f" {3 * MOST_WAITING - kept} audit events" in told


def test_one_transaction_takes_no_more_rows_than_may_wait_however_fast_they_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []
    queue = RowQueue(lambda rows: sizes.append(len(rows)))
    take, more = queue._waiting.get, iter([{}] * 3 * MOST_WAITING)

    def take_while_one_is_added() -> Any:
        row = take()
        for added in islice(more, 1):
            queue._waiting.put_nowait(added)
        return row

    monkeypatch.setattr(queue._waiting, "get", take_while_one_is_added)
    queue.add({})
    queue.flush()
    assert sum(sizes) == 1 + 3 * MOST_WAITING
    assert max(sizes) == MOST_WAITING
    queue.close()


def test_strangers_cannot_fill_the_database(
    log: AuditLog, database: Database, stream: io.StringIO, clock: HandClock
) -> None:
    for event in ("malicious_csrf", "malicious_cors", "malicious_csrf"):
        log.record(event, address="203.0.113.9")
    log.flush()
    assert sorted(row.event for row in rows(database)) == ["malicious_cors", "malicious_csrf"]
    for number in range(2 * MOST_OF_STRANGERS):
        log.record("malicious_csrf", address=f"2001:db8::{number:x}")
    log.flush()
    assert len(rows(database)) == MOST_OF_STRANGERS
    clock.advance(timedelta(minutes=1))
    log.record("malicious_csrf", address="203.0.113.9")
    log.flush()
    assert len(rows(database)) == MOST_OF_STRANGERS + 1
    assert len(lines(stream)) == 4 + 2 * MOST_OF_STRANGERS


def test_without_sql_an_ingestion_fails_and_writes_nothing(clock: HandClock, stream: io.StringIO) -> None:
    log = AuditLog(Database("sqlite:////no/such/folder/x.sqlite"), tag=tag, now=clock.now, stream=stream)
    with pytest.raises(DatabaseUnavailable):
        log.ingest([entry(1)])
    assert stream.getvalue() == ""


def test_each_event_is_kept_once_however_often_it_is_handed_in(
    any_database: Database, clock: HandClock, stream: io.StringIO
) -> None:
    log = AuditLog(any_database, tag=tag, now=clock.now, stream=stream)
    log.ingest([entry(1), entry(2), entry(2)])
    log.ingest([entry(2), entry(3, "session_expired", details={"reason": "idle"})])
    log.ingest([])
    assert [row.id for row in rows(any_database)] == ["a1-1", "a1-2", "a1-3"]
    assert [line["id"] for line in lines(stream)] == ["a1-1", "a1-2", "a1-3"]
    assert lines(stream)[-1]["type"] == "session_expired:alice,idle"


def test_two_drains_at_once_keep_each_event_once(any_database: Database, clock: HandClock, stream: io.StringIO) -> None:
    log = AuditLog(any_database, tag=tag, now=clock.now, stream=stream)
    entries = [entry(number) for number in range(200)]
    drains = [threading.Thread(target=log.ingest, args=[entries]) for _ in range(4)]
    for drain in drains:
        drain.start()
    for drain in drains:
        drain.join()
    assert len(rows(any_database)) == len(lines(stream)) == 200


@pytest.mark.parametrize("way", ["record", "ingest"])
def test_an_event_that_is_not_in_the_catalogue_is_refused(log: AuditLog, way: str) -> None:
    with pytest.raises(ValueError, match="session_exploded"):
        log.record("session_exploded") if way == "record" else log.ingest([entry(1, "session_exploded")])


def test_standard_output_is_where_lines_go(
    database: Database, clock: HandClock, capsys: pytest.CaptureFixture[str]
) -> None:
    AuditLog(database, tag=tag, now=clock.now).record(Event.AUTHZ_FAIL, account="bob", resource="/admin")
    assert json.loads(capsys.readouterr().out)["type"] == "authz_fail:bob,/admin"


@pytest.mark.proves("LG1")
@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("authn_login_success", "INFO"),
        ("authn_login_fail", "WARN"),
        ("authn_login_successafterfail", "INFO"),
        ("authn_login_fail_max", "WARN"),
        ("authn_login_lock", "WARN"),
        ("authn_password_change", "INFO"),
        ("authn_password_change_fail", "CRITICAL"),
        ("session_created", "INFO"),
        ("session_renewed", "INFO"),
        ("session_expired", "INFO"),
        ("session_logout", "INFO"),
        ("session_use_after_expire", "CRITICAL"),
        ("session_left_over", "INFO"),
        ("excess_sessions_exceeded", "WARN"),
        ("authz_fail", "CRITICAL"),
        ("authz_admin", "WARN"),
        ("malicious_csrf", "WARN"),
        ("excess_rate_limit_exceeded", "WARN"),
    ],
)
def test_events_have_the_levels_of_the_vocabulary(log: AuditLog, stream: io.StringIO, name: str, level: str) -> None:
    log.record(name)
    assert lines(stream)[0]["level"] == level


def test_every_event_says_what_it_means() -> None:
    for event in Event:
        assert event.level in Level
        assert event.meaning
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", event)
