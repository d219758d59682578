"""Logging in, as far as username and password go."""

import math
import threading
import time
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from dvauth.accounts.account import Account
from dvauth.accounts.authentication import Authenticator
from dvauth.accounts.directory import AccountDirectory
from dvauth.accounts.errors import (
    HashingBusy,
    InvalidCredentials,
    LoginLocked,
    PasswordTooShort,
    PasswordUnchanged,
    TooManyAttempts,
)
from dvauth.accounts.hashing_slots import HashingSlots
from dvauth.accounts.passwords import LONGEST_WAIT, Passwords
from dvauth.accounts.setup_links import SetupLinks
from dvauth.accounts.throttle import FREE_FAILURES, MOST_FAILURES, OVERALL_BUCKET, LoginThrottle
from dvauth.storage.redis import StoreUnavailable
from dvauth.storage.sql import Database, DatabaseUnavailable
from tests.accounts.conftest import ALICES, BOBS, Events, LiveSessions, make_accounts
from tests.conftest import HandClock

HERE = "203.0.113.9"
NEW = "a new and long enough one"


def refused(authenticator: Authenticator, username: str, password: str, address: str = HERE) -> None:
    with pytest.raises(InvalidCredentials):
        authenticator.authenticate(username, password, address)


def test_username_and_password_open_the_account(
    authenticator: Authenticator, accounts: AccountDirectory, clock: HandClock, bob: Account
) -> None:
    assert authenticator.authenticate("BOB", BOBS, HERE) == bob
    known = accounts.get(bob.id)
    assert known
    assert known.last_login_at == clock.now()


def test_unknown_wrong_disabled_and_unset_are_one_answer(
    authenticator: Authenticator, accounts: AccountDirectory, alice: Account, bob: Account
) -> None:
    accounts.add("charlie")
    accounts.disable(bob.id)
    answers = set()
    for username, password in (("nobody", BOBS), ("alice", BOBS), ("bob", BOBS), ("charlie", "")):
        with pytest.raises(InvalidCredentials) as refusal:
            authenticator.authenticate(username, password, HERE)
        answers.add((str(refusal.value), refusal.value.args))
    assert len(answers) == 1


@pytest.mark.proves("AU12")
def test_unknown_wrong_and_disabled_cost_the_same_time(
    database: Database, clock: HandClock, throttle: LoginThrottle, events: Events
) -> None:
    """Within the 10 % of AU12, by the least CPU time of many turns: what a busy machine adds says nothing."""
    passwords = Passwords(site_name="")
    accounts = make_accounts(database, clock, passwords, LiveSessions(), throttle)
    authenticator = Authenticator(accounts=accounts, passwords=passwords, throttle=throttle, record=events)
    for name in ("bob", "dora"):
        accounts.set_password(accounts.add(name, roles=["editor"]).id, BOBS)
    dora = accounts.find("dora")
    assert dora
    accounts.disable(dora.id)

    best = dict.fromkeys(("nobody", "bob", "dora"), math.inf)
    for turn in range(90):  # 270 failures: below the limit over all, and of each network
        for name in best:
            throttle.forgive(name)
            begun = time.thread_time()
            refused(authenticator, name, "not the password of anybody", f"10.0.{turn}.1")
            best[name] = min(best[name], time.thread_time() - begun)
        if turn >= 20 and max(best.values()) < 1.10 * min(best.values()):
            return
    pytest.fail(f"seconds of CPU: {best}")


@pytest.mark.proves("AT14")
def test_of_fifty_parallel_guesses_five_are_evaluated(authenticator: Authenticator, bob: Account) -> None:
    outcomes: list[type[Exception]] = []
    together = threading.Barrier(50)

    def guess(number: int) -> None:
        together.wait()
        try:
            authenticator.authenticate("bob", f"guess number {number}", f"10.0.0.{number}")
        except (InvalidCredentials, TooManyAttempts) as outcome:
            outcomes.append(type(outcome))

    guesses = [threading.Thread(target=guess, args=[number]) for number in range(50)]
    for thread in guesses:
        thread.start()
    for thread in guesses:
        thread.join()
    assert outcomes.count(InvalidCredentials) == FREE_FAILURES
    assert outcomes.count(TooManyAttempts) == 50 - FREE_FAILURES


@pytest.mark.proves("AT14")
def test_known_and_unknown_names_are_limited_alike(authenticator: Authenticator, bob: Account) -> None:
    for name in ("bob", "nobody"):
        for _ in range(FREE_FAILURES):
            refused(authenticator, name, "wrong")
        with pytest.raises(TooManyAttempts) as refusal:
            authenticator.authenticate(name, BOBS, HERE)
        assert refusal.value.retry_after == 30


