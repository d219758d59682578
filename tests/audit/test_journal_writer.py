"""The journal is written at once where SQL is there, and nobody waits for it where it is not."""

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from dvauth.audit.journal_writer import PATIENCE_SECONDS, JournalWriter
from dvauth.audit.revocations import Revocation, RevocationJournal
from dvauth.storage.sql import LOCK_WAIT, Database, DatabaseUnavailable
from tests.audit.test_revocations import end
from tests.conftest import HandClock
from tests.waiting import eventually


@pytest.fixture
def journal(database: Database) -> RevocationJournal:
    return RevocationJournal(database)


@pytest.fixture
def writer(journal: RevocationJournal) -> Iterator[JournalWriter]:
    with closing(JournalWriter(journal.add)) as writer:
        yield writer


def standing(journal: RevocationJournal, clock: HandClock) -> list[Revocation]:
    return [end for batch in journal.standing(clock.now()) for end in batch]


def test_what_is_written_stands_when_the_writer_returns(
    writer: JournalWriter, journal: RevocationJournal, clock: HandClock
) -> None:
    for number in range(3):
        writer.write([end(number, clock)])
        assert standing(journal, clock) == [end(number, clock) for number in range(number + 1)]


def test_locked_sql_is_waited_for_half_a_second_and_has_everything_once_it_is_free(
    writer: JournalWriter,
    journal: RevocationJournal,
    database: Database,
    clock: HandClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with database.session() as sql:
        sql.connection().exec_driver_sql("DELETE FROM revocation")  # takes the lock for writing
        began = time.monotonic()
        for number in range(2):
            writer.write([end(number, clock)])
        assert 2 * PATIENCE_SECONDS <= time.monotonic() - began < LOCK_WAIT
    assert eventually(lambda: standing(journal, clock) == [end(0, clock), end(1, clock)])
    assert [record.getMessage().partition(";")[0] for record in caplog.records] == ["SQL is slow"] * 2


def test_many_that_wait_are_written_in_one_transaction(clock: HandClock) -> None:
    written: list[int] = []

    def add_slowly(ends: list[Revocation]) -> None:
        time.sleep(0.6 if not written else 0)
        written.append(len(ends))

    with closing(JournalWriter(add_slowly)) as writer:  # type: ignore[arg-type]
        for number in range(2):
            writer.write([end(number, clock), end(number + 10, clock)])
    assert sum(written) == 4
    assert len([count for count in written if count]) <= 2


def test_sql_that_is_away_fails_nobody(clock: HandClock, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(ends: object) -> None:
        raise DatabaseUnavailable

    with closing(JournalWriter(refuse)) as writer:
        writer.write([end(1, clock)])
    assert "1 ends are kept by Redis alone" in caplog.text
