"""The journal of revocations: what Redis may forget and must be told again."""

from dataclasses import replace
from datetime import timedelta

from dvauth.audit.revocations import BATCH, Revocation, RevocationJournal
from dvauth.storage.sql import Database
from tests.conftest import HandClock

DAY = timedelta(days=1)


def end(number: int, clock: HandClock, *, reason: str = "revoked", days: int = 1) -> Revocation:
    return Revocation(
        session_id=f"session-{number:05}",
        bucket="a1",
        account_id="alice",
        reason=reason,
        ended_at=clock.now(),
        forget_after=clock.now() + days * DAY,
    )


def test_what_was_revoked_is_told_until_it_may_be_forgotten(any_database: Database, clock: HandClock) -> None:
    journal = RevocationJournal(any_database)
    short, long = end(1, clock), end(2, clock, days=2)
    journal.add([short, long])
    assert list(journal.standing(clock.now())) == [[short, long]]
    clock.advance(DAY)
    assert list(journal.standing(clock.now())) == [[long]]
    journal.forget(clock.now())
    clock.advance(-DAY)
    assert list(journal.standing(clock.now())) == [[long]]


def test_the_first_end_is_the_true_one(any_database: Database, clock: HandClock) -> None:
    journal = RevocationJournal(any_database)
    first = end(1, clock)
    journal.add([first])
    journal.add([end(1, clock, reason="logout", days=3), end(2, clock)])
    assert next(journal.standing(clock.now()))[0] == first


def test_many_come_in_batches_each_once(database: Database, clock: HandClock) -> None:
    journal = RevocationJournal(database)
    ends = [end(number, clock) for number in range(2 * BATCH + 1)]
    journal.add(ends)
    batches = list(journal.standing(clock.now()))
    assert [len(batch) for batch in batches] == [BATCH, BATCH, 1]
    assert [revocation for batch in batches for revocation in batch] == ends


def test_those_of_a_bucket_come_together(any_database: Database, clock: HandClock) -> None:
    """Redis is asked once for each bucket of a batch."""
    journal = RevocationJournal(any_database)
    ends = [replace(end(number, clock), bucket=f"{number * 7 % 256:02x}") for number in range(2 * BATCH + 1)]
    journal.add(ends)
    standing = [revocation for batch in journal.standing(clock.now()) for revocation in batch]
    assert standing == sorted(ends, key=lambda one: (one.bucket, one.session_id))


def test_an_empty_journal_has_nothing_to_tell(database: Database, clock: HandClock) -> None:
    journal = RevocationJournal(database)
    journal.add([])
    assert list(journal.standing(clock.now())) == []