def test_a_locked_account_is_opened_by_a_new_password_and_its_sessions_live_on(
    authenticator: Authenticator,
    links: SetupLinks,
    sessions: LiveSessions,
    events: Events,
    clock: HandClock,
    bob: Account,
) -> None:
    for number in range(MOST_FAILURES):
        refused(authenticator, "bob", "wrong", f"10.0.0.{number}")
        clock.advance(LONGEST_WAIT * 1800)
    with pytest.raises(LoginLocked):
        authenticator.authenticate("bob", BOBS, HERE)
    assert (events.names()[-1], sessions.told) == ("authn_login_lock", [])
    links.redeem(links.issue(bob.id), NEW)
    assert authenticator.authenticate("bob", NEW, HERE).id == bob.id


@pytest.mark.proves("AU8")
def test_a_login_raises_the_cost_of_an_old_hash(
    authenticator: Authenticator, database: Database, clock: HandClock, throttle: LoginThrottle, events: Events
) -> None:
    cheap = Passwords(site_name="", memory_cost=32, time_cost=1)
    accounts = make_accounts(database, clock, cheap, LiveSessions(), throttle)
    accounts.set_password(accounts.add("bob").id, BOBS)
    account = authenticator.authenticate("bob", BOBS, HERE)
    known = accounts.find("bob")
    assert known
    assert known.password_hash
    assert "m=64" in known.password_hash
    assert authenticator.confirm(account)
    authenticator.authenticate("bob", BOBS, HERE)


def test_a_login_that_was_overtaken_does_not_bring_the_old_password_back(
    accounts: AccountDirectory, passwords: Passwords, bob: Account
) -> None:
    accounts.set_password(bob.id, NEW)
    accounts.note_login(bob, bob.password_hash or "")
    known = accounts.find("bob")
    assert known
    assert passwords.verify(known.password_hash, NEW)


@pytest.mark.proves("AT5")
@pytest.mark.parametrize(
    "change",
    [
        lambda accounts, bob: accounts.disable(bob.id),
        lambda accounts, bob: accounts.set_password(bob.id, NEW),
        lambda accounts, bob: accounts.set_roles(bob.id, ["reader"]),
    ],
    ids=["disabled", "password changed", "roles changed"],
)
def test_a_login_is_not_confirmed_after_a_change_in_between(
    authenticator: Authenticator,
    accounts: AccountDirectory,
    clock: HandClock,
    bob: Account,
    change: Callable[[AccountDirectory, Account], None],
) -> None:
    account = authenticator.authenticate("bob", BOBS, HERE)
    assert authenticator.confirm(account)
    clock.advance(LONGEST_WAIT)
    change(accounts, bob)
    assert not authenticator.confirm(account)


@pytest.mark.proves("AT5")
def test_changes_that_sessions_missed_are_told_before_a_new_login(
    authenticator: Authenticator, accounts: AccountDirectory, sessions: LiveSessions, bob: Account
) -> None:
    sessions.down = True
    accounts.set_password(bob.id, NEW)
    with pytest.raises(StoreUnavailable):
        authenticator.authenticate("bob", NEW, HERE)
    sessions.down = False
    authenticator.authenticate("bob", NEW, HERE)
    assert sessions.told == [(bob.id, "password-changed", None)]


