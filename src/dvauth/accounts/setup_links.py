"""One-time links by which the owner of an account chooses a password, unseen by whoever made the account."""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from dvauth.accounts.account import Account, Draft, canonical
from dvauth.accounts.directory import AccountDirectory, insert_account, store_password
from dvauth.accounts.errors import LinkUnusable, NoSuchAccount
from dvauth.accounts.models import AccountRow, SetupLinkRow
from dvauth.accounts.passwords import Passwords
from dvauth.storage.sql import Database

LIFETIME = timedelta(hours=72)

Note = Callable[[Session, Account], object]


def nothing(_sql: Session, _added: Account) -> None:
    """What most have to note of an account that is added."""


class SetupLinks:
    """Issues and redeems the links. An account has at most one: a newer one voids the older."""

    def __init__(
        self,
        database: Database,
        *,
        accounts: AccountDirectory,
        passwords: Passwords,
        now: Callable[[], datetime],
        lifetime: timedelta = LIFETIME,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._passwords = passwords
        self._now = now
        self._lifetime = lifetime

    @property
    def lifetime(self) -> timedelta:
        return self._lifetime

    def issue(self, account_id: str) -> str:
        """The token of a new link. Only its digest is kept. Raises ``NoSuchAccount``."""
        if self._accounts.get(account_id) is None:
            raise NoSuchAccount(name=account_id)
        with self._database.session() as sql:
            sql.execute(delete(SetupLinkRow).where(SetupLinkRow.account_id == account_id))
            return self._insert(sql, account_id)

    def invite(self, drafts: Iterable[Draft], note: Note = nothing) -> list[tuple[Account, str]]:
        """New accounts, each with the token of its link: all of them or none.

        ``note`` is called in the same transaction, for each. Raises what ``insert_account`` raises.
        """
        invited = []
        with self._database.session() as sql:
            for draft in drafts:
                account = insert_account(sql, draft, now=self._now())
                note(sql, account)
                invited.append((account, self._insert(sql, account.id)))
        return invited

    def renew(self, usernames: Iterable[str]) -> list[tuple[Account, str]]:
        """Those of these accounts that may log in and have chosen no password yet, each with the token of a new link.

        Their older links no longer work.
        """
        waiting = (
            AccountRow.canonical_username.in_(list(map(canonical, usernames))),
            AccountRow.password_hash.is_(None),
            AccountRow.disabled_at.is_(None),
        )
        with self._database.session() as sql:
            rows = sql.scalars(select(AccountRow).where(*waiting).order_by(AccountRow.canonical_username)).all()
            sql.execute(delete(SetupLinkRow).where(SetupLinkRow.account_id.in_([row.id for row in rows])))
            return [(row.value(), self._insert(sql, row.id)) for row in rows]

    def _insert(self, sql: Session, account_id: str) -> str:
        token, expires_at = secrets.token_urlsafe(32), self._now() + self._lifetime
        sql.add(SetupLinkRow(token_digest=_digest(token), account_id=account_id, expires_at=expires_at))
        return token

    def peek(self, token: str) -> Account | None:
        """Whose link it is, if it can be redeemed now."""
        with self._database.session() as sql:
            of_enabled = (*self._usable(token), AccountRow.disabled_at.is_(None))
            row = sql.scalar(select(AccountRow).join(SetupLinkRow).where(*of_enabled))
            return row.value() if row else None

    def redeem(self, token: str, password: str) -> Account:
        """Set the password, once. Raises ``LinkUnusable``, ``PasswordRefused``, ``HashingBusy``."""
        account = self.peek(token)
        if account is None:
            raise LinkUnusable
        password_hash = self._passwords.choose(password, own_names=account.names)
        with self._database.session() as sql:
            self._use(sql, token)
            store_password(sql, account.id, password_hash, now=self._now())
        self._accounts.settle_if_possible(account.id)
        return account

    def _use(self, sql: Session, token: str) -> None:
        # One statement finds and uses it: of two that redeem at once, one finds nothing.
        use = update(SetupLinkRow).where(*self._usable(token)).values(used_at=self._now())
        if sql.scalar(use.returning(SetupLinkRow.account_id)) is None:
            raise LinkUnusable

    def _usable(self, token: str) -> list[ColumnElement[bool]]:
        return [
            SetupLinkRow.token_digest == _digest(token),
            SetupLinkRow.used_at.is_(None),
            SetupLinkRow.expires_at > self._now(),
        ]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
