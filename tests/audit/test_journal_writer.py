"""The journal is written at once where SQL is there, and nobody waits for it where it is not."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import pytest
from sqlalchemy.exc import ProgrammingError

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
    began, may_end = Event(), Event()

    def add_slowly(ends: Sequence[Revocation]) -> None:
        began.set()
        assert may_end.wait(10)
        written.append(len(ends))

    with closing(JournalWriter(add_slowly)) as writer, ThreadPoolExecutor(4) as people:
        people.submit(writer.write, [end(0, clock)])
        assert began.wait(10)
        waiting = [people.submit(writer.write, [end(number, clock), end(number + 10, clock)]) for number in (1, 2, 3)]
        assert [write.result() for write in waiting] == [None] * 3
        may_end.set()
    assert [count for count in written if count] == [1, 6]


@pytest.mark.parametrize(
    "refusal", [DatabaseUnavailable(), ProgrammingError("INSERT", {}, Exception("no such column"))]
)
def test_sql_that_refuses_fails_nobody(clock: HandClock, caplog: pytest.LogCaptureFixture, refusal: Exception) -> None:
    def refuse(ends: object) -> None:
        raise refusal

    with closing(JournalWriter(refuse)) as writer:
        writer.write([end(1, clock)])
    assert "SQL did not take 1 ends" in caplog.text


def test_writer_that_is_closed_fails_nobody(
    writer: JournalWriter, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    writer.close()
    writer.write([end(1, clock)])
    assert "SQL did not take 1 ends" in caplog.text
