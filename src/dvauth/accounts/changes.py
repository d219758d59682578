"""Changes of accounts that live sessions must hear of.

A change is noted in the same transaction as the change itself, told right afterwards, and forgotten once told. If
the process dies or the session store is down in between, the note stays, and the next ``settle`` tells it.
"""

from collections.abc import Callable
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dvauth.accounts.models import AccountRow, ChangeRow
from dvauth.storage.sql import Database

EndSessions = Callable[[str, str, str | None], object]
RolesChanged = Callable[[str, tuple[str, ...]], object]


class ChangeKind(StrEnum):
    """The first two are the reasons with which sessions end."""

    DISABLED = "account-disabled"
    PASSWORD = "password-changed"  # noqa: S105 - a word, not a password
    ROLES = "roles-changed"


def note(sql: Session, account_id: str, kind: ChangeKind, keep: str | None = None) -> None:
    """``keep`` is the id of the one session that outlives the change."""
    sql.add(ChangeRow(account_id=account_id, kind=kind, keep=keep))


class Changes:
    """Tells of the noted changes.

    ``end_sessions(account_id, reason, keep)`` and ``roles_changed(account_id, roles)`` reach the live sessions;
    ``forgive(username)`` forgets failed logins, because a new password makes them meaningless.
    """

    def __init__(
        self,
        database: Database,
        *,
        end_sessions: EndSessions,
        roles_changed: RolesChanged,
        forgive: Callable[[str], object],
    ) -> None:
        self._database = database
        self._end_sessions = end_sessions
        self._roles_changed = roles_changed
        self._forgive = forgive

    def settle(self) -> None:
        """Tell all that is noted, oldest first. Raises what the callables raise; what is not told stays noted."""
        with self._database.session() as sql:
            noted = [(row.id, row.account_id, row.kind, row.keep) for row in sql.scalars(_OLDEST_FIRST)]
        for number, account_id, kind, keep in noted:
            self._tell(account_id, ChangeKind(kind), keep)
            with self._database.session() as sql:
                sql.execute(delete(ChangeRow).where(ChangeRow.id == number))

    def _tell(self, account_id: str, kind: ChangeKind, keep: str | None) -> None:
        if kind is ChangeKind.ROLES:
            self._tell_roles(account_id)
            return
        self._end_sessions(account_id, kind, keep)
        if kind is ChangeKind.PASSWORD:
            self._forgive(self._read(account_id)[0])

    def _tell_roles(self, account_id: str) -> None:
        """Tell until what was told is what is stored, so that of two changes at once the last one stays."""
        told, (_, roles) = None, self._read(account_id)
        while told != roles:
            self._roles_changed(account_id, roles)
            told, (_, roles) = roles, self._read(account_id)

    def _read(self, account_id: str) -> tuple[str, tuple[str, ...]]:
        with self._database.session() as sql:
            account = sql.get_one(AccountRow, account_id).value()
            return account.username, account.roles


_OLDEST_FIRST = select(ChangeRow).order_by(ChangeRow.id)
