"""Logouts that came while Redis was away, kept until it can be told."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import delete, select

from dvauth.audit.models import LateLogoutRow
from dvauth.storage.sql import Database, insert_new

BATCH = 500  # no statement grows with the length of an outage


@dataclass(frozen=True, slots=True)
class LateLogout:
    """A session, and the digest of the secret that its cookie showed: only Redis knows whether it is the right one."""

    bucket: str
    session_id: str
    digest: bytes


class LateLogouts:
    """Every method may raise ``DatabaseUnavailable``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, late: LateLogout) -> None:
        with self._database.session() as sql:
            insert_new(sql, LateLogoutRow, [asdict(late)])

    def waiting(self) -> list[LateLogout]:
        """Some of them; at none all were told and forgotten."""
        with self._database.session() as sql:
            rows = sql.scalars(select(LateLogoutRow).limit(BATCH))
            return [LateLogout(row.bucket, row.session_id, row.digest) for row in rows]

    def forget(self, told: Iterable[LateLogout]) -> None:
        with self._database.session() as sql:
            sql.execute(delete(LateLogoutRow).where(LateLogoutRow.digest.in_([late.digest for late in told])))
