"""Logouts that came while Redis was away, kept until it can be told."""

from collections.abc import Iterable

from sqlalchemy import delete, select

from dvauth.audit.models import LateLogoutRow
from dvauth.storage.sql import Database, insert_new


class LateLogouts:
    """Every method may raise ``DatabaseUnavailable``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, bucket: str, session_id: str) -> None:
        with self._database.session() as sql:
            insert_new(sql, LateLogoutRow, [{"bucket": bucket, "session_id": session_id}])

    def waiting(self) -> list[tuple[str, str]]:
        """Bucket and session id of each."""
        with self._database.session() as sql:
            return [(row.bucket, row.session_id) for row in sql.scalars(select(LateLogoutRow))]

    def forget(self, session_ids: Iterable[str]) -> None:
        with self._database.session() as sql:
            sql.execute(delete(LateLogoutRow).where(LateLogoutRow.session_id.in_(list(session_ids))))
