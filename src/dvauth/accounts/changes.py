"""Changes of accounts that live sessions must hear of.

A change is noted in the same transaction as the change itself, told right afterwards, and forgotten once told. If
the process dies or the session store is down in between, the note stays, and the next ``settle`` tells it.

So a change may be told twice, and somebody may log in with the new password in between. Therefore the first who tells
it writes down when, and it ends only the sessions opened until then. That moment must come after the commit: before it,
the old password still opens sessions, and ``Authenticator.confirm`` does not see the new one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from dvauth.accounts.models import AccountRow, ChangeRow
from dvauth.storage.redis import StoreUnavailable
from dvauth.storage.sql import Database, DatabaseUnavailable

EndSessions = Callable[[str, str, str | None, datetime], object]
RolesChanged = Callable[[str, tuple[str, ...]], object]


class ChangeKind(StrEnum):
    """The first three are the reasons with which sessions end."""

    DISABLED = "account-disabled"
    PASSWORD = "password-changed"  # noqa: S105 - a word, not a password
    REVOKED = "revoked"
    ROLES = "roles-changed"


def note(sql: Session, account_id: str, kind: ChangeKind, keep: str | None = None) -> None:
    """``keep`` is the id of the one session that outlives the change."""
    sql.add(ChangeRow(account_id=account_id, kind=kind, keep=keep))


class Changes:
    """Tells of the noted changes.

    ``end_sessions(account_id, reason, keep, opened_until)`` and ``roles_changed(account_id, roles)`` reach the live
    sessions, and ``sessions_now`` is the clock they go by; ``forgive(username)`` forgets failed logins, because a new
    password makes them meaningless.
    """

    def __init__(
        self,
        database: Database,
        *,
        sessions_now: Callable[[], datetime],
        end_sessions: EndSessions,
        roles_changed: RolesChanged,
        forgive: Callable[[str], object],
    ) -> None:
        self._database = database
        self._sessions_now = sessions_now
        self._end_sessions = end_sessions
        self._roles_changed = roles_changed
        self._forgive = forgive

    def settle(self, account_id: str | None = None) -> None:
        """Tell all that is noted, or all of one account, oldest first; what is not told stays noted.

        Each by itself: one that fails keeps no other waiting. Raises what the callables raise, the first of it.
        """
        errors = []
        for change in self._noted(account_id):
            try:
                self._settle(change)
            except (StoreUnavailable, DatabaseUnavailable):
                raise
            except Exception as error:  # noqa: BLE001 - raised when all were tried
                errors.append(error)
        if errors:
            raise errors[0]

    def _settle(self, change: "_Change") -> None:
        self._tell(change)
        with self._database.session() as sql:
            sql.execute(delete(ChangeRow).where(ChangeRow.id == change.id))

    def _noted(self, account_id: str | None) -> list["_Change"]:
        noted = self._read_notes(account_id)
        if untold := [change.id for change in noted if change.first_told_at is None]:
            self._note_telling(untold)
            noted = [change for change in self._read_notes(account_id) if change.first_told_at]
        return noted

    def _read_notes(self, account_id: str | None) -> list["_Change"]:
        wanted = _OLDEST_FIRST if account_id is None else _OLDEST_FIRST.where(ChangeRow.account_id == account_id)
        with self._database.session() as sql:
            return [
                _Change(row.id, row.account_id, ChangeKind(row.kind), row.keep, row.first_told_at)
                for row in sql.scalars(wanted)
            ]

    def _note_telling(self, untold: list[int]) -> None:
        first = update(ChangeRow).where(ChangeRow.id.in_(untold), ChangeRow.first_told_at.is_(None))
        with self._database.session() as sql:
            sql.execute(first.values(first_told_at=self._sessions_now()))

    def _tell(self, change: "_Change") -> None:
        if change.kind is ChangeKind.ROLES:
            self._tell_roles(change.account_id)
            return
        assert change.first_told_at
        self._end_sessions(change.account_id, change.kind, change.keep, change.first_told_at)
        if change.kind is ChangeKind.PASSWORD:
            self._forgive(self._read(change.account_id)[0])

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


@dataclass(frozen=True, slots=True)
class _Change:
    id: int
    account_id: str
    kind: ChangeKind
    keep: str | None
    first_told_at: datetime | None


_OLDEST_FIRST = select(ChangeRow).order_by(ChangeRow.id)
