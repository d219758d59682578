"""One-time links: how an account gets its first password."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from dvauth.accounts.account import Account
from dvauth.accounts.authentication import Authenticator
from dvauth.accounts.directory import AccountDirectory
from dvauth.accounts.errors import InvalidCredentials, LinkUnusable, NoSuchAccount, PasswordIsKnown, PasswordTooShort
from dvauth.accounts.passwords import Passwords
from dvauth.accounts.search import AccountSearch
from dvauth.accounts.setup_links import LIFETIME, SetupLinks
from dvauth.accounts.throttle import LoginThrottle
from dvauth.storage.sql import Database
from tests.accounts.conftest import LiveSessions, make_accounts
from tests.conftest import HandClock

CHOSEN = "chosen by nobody but me"


@pytest.fixture
def charlie(accounts: AccountDirectory) -> Account:
    return accounts.add("charlie")


@pytest.mark.proves("AU13")
def test_a_fresh_service_has_no_account_and_the_first_gets_in_by_its_link_alone(
    database: Database, accounts: AccountDirectory, authenticator: Authenticator, links: SetupLinks
) -> None:
    assert list(AccountSearch(database).every()) == []
    first = accounts.add("first", roles=["admin"])
    token = links.issue(first.id)
    for guess in ("", "admin", "password", token):
        with pytest.raises(InvalidCredentials):
            authenticator.authenticate("first", guess, "203.0.113.9")
    assert links.peek(token) == first
    links.redeem(token, CHOSEN)
    assert authenticator.authenticate("first", CHOSEN, "203.0.113.9").id == first.id


@pytest.mark.proves("AU13")
def test_a_link_works_once(links: SetupLinks, charlie: Account) -> None:
    token = links.issue(charlie.id)
    links.redeem(token, CHOSEN)
    assert links.peek(token) is None
    with pytest.raises(LinkUnusable):
        links.redeem(token, CHOSEN)


@pytest.mark.proves("AU5")
def test_the_own_name_is_refused_whichever_way_the_password_is_chosen(
    accounts: AccountDirectory, links: SetupLinks
) -> None:
    minh = accounts.add("bientap", display_name="Trần Văn Minh")
    token = links.issue(minh.id)
    with pytest.raises(PasswordIsKnown):
        links.redeem(token, "minh.tran.van.1985")
    with pytest.raises(PasswordIsKnown):
        accounts.set_password(minh.id, "minh.tran.van.1985")


@pytest.mark.proves("AU13")
def test_a_link_expires_to_the_second(links: SetupLinks, clock: HandClock, charlie: Account) -> None:
    token = links.issue(charlie.id)
    clock.advance(LIFETIME - timedelta(seconds=1))
    assert links.peek(token) == charlie
    clock.advance(timedelta(seconds=1))
    assert links.peek(token) is None
    with pytest.raises(LinkUnusable):
        links.redeem(token, CHOSEN)


def test_a_newer_link_voids_the_older(links: SetupLinks, charlie: Account) -> None:
    older, newer = links.issue(charlie.id), links.issue(charlie.id)
    assert links.peek(older) is None
    assert links.peek(newer) == charlie


def test_a_password_set_elsewhere_voids_the_link(
    links: SetupLinks, accounts: AccountDirectory, charlie: Account
) -> None:
    token = links.issue(charlie.id)
    accounts.set_password(charlie.id, CHOSEN)
    assert links.peek(token) is None


def test_a_refused_password_does_not_use_the_link_up(links: SetupLinks, charlie: Account) -> None:
    token = links.issue(charlie.id)
    with pytest.raises(PasswordTooShort):
        links.redeem(token, "short")
    assert links.redeem(token, CHOSEN) == charlie


def test_a_disabled_account_has_no_link(links: SetupLinks, accounts: AccountDirectory, charlie: Account) -> None:
    token = links.issue(charlie.id)
    accounts.disable(charlie.id)
    assert links.peek(token) is None


@pytest.mark.parametrize("token", ["", "x" * 43, "\x00", "\udcff"])
def test_an_invented_token_is_nothing(links: SetupLinks, charlie: Account, token: str) -> None:
    links.issue(charlie.id)
    assert links.peek(token) is None


def test_nobody_gets_no_link(links: SetupLinks) -> None:
    with pytest.raises(NoSuchAccount):
        links.issue("nobody")


def test_the_database_does_not_hold_the_token(links: SetupLinks, database: Database, charlie: Account) -> None:
    token = links.issue(charlie.id)
    with database.session() as session:
        row = session.execute(text("SELECT * FROM setup_link")).one()
    assert token not in str(row)
    assert len(token) >= 43


@pytest.mark.proves("AU13")
def test_of_two_who_redeem_at_once_one_wins(
    any_database: Database, clock: HandClock, passwords: Passwords, throttle: LoginThrottle
) -> None:
    accounts = make_accounts(any_database, clock, passwords, LiveSessions(), throttle)
    links = SetupLinks(any_database, accounts=accounts, passwords=passwords, now=clock.now)
    token = links.issue(accounts.add("charlie").id)
    outcomes: list[str] = []
    together = threading.Barrier(8)

    def redeem(number: int) -> None:
        together.wait()
        try:
            links.redeem(token, f"the password of number {number}")
            outcomes.append("won")
        except LinkUnusable:
            outcomes.append("lost")

    threads = [threading.Thread(target=redeem, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 7 + ["won"]