def test_an_outage_is_no_failed_login(
    authenticator: Authenticator, database: Database, events: Events, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Database("sqlite:////no/such/folder/dvauth.sqlite")
    with monkeypatch.context() as outage:
        outage.setattr(database, "_sessions", gone._sessions)
        for _ in range(2 * FREE_FAILURES):
            with pytest.raises(DatabaseUnavailable):
                authenticator.authenticate("bob", BOBS, HERE)
    assert authenticator.authenticate("bob", BOBS, HERE) == bob
    assert events.names() == ["authn_login_success"]


def test_busy_cores_are_no_failed_login(
    authenticator: Authenticator, passwords: Passwords, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = HashingSlots(1, line=0, wait=LONGEST_WAIT)
    monkeypatch.setattr(passwords, "_slots", slots)
    for _ in range(2 * FREE_FAILURES):
        with slots.taken(), pytest.raises(HashingBusy):
            authenticator.authenticate("bob", BOBS, HERE)
    assert authenticator.authenticate("bob", BOBS, HERE) == bob


@pytest.mark.proves("LG1")
def test_every_step_of_guessing_and_succeeding_is_recorded(
    authenticator: Authenticator, events: Events, clock: HandClock, bob: Account
) -> None:
    for _ in range(FREE_FAILURES):
        refused(authenticator, "bob", "wrong")
    clock.advance(LONGEST_WAIT * 1800)
    authenticator.authenticate("bob", BOBS, HERE)
    authenticator.authenticate("bob", BOBS, HERE)
    assert events.names() == [
        *["authn_login_fail"] * FREE_FAILURES,
        "authn_login_fail_max",
        "authn_login_success",
        "authn_login_successafterfail",
        "authn_login_success",
    ]
    about = dict(events.recorded)
    assert about["authn_login_fail"] == {"account": bob.id, "portal": None, "address": HERE, "factor": "password"}
    assert about["authn_login_fail_max"]["limit"] == FREE_FAILURES
    assert about["authn_login_successafterfail"]["retries"] == FREE_FAILURES


def test_the_name_of_no_account_is_not_recorded(authenticator: Authenticator, events: Events) -> None:
    refused(authenticator, "my secret passphrase", "")
    about = {"account": None, "portal": None, "address": HERE, "factor": "password"}
    assert events.recorded == [("authn_login_fail", about)]


def test_the_portal_that_the_person_goes_to_is_recorded(
    authenticator: Authenticator, events: Events, bob: Account
) -> None:
    authenticator.authenticate(bob.username, BOBS, HERE, "news")
    with pytest.raises(InvalidCredentials):
        authenticator.authenticate("bob", "wrong", HERE, "news")
    assert [about["portal"] for _, about in events.recorded] == ["news", "news"]


@pytest.mark.parametrize(
    ("address", "limit"), [(HERE, "address"), ("198.51.100.{low}", "network"), ("10.{high}.{low}.1", "overall")]
)
def test_a_limit_that_is_used_up_is_recorded_once(
    authenticator: Authenticator, events: Events, address: str, limit: str
) -> None:
    for number in range(OVERALL_BUCKET + 10):
        with pytest.raises((InvalidCredentials, TooManyAttempts)):
            authenticator.authenticate(
                f"person-{number}", "wrong", address.format(high=number // 250, low=number % 250)
            )
    recorded = [details["limit"] for name, details in events.recorded if name == "excess_rate_limit_exceeded"]
    assert recorded == [limit]


@pytest.mark.proves("AU7", "LG1")
def test_a_password_change_needs_the_current_one(
    authenticator: Authenticator, sessions: LiveSessions, events: Events, bob: Account
) -> None:
    with pytest.raises(InvalidCredentials):
        authenticator.change_password(bob, "wrong", NEW, address=HERE, keep="this")
    assert sessions.told == []
    with pytest.raises(PasswordTooShort):
        authenticator.change_password(bob, BOBS, "short", address=HERE, keep="this")
    authenticator.change_password(bob, BOBS, NEW, address=HERE, keep="this")
    assert sessions.told == [(bob.id, "password-changed", "this")]
    assert events.names() == ["authn_login_fail", "authn_password_change_fail", "authn_password_change"]
    assert authenticator.authenticate("bob", NEW, HERE).id == bob.id


@pytest.mark.proves("AU7")
def test_a_change_in_flight_does_not_undo_a_recovery(
    authenticator: Authenticator,
    links: SetupLinks,
    events: Events,
    sessions: LiveSessions,
    bob: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token, choose = links.issue(bob.id), Passwords.choose

    def choose_while_the_owner_recovers(*args: Any, **options: Any) -> str:
        monkeypatch.undo()
        links.redeem(token, NEW)
        return choose(*args, **options)

    monkeypatch.setattr(Passwords, "choose", choose_while_the_owner_recovers)
    with pytest.raises(InvalidCredentials):
        authenticator.change_password(bob, BOBS, "what the thief would like", address=HERE, keep="the thief's")
    assert authenticator.authenticate("bob", NEW, HERE).id == bob.id
    assert sessions.told == [(bob.id, "password-changed", None)]
    assert events.names() == ["authn_password_change_fail", "authn_login_success"]


def test_a_change_holds_though_the_cost_of_hashes_was_raised(
    database: Database, clock: HandClock, throttle: LoginThrottle, events: Events, bob: Account
) -> None:
    dearer = Passwords(site_name="", memory_cost=128, time_cost=1)
    accounts = make_accounts(database, clock, dearer, LiveSessions(), throttle)
    authenticator = Authenticator(accounts=accounts, passwords=dearer, throttle=throttle, record=events)
    authenticator.change_password(bob, BOBS, NEW, address=HERE, keep="this")
    assert authenticator.authenticate("bob", NEW, HERE).id == bob.id


def test_the_current_password_is_no_new_one(
    authenticator: Authenticator, sessions: LiveSessions, alice: Account
) -> None:
    with pytest.raises(PasswordUnchanged):
        authenticator.change_password(alice, ALICES, unicodedata.normalize("NFD", ALICES), address=HERE, keep="this")
    assert sessions.told == []


@pytest.mark.proves("AU7")
def test_wrong_current_passwords_count_as_failed_logins(authenticator: Authenticator, bob: Account) -> None:
    for _ in range(FREE_FAILURES):
        with pytest.raises(InvalidCredentials):
            authenticator.change_password(bob, "wrong", NEW, address=HERE, keep="this")
    with pytest.raises(TooManyAttempts):
        authenticator.authenticate("bob", BOBS, "198.51.100.1")


def test_administrators_log_in_like_everybody(authenticator: Authenticator, alice: Account) -> None:
    assert authenticator.authenticate("alice", ALICES, HERE).roles == ("admin",)
