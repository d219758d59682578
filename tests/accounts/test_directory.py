"""Accounts in SQL: names, roles, and what live sessions are told."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest

from dvauth.accounts.account import Account, canonical
from dvauth.accounts.directory import AccountDirectory
from dvauth.accounts.errors import (
    BadDisplayName,
    BadRole,
    BadUsername,
    LastAdministrator,
    NoSuchAccount,
    PasswordTooShort,
    TooManyRoles,
    UsernameTaken,
)
from dvauth.accounts.passwords import Passwords
from dvauth.accounts.search import AccountSearch, Wanted
from dvauth.accounts.throttle import LoginThrottle
from dvauth.storage.redis import StoreUnavailable
from dvauth.storage.sql import Database
from tests.accounts.conftest import ALICES, LiveSessions, make_accounts
from tests.conftest import HandClock

NEW = "a new and long enough one"


def current(accounts: AccountDirectory, account: Account) -> Account:
    found = accounts.get(account.id)
    assert found
    return found


def test_a_new_account_has_no_password_and_a_random_id(accounts: AccountDirectory, clock: HandClock) -> None:
    an = accounts.add(" Nguyễn.Văn.An ", display_name="Nguyễn Văn An", roles=["reader", "editor", "reader"])
    assert (an.username, an.display_name, an.roles) == ("Nguyễn.Văn.An", "Nguyễn Văn An", ("editor", "reader"))
    assert (an.password_hash, an.created_at, an.is_enabled) == (None, clock.now(), True)
    assert len({an.id, *(accounts.add(f"person-{number}").id for number in range(20))}) == 21


def test_the_display_name_is_the_username_unless_given(accounts: AccountDirectory) -> None:
    assert accounts.add("bob").display_name == "bob"


@pytest.mark.parametrize("typed", ["Alice", "ALICE", "ａｌｉｃｅ", "  alice "])
def test_an_account_is_found_however_its_name_is_typed(accounts: AccountDirectory, alice: Account, typed: str) -> None:
    assert accounts.find(typed) == alice


@pytest.mark.parametrize("typed", ["", "alic", "alice\x00", "al ice", "\udcff"])
def test_a_name_that_no_account_has_finds_nothing(accounts: AccountDirectory, alice: Account, typed: str) -> None:
    assert accounts.find(typed) is None


@pytest.mark.parametrize("twin", ["alice", "ALICE", "ａｌｉｃｅ"])
def test_a_name_is_taken_in_all_its_spellings(accounts: AccountDirectory, alice: Account, twin: str) -> None:
    with pytest.raises(UsernameTaken, match=twin):
        accounts.add(twin)


@pytest.mark.parametrize("name", ["", "   ", "a b", "a\nb", "a\x00", "a" * 65, "ﷺ" * 10])
def test_a_name_that_nobody_can_type_is_refused(accounts: AccountDirectory, name: str) -> None:
    with pytest.raises(BadUsername):
        accounts.add(name)


@pytest.mark.parametrize("role", ["Admin", "", "a b", "-x", "a" * 17, "quản-trị"])
def test_a_role_that_is_no_slug_is_refused(accounts: AccountDirectory, role: str) -> None:
    with pytest.raises(BadRole, match=f"“{role}”"):
        accounts.add("bob", roles=[role])


def test_more_roles_than_a_session_holds_tightly_are_refused(accounts: AccountDirectory, bob: Account) -> None:
    most = ["a" * 15, "b" * 16, "c" * 15, "d" * 15]
    accounts.set_roles(bob.id, most)
    with pytest.raises(TooManyRoles, match="65 characters"):
        accounts.set_roles(bob.id, [*most[:3], "d" * 16])


def test_a_display_name_may_hold_spaces_but_no_control_signs(accounts: AccountDirectory) -> None:
    with pytest.raises(BadDisplayName):
        accounts.add("bob", display_name="Bob\x1b[31m")


def test_canonical_names_are_stable() -> None:
    assert canonical("ẞ") == canonical("ss") == canonical(canonical("ẞ"))


def test_all_are_listed_by_name(database: Database, bob: Account, alice: Account) -> None:
    assert list(AccountSearch(database).every()) == [alice, bob]


@pytest.mark.proves("AT5")
def test_disabling_ends_all_sessions(accounts: AccountDirectory, sessions: LiveSessions, bob: Account) -> None:
    accounts.disable(bob.id)
    assert not current(accounts, bob).is_enabled
    assert sessions.told == [(bob.id, "account-disabled", None)]
    accounts.enable(bob.id)
    assert current(accounts, bob) == bob


@pytest.mark.proves("AT5")
def test_a_new_password_ends_all_sessions_but_one(
    accounts: AccountDirectory, sessions: LiveSessions, clock: HandClock, bob: Account
) -> None:
    clock.advance(timedelta(days=1))
    accounts.set_password(bob.id, NEW, keep="this session")
    assert sessions.told == [(bob.id, "password-changed", "this session")]
    assert current(accounts, bob).password_changed_at == clock.now()


def test_a_refused_password_changes_nothing(accounts: AccountDirectory, sessions: LiveSessions, bob: Account) -> None:
    with pytest.raises(PasswordTooShort):
        accounts.set_password(bob.id, "short")
    assert (current(accounts, bob), sessions.told) == (bob, [])


@pytest.mark.proves("AT5")
def test_new_roles_reach_live_sessions(accounts: AccountDirectory, sessions: LiveSessions, bob: Account) -> None:
    accounts.set_roles(bob.id, ["reader", "editor"])
    accounts.set_roles(bob.id, [])
    assert sessions.told == [(bob.id, ("editor", "reader")), (bob.id, ())]
    assert current(accounts, bob).roles == ()


@pytest.mark.proves("AT5")
@pytest.mark.parametrize("change", ["disable", "set_password", "set_roles"])
def test_a_change_made_while_the_session_store_is_down_is_told_later(
    accounts: AccountDirectory, sessions: LiveSessions, bob: Account, change: str
) -> None:
    arguments = {"disable": (), "set_password": (NEW,), "set_roles": (["reader"],)}[change]
    sessions.down = True
    getattr(accounts, change)(bob.id, *arguments)
    assert current(accounts, bob) != bob
    with pytest.raises(StoreUnavailable):
        accounts.settle()
    sessions.down = False
    accounts.settle()
    accounts.settle()
    told = {
        "disable": (bob.id, "account-disabled", None),
        "set_password": (bob.id, "password-changed", None),
        "set_roles": (bob.id, ("reader",)),
    }
    assert sessions.told == [told[change]]


@pytest.mark.proves("AT5")
def test_a_change_that_cannot_be_told_keeps_no_other_waiting_and_no_one_else_from_logging_in(
    accounts: AccountDirectory,
    sessions: LiveSessions,
    alice: Account,
    bob: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sessions.down = True
    accounts.set_roles(bob.id, ["reader"])
    accounts.set_password(alice.id, NEW)
    sessions.down = False
    monkeypatch.setattr(accounts._changes, "_roles_changed", _fail)
    accounts.settle(alice.id)
    assert sessions.told == [(alice.id, "password-changed", None)]
    sessions.down = True
    accounts.set_password(alice.id, f"{NEW} mới")
    sessions.down = False
    with pytest.raises(ZeroDivisionError):
        accounts.settle()
    assert sessions.told[1:] == [(alice.id, "password-changed", None)]
    with pytest.raises(ZeroDivisionError):
        accounts.settle(bob.id)


def test_whoever_changes_one_account_does_not_wait_for_the_changes_of_others(
    accounts: AccountDirectory, sessions: LiveSessions, alice: Account, bob: Account
) -> None:
    sessions.down = True
    accounts.disable(bob.id)
    sessions.down = False
    accounts.set_password(alice.id, NEW)
    assert sessions.told == [(alice.id, "password-changed", None)]
    accounts.settle()
    assert sessions.told[1:] == [(bob.id, "account-disabled", None)]


def _fail(*_: object) -> None:
    raise ZeroDivisionError


def test_of_two_role_changes_at_once_sessions_keep_the_last(
    database: Database, clock: HandClock, passwords: Passwords, throttle: LoginThrottle, bob: Account
) -> None:
    told: list[tuple[str, ...]] = []

    class Interrupted(LiveSessions):
        def set_roles(self, account_id: str, roles: tuple[str, ...]) -> None:
            if not told:  # while the first change is on its way, a second one is made and told
                told.append(("",))
                accounts.set_roles(account_id, ["reader"])
            told.append(roles)

    accounts = make_accounts(database, clock, passwords, Interrupted(), throttle)
    accounts.set_roles(bob.id, ["author"])
    assert told[-1] == ("reader",)


def test_the_last_administrator_stays(accounts: AccountDirectory, sessions: LiveSessions, alice: Account) -> None:
    with pytest.raises(LastAdministrator, match="Alice"):
        accounts.disable(alice.id)
    with pytest.raises(LastAdministrator, match="Alice"):
        accounts.set_roles(alice.id, ["editor"])
    assert (current(accounts, alice), sessions.told) == (alice, [])


def test_an_administrator_may_go_where_another_stays(accounts: AccountDirectory, alice: Account, bob: Account) -> None:
    accounts.set_roles(bob.id, ["admin"])
    accounts.disable(alice.id)
    with pytest.raises(LastAdministrator, match="Bob"):
        accounts.disable(bob.id)


def test_without_any_administrator_others_can_be_disabled(accounts: AccountDirectory, bob: Account) -> None:
    accounts.disable(bob.id)
    assert not current(accounts, bob).is_enabled


def test_two_administrators_cannot_disable_each_other_at_once(
    any_database: Database, clock: HandClock, passwords: Passwords, throttle: LoginThrottle
) -> None:
    accounts = make_accounts(any_database, clock, passwords, LiveSessions(), throttle)
    pair = [accounts.add(name, roles=["admin"]) for name in ("alice", "carol")]
    for _ in range(10):
        _at_once(accounts, pair)
        active = AccountSearch(any_database).page(Wanted(enabled=True)).accounts
        assert len(active) == 1
        for account in pair:
            accounts.enable(account.id)


def _at_once(accounts: AccountDirectory, pair: list[Account]) -> None:
    together = threading.Barrier(len(pair))

    def disable(account: Account) -> None:
        together.wait()
        with suppress(LastAdministrator):
            accounts.disable(account.id)

    threads = [threading.Thread(target=disable, args=[account]) for account in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("change", ["disable", "enable"])
def test_an_unknown_account_cannot_be_changed(accounts: AccountDirectory, change: str) -> None:
    with pytest.raises(NoSuchAccount):
        getattr(accounts, change)("nobody")


def test_an_unknown_account_gets_neither_roles_nor_password(accounts: AccountDirectory) -> None:
    with pytest.raises(NoSuchAccount):
        accounts.set_roles("nobody", ["reader"])
    with pytest.raises(NoSuchAccount):
        accounts.set_password("nobody", NEW)


def test_the_room_works_on_both_databases(
    any_database: Database, clock: HandClock, passwords: Passwords, throttle: LoginThrottle
) -> None:
    sessions = LiveSessions()
    accounts = make_accounts(any_database, clock, passwords, sessions, throttle)
    an = accounts.add("an", roles=["admin"])
    binh = accounts.add("bình", roles=["reader"])
    accounts.set_password(an.id, ALICES)
    accounts.set_roles(binh.id, ["editor"])
    accounts.disable(binh.id)
    assert [told[1] for told in sessions.told] == ["password-changed", ("editor",), "account-disabled"]
    assert accounts.find("BÌNH") == current(accounts, binh)
    assert accounts.find("b\x00") is None
    with pytest.raises(UsernameTaken):
        accounts.add("AN")
