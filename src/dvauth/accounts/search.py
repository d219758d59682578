"""Accounts looked at as a whole: searched, filtered, and read page by page, by username."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, select

from dvauth.accounts.account import Account, canonical, plain
from dvauth.accounts.models import AccountRoleRow, AccountRow
from dvauth.storage.sql import Database

PAGE = 50
BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """``text`` is a part of the username or of the display name, with or without its accents.

    ``after`` is the username that the page before ended with.
    """

    text: str = ""
    role: str | None = None
    enabled: bool | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    accounts: list[Account]
    has_more: bool


class AccountSearch:
    """Two statements a page, however many accounts there are: names, and the roles of those found."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, wanted: Wanted, most: int = PAGE) -> Page:
        """Raises ``DatabaseUnavailable``."""
        if not f"{wanted.text}{wanted.role or ''}{wanted.after or ''}".isprintable():
            return Page([], has_more=False)  # PostgreSQL refuses NUL in a text
        with self._database.session() as sql:
            found = [row.value() for row in sql.scalars(_query(wanted).limit(most + 1))]
        return Page(found[:most], has_more=len(found) > most)

    def every(self) -> Iterator[Account]:
        """All accounts, in batches: what is added meanwhile may be missing."""
        page, wanted = Page([], has_more=True), Wanted()
        while page.has_more:
            page = self.page(wanted, BATCH)
            yield from page.accounts
            if page.accounts:
                wanted = replace(wanted, after=page.accounts[-1].username)


def _query(wanted: Wanted) -> Select[Any]:
    query = select(AccountRow).order_by(AccountRow.canonical_username)
    if wanted.after:
        query = query.where(AccountRow.canonical_username > canonical(wanted.after))
    if wanted.enabled is not None:
        query = query.where(AccountRow.disabled_at.is_(None) == wanted.enabled)
    if wanted.role:
        of_role = select(AccountRoleRow).where(
            AccountRoleRow.account_id == AccountRow.id, AccountRoleRow.role == wanted.role
        )
        query = query.where(of_role.exists())
    for word in plain(wanted.text).split():
        query = query.where(AccountRow.searched.contains(word, autoescape=True))
    return query
