"""Accounts are found by either name, on both databases."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from dvauth.accounts.account import Draft
from dvauth.accounts.passwords import Passwords
from dvauth.accounts.search import AccountSearch, Wanted
from dvauth.accounts.setup_links import SetupLinks
from dvauth.accounts.throttle import LoginThrottle
from dvauth.storage.sql import Database
from tests.accounts.conftest import LiveSessions, make_accounts
from tests.conftest import HandClock

PEOPLE = [
    Draft("an", "Nguyễn Văn An", ("admin",)),
    Draft("bình_100%", "Đặng Bình", ("reader",)),
    Draft("CÚC", "Trần Thị Cúc", ("editor", "reader")),
]

Find = Callable[..., list[str]]


@pytest.fixture
def find(any_database: Database, clock: HandClock, passwords: Passwords, throttle: LoginThrottle) -> Find:
    accounts = make_accounts(any_database, clock, passwords, LiveSessions(), throttle)
    SetupLinks(any_database, accounts=accounts, passwords=passwords, now=clock.now).invite(PEOPLE)
    search = AccountSearch(any_database)

    def find(most: int = 50, **wanted: object) -> list[str]:
        return [account.username for account in search.page(Wanted(**wanted), most).accounts]  # type: ignore[arg-type]

    return find


def test_people_are_found_however_their_names_are_typed(find: Find) -> None:
    assert find() == ["an", "bình_100%", "CÚC"]
    assert find(text="dang") == find(text="ĐẶNG  bình") == find(text="_100%") == ["bình_100%"]
    assert find(text="cuc thi") == ["CÚC"]
    assert find(text="a%n") == find(text="a\x00") == find(after="\x00") == []
    assert find(role="reader") == ["bình_100%", "CÚC"]
    assert find(role="admin", enabled=False) == []
    assert find(2) == ["an", "bình_100%"]
    assert find(after="BÌNH_100%") == ["CÚC"]


def test_accounts_from_before_are_found_after_an_upgrade(any_database: Database, find: Find) -> None:
    # As version 0010 left them.
    with any_database.session() as sql:
        for statement in (
            "DROP INDEX ix_account_role_role_account_id",
            "ALTER TABLE account DROP COLUMN searched",
            "UPDATE alembic_version SET version_num = '0010'",
        ):
            sql.execute(text(statement))
    any_database.upgrade("0011")
    with any_database.session() as sql:
        assert sql.scalars(text("SELECT searched FROM account ORDER BY searched")).all()[0] == "an nguyen van an"
