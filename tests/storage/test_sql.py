"""The database: transactions, instants, migrations, outages."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select, text

import dvauth.accounts.models
import dvauth.administration.models
import dvauth.api_tokens.models
import dvauth.policies.models
import dvauth.portals.models
import dvauth.storage.revision
import dvauth.storage.tag_key  # noqa: F401 - every model, so that Base.metadata is whole
from dvauth.audit.models import HourlyCountRow, RevocationRow
from dvauth.storage.sql import Base, Database, DatabaseUnavailable, NewerSchema, insert_new, insert_or_merge

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def counted(portal: str, number: int) -> dict[str, object]:
    return {"portal": portal, "at": NOON, "figure": "logins", "number": number}


def revocation(session_id: str, ended_at: datetime = NOON) -> dict[str, object]:
    return {
        "session_id": session_id,
        "bucket": "a1",
        "account_id": "alice",
        "reason": "revoked",
        "ended_at": ended_at,
        "forget_after": ended_at,
    }


def test_migrations_build_what_the_models_say(any_database: Database) -> None:
    with any_database.session() as session:
        context = MigrationContext.configure(session.connection())
        assert compare_metadata(context, Base.metadata) == []


def test_a_transaction_is_undone_by_an_exception(any_database: Database) -> None:
    def fail_halfway() -> None:
        with any_database.session() as session:
            session.add(RevocationRow(**revocation("one")))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    with any_database.session() as session:
        assert session.get(RevocationRow, "one") is None


def test_instants_come_back_aware_and_in_utc(any_database: Database) -> None:
    in_hanoi = NOON.astimezone(timezone(timedelta(hours=7)))
    with any_database.session() as session:
        session.add(RevocationRow(**revocation("one", in_hanoi)))
    with any_database.session() as session:
        found = session.get_one(RevocationRow, "one").ended_at
    assert (found, found.tzinfo) == (NOON, UTC)


def test_a_naive_instant_is_refused(database: Database) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(Exception, match="has no time zone"), database.session() as session:
        session.add(RevocationRow(**revocation("one", naive)))


def test_insert_new_tells_which_rows_were_new(any_database: Database) -> None:
    with any_database.session() as session:
        assert insert_new(session, RevocationRow, [revocation("one"), revocation("two")]) == {"one", "two"}
    with any_database.session() as session:
        assert insert_new(session, RevocationRow, [revocation("two"), revocation("three")]) == {"three"}
        assert insert_new(session, RevocationRow, []) == set()


def test_rows_that_are_there_are_merged_in_what_is_named(any_database: Database) -> None:
    def merge(*rows: dict[str, object]) -> None:
        with any_database.session() as session:
            insert_or_merge(session, HourlyCountRow, rows, number=lambda kept, new: kept + new)

    merge(counted("news", 2), counted("desk", 1))
    merge(counted("news", 3))
    merge()
    with any_database.session() as session:
        assert dict(session.execute(select(HourlyCountRow.portal, HourlyCountRow.number)).all()) == {
            "news": 5,
            "desk": 1,
        }


def test_two_who_merge_the_same_rows_do_not_wait_for_each_other_in_a_circle(any_database: Database) -> None:
    rows = [counted(f"portal{number:03}", 1) for number in range(300)]

    def merge(in_this_order: list[dict[str, object]]) -> None:
        for _ in range(5):
            with any_database.session() as session:
                insert_or_merge(session, HourlyCountRow, in_this_order, number=lambda kept, new: kept + new)

    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(merge, each) for each in (rows, rows[::-1])]:
            done.result()
    with any_database.session() as session:
        assert set(session.scalars(select(HourlyCountRow.number))) == {10}


def test_upgrading_twice_changes_nothing(any_database: Database) -> None:
    any_database.upgrade()
    assert any_database.is_ready()


def test_tables_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'newer.sqlite3'}")
    database.upgrade()
    with database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerSchema):
        database.upgrade()
    database.close()


def test_processes_that_start_together_upgrade_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    upgrade = f"from dvauth.storage.sql import Database; Database({url!r}).upgrade()"
    starting = [subprocess.Popen([sys.executable, "-c", upgrade]) for _ in range(4)]
    assert [process.wait() for process in starting] == [0, 0, 0, 0]
    assert Database(url).is_ready()


def test_a_database_without_schema_is_not_ready(tmp_path: Path) -> None:
    assert not Database(f"sqlite:///{tmp_path / 'empty.sqlite'}").is_ready()


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/dvauth.sqlite", "postgresql://nobody@127.0.0.1:1/dvauth"])
def test_an_outage_has_one_name_and_one_line(url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"\Athe database does not answer: [^\n]+\Z"):
        Database(url).upgrade()


def test_a_database_that_may_only_be_read_is_an_outage_too(postgresql: Database) -> None:
    write = insert(RevocationRow).values(revocation("one"))
    with postgresql.session() as session:
        session.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
    with pytest.raises(DatabaseUnavailable, match="read-only"), postgresql.session() as session:
        session.execute(write)


def test_sqlite_writes_ahead_and_keeps_references(database: Database) -> None:
    with database.session() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
