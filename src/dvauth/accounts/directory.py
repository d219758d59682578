"""The accounts in SQL: found by name, and the only place that changes them."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from dvauth.accounts.account import (
    Account,
    Draft,
    canonical,
    checked_display_name,
    checked_roles,
    checked_username,
    new_id,
    plain,
)
from dvauth.accounts.changes import ChangeKind, Changes, note
from dvauth.accounts.errors import InvalidCredentials, LastAdministrator, NoSuchAccount, UsernameTaken
from dvauth.accounts.models import AccountRoleRow, AccountRow, SetupLinkRow
from dvauth.accounts.passwords import Passwords
from dvauth.storage.sql import Database
from dvauth.timeouts.policy import ADMIN_ROLE

AT_A_TIME = 500  # names in one statement

log = logging.getLogger(__name__)

_ADMINISTRATORS = (
    select(AccountRow.id)
    .join(AccountRow.roles)
    .where(AccountRoleRow.role == ADMIN_ROLE, AccountRow.disabled_at.is_(None))
    .order_by(AccountRow.id)
)


class AccountDirectory:
    """Finds and changes accounts. Every method may raise ``DatabaseUnavailable``.

    A change takes effect when it is in SQL; after that live sessions are told. If telling fails (the session store
    is down), the change stands all the same, and the next ``settle`` tells it.
    """

    def __init__(
        self, database: Database, *, now: Callable[[], datetime], passwords: Passwords, changes: Changes
    ) -> None:
        self._database = database
        self._now = now
        self._passwords = passwords
        self._changes = changes

    def add(self, username: str, *, display_name: str | None = None, roles: Iterable[str] = ()) -> Account:
        """A new account without a password: it opens nothing yet. Raises what ``insert_account`` raises."""
        with self._database.session() as sql:
            return insert_account(sql, Draft(username, display_name, tuple(roles)), now=self._now())

    def taken(self, usernames: Iterable[str]) -> set[str]:
        """Those of the names, in their canonical form, that accounts have."""
        wanted, found = [name for name in map(canonical, usernames) if name.isprintable()], set[str]()
        with self._database.session() as sql:
            for start in range(0, len(wanted), AT_A_TIME):
                names = wanted[start : start + AT_A_TIME]
                column = AccountRow.canonical_username
                found.update(sql.scalars(select(column).where(column.in_(names))))
        return found

    def find(self, username: str) -> Account | None:
        """By username, in whatever case or Unicode form it was typed."""
        wanted = canonical(username)
        if not wanted.isprintable():  # PostgreSQL refuses NUL in a text
            return None
        # One query, whether there is such an account or not: a second one for its roles would tell by its time.
        query = select(AccountRow).options(joinedload(AccountRow.roles))
        with self._database.session() as sql:
            row = sql.scalars(query.where(AccountRow.canonical_username == wanted)).unique().one_or_none()
            return row.value() if row else None

    def get(self, account_id: str) -> Account | None:
        with self._database.session() as sql:
            row = sql.get(AccountRow, account_id)
            return row.value() if row else None

    def usernames(self, account_ids: Collection[str]) -> dict[str, str]:
        """By id, of those that there are."""
        with self._database.session() as sql:
            query = select(AccountRow.id, AccountRow.username).where(AccountRow.id.in_(account_ids))
            return {row.id: row.username for row in sql.execute(query)}

    def rename(self, account_id: str, display_name: str) -> None:
        """Replace the name that people read. Raises ``BadDisplayName``, ``NoSuchAccount``."""
        name = checked_display_name(display_name)
        with self._database.session() as sql:
            row = _existing(sql, account_id)
            row.display_name, row.searched = name, _searched(row.username, name)

    def known(self, account_ids: Collection[str]) -> dict[str, Account]:
        """Those of these accounts that there are, by id."""
        with self._database.session() as sql:
            rows = sql.scalars(select(AccountRow).where(AccountRow.id.in_(account_ids)))
            return {row.id: row.value() for row in rows}

    def disable(self, account_id: str) -> None:
        """No login from now on, and all sessions end. Raises ``NoSuchAccount``, ``LastAdministrator``."""
        with self._database.session() as sql, _keeping_an_administrator(sql, account_id) as row:
            row.disabled_at = row.disabled_at or self._now()
            note(sql, account_id, ChangeKind.DISABLED)
        self.settle_if_possible(account_id)

    def enable(self, account_id: str) -> None:
        """Raises ``NoSuchAccount``."""
        with self._database.session() as sql:
            _existing(sql, account_id).disabled_at = None

    def end_sessions(self, account_id: str) -> None:
        """All of them; whoever is meant logs in again. Raises ``NoSuchAccount``."""
        with self._database.session() as sql:
            _existing(sql, account_id)
            note(sql, account_id, ChangeKind.REVOKED)
        self.settle_if_possible(account_id)

    def set_roles(self, account_id: str, roles: Iterable[str]) -> None:
        """Replace all roles. Raises ``BadRole``, ``TooManyRoles``, ``NoSuchAccount``, ``LastAdministrator``."""
        chosen = checked_roles(roles)
        with self._database.session() as sql, _keeping_an_administrator(sql, account_id):
            sql.execute(delete(AccountRoleRow).where(AccountRoleRow.account_id == account_id))
            if chosen:
                sql.execute(insert(AccountRoleRow), [{"account_id": account_id, "role": role} for role in chosen])
            note(sql, account_id, ChangeKind.ROLES)
        self.settle_if_possible(account_id)

    def set_password(
        self, account_id: str, password: str, *, instead_of: str | None = None, keep: str | None = None
    ) -> None:
        """Replace the password and end all sessions but ``keep``.

        ``instead_of`` is the hash that the owner has just proven to know the password of. Raises
        ``InvalidCredentials`` if another one is stored by now, ``PasswordRefused``, ``NoSuchAccount``, ``HashingBusy``.
        """
        account = self.get(account_id)
        if account is None:
            raise NoSuchAccount(name=account_id)
        password_hash = self._passwords.choose(password, own_names=account.names)
        with self._database.session() as sql:
            if instead_of is not None:
                _lock_unchanged(sql, account_id, instead_of)
            store_password(sql, account_id, password_hash, now=self._now(), keep=keep)
        self.settle_if_possible(account_id)

    def note_login(self, account: Account, password_hash: str) -> None:
        """Remember a login, and the hash of the password if its cost was raised by it.

        A password that was changed meanwhile stays changed.
        """
        unchanged = (AccountRow.id == account.id, AccountRow.password_hash == account.password_hash)
        with self._database.session() as sql:
            sql.execute(
                update(AccountRow).where(*unchanged).values(last_login_at=self._now(), password_hash=password_hash)
            )

    def settle(self, account_id: str | None = None) -> None:
        """Tell live sessions of changes they have not heard of, such as after an outage of their store.

        Those of all accounts, or of this one. Raises what telling raises, such as ``StoreUnavailable``; what is not
        told stays noted.
        """
        self._changes.settle(account_id)

    def settle_if_possible(self, account_id: str) -> None:
        """After a change is in SQL, nothing may make it look as if it had failed.

        Housekeeping settles the rest, such as the changes of others that wait since an outage: nobody waits for those.
        """
        try:
            self.settle(account_id)
        except Exception as error:  # noqa: BLE001 - see above
            log.warning("live sessions hear of a change later: %r", error)


def insert_account(sql: Session, draft: Draft, *, now: datetime) -> Account:
    """A new account, in a transaction that may hold more.

    Raises ``BadUsername``, ``BadDisplayName``, ``BadRole``, ``TooManyRoles``, ``UsernameTaken``.
    """
    name = checked_username(draft.username)
    display_name = checked_display_name(draft.display_name or name)
    row = AccountRow(
        id=new_id(),
        username=name,
        canonical_username=canonical(name),
        display_name=display_name,
        searched=_searched(name, display_name),
        created_at=now,
        roles=[AccountRoleRow(role=role) for role in checked_roles(draft.roles)],
    )
    sql.add(row)
    try:
        sql.flush()
    except IntegrityError as error:
        raise UsernameTaken(name=name) from error
    return row.value()


def _searched(username: str, display_name: str) -> str:
    return f"{plain(username)} {plain(display_name)}"


def _lock_unchanged(sql: Session, account_id: str, password_hash: str) -> None:
    # A write that changes nothing locks the row in every database: of two changes at once the second one is refused.
    unchanged = (AccountRow.id == account_id, AccountRow.password_hash == password_hash)
    lock = update(AccountRow).where(*unchanged).values(password_hash=password_hash)
    if sql.scalar(lock.returning(AccountRow.id)) is None:
        raise InvalidCredentials


def store_password(
    sql: Session, account_id: str, password_hash: str, *, now: datetime, keep: str | None = None
) -> None:
    """The part of a password change that is one transaction. No older setup link works afterwards."""
    row = _existing(sql, account_id)
    row.password_hash, row.password_changed_at = password_hash, now
    sql.execute(delete(SetupLinkRow).where(SetupLinkRow.account_id == account_id, SetupLinkRow.used_at.is_(None)))
    note(sql, account_id, ChangeKind.PASSWORD, keep)


@contextmanager
def _keeping_an_administrator(sql: Session, account_id: str) -> Iterator[AccountRow]:
    """Undo what the block does to the account if it leaves nobody who can administer.

    The rows of all administrators are locked before, so that two of them cannot disable each other.
    """
    before = sql.scalars(_ADMINISTRATORS.with_for_update(of=AccountRow)).all()
    row = _existing(sql, account_id)
    yield row
    sql.flush()
    if before and sql.scalar(_ADMINISTRATORS.limit(1)) is None:
        raise LastAdministrator(name=row.username)


def _existing(sql: Session, account_id: str) -> AccountRow:
    row = sql.get(AccountRow, account_id)
    if row is None:
        raise NoSuchAccount(name=account_id)
    return row
