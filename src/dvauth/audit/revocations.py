"""What was ended by somebody's will, kept where a restart of Redis cannot lose it.

After Redis restarted or failed over it may know again what was revoked meanwhile; the journal is then replayed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, select, tuple_

from dvauth.audit.models import RevocationRow
from dvauth.storage.sql import Database, insert_new

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """The end of a session. After ``forget_after`` the session would be over anyway."""

    session_id: str
    bucket: str
    account_id: str
    reason: str
    ended_at: datetime
    forget_after: datetime


class RevocationJournal:
    """Every method may raise ``DatabaseUnavailable``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, ends: Iterable[Revocation]) -> None:
        """A session that is there already stays as it is: its first end is the true one."""
        if rows := [asdict(end) for end in ends]:
            with self._database.session() as sql:
                insert_new(sql, RevocationRow, rows)

    def standing(self, now: datetime) -> Iterator[list[Revocation]]:
        """All that must not be forgotten yet, bucket by bucket, in batches, each its own transaction."""
        last = ("", "")
        while batch := self._standing_after(*last, now):
            yield batch
            last = (batch[-1].bucket, batch[-1].session_id)

    def forget(self, now: datetime) -> None:
        with self._database.session() as sql:
            sql.execute(delete(RevocationRow).where(RevocationRow.forget_after <= now))

    def _standing_after(self, bucket: str, session_id: str, now: datetime) -> list[Revocation]:
        place = (RevocationRow.bucket, RevocationRow.session_id)
        wanted = (tuple_(*place) > (bucket, session_id), RevocationRow.forget_after > now)
        query = select(RevocationRow).where(*wanted).order_by(*place).limit(BATCH)
        with self._database.session() as sql:
            return [_value(row) for row in sql.scalars(query)]


def _value(row: RevocationRow) -> Revocation:
    return Revocation(
        session_id=row.session_id,
        bucket=row.bucket,
        account_id=row.account_id,
        reason=row.reason,
        ended_at=row.ended_at,
        forget_after=row.forget_after,
    )
