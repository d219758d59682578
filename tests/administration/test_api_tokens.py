"""Tokens of programs: for whom they act, and when they stop."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from dvauth.accounts.account import Draft
from dvauth.accounts.directory import AccountDirectory, insert_account
from dvauth.administration.actor import Actor
from dvauth.administration.api_tokens import ApiTokenAdministration, Issued, TokenRefused
from dvauth.api_tokens.registry import ApiTokenRegistry
from dvauth.api_tokens.token import Scope, Written
from dvauth.storage.sql import Database
from tests.conftest import HandClock

HERE = "192.0.2.7"
Events = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def events() -> Events:
    return []


@pytest.fixture
def accounts(any_database: Database, clock: HandClock) -> AccountDirectory:
    with any_database.session() as sql:
        for name in ("charlie", "dora"):
            insert_account(sql, Draft(name, roles=("admin",)), now=clock.now())
    changes: Any = _NobodyIsLoggedIn()
    passwords: Any = None
    return AccountDirectory(any_database, now=clock.now, passwords=passwords, changes=changes)


class _NobodyIsLoggedIn:
    def settle(self, account_id: str | None = None) -> None: ...


@pytest.fixture
def desk(
    any_database: Database, accounts: AccountDirectory, clock: HandClock, events: Events
) -> ApiTokenAdministration:
    def record(event: str, /, **details: Any) -> None:
        events.append((event, details))

    registry = ApiTokenRegistry(any_database, now=clock.now)
    return ApiTokenAdministration(tokens=registry, accounts=accounts, now=clock.now, record=record)


@pytest.fixture
def issued(desk: ApiTokenAdministration) -> Issued:
    scopes = ["audit:read", "accounts:read", "audit:read"]
    return desk.add(Actor("cli"), "Charlie", name="sync", scopes=scopes, lasts=timedelta(days=90))


def reason(desk: ApiTokenAdministration, events: Events, text: str) -> str:
    """Why it is refused, as the audit log alone tells."""
    with pytest.raises(TokenRefused):
        desk.admit(text, HERE)
    event, details = events[-1]
    assert event == "authn_token_fail"
    return str(details["reason"])


def test_lets_in_for_its_owner_with_its_scopes(desk: ApiTokenAdministration, issued: Issued) -> None:
    admitted = desk.admit(issued.text, HERE)
    assert admitted.actor == Actor(issued.owner.id, HERE, issued.token.id)
    assert admitted.scopes == (Scope.ACCOUNTS_READ, Scope.AUDIT_READ)
    assert desk.all().is_open(issued.token)


@pytest.mark.proves("LG3")
def test_of_the_secret_only_a_digest_is_kept(
    desk: ApiTokenAdministration, issued: Issued, any_database: Database, events: Events
) -> None:
    secret = issued.text.split("_", 2)[2]
    desk.admit(issued.text, HERE)
    reason(desk, events, issued.text[:-1])
    with any_database.session() as sql:
        kept = sql.connection().exec_driver_sql("SELECT * FROM api_token").all()
    assert secret not in f"{kept} {events} {issued!r} {issued.token!r} {Written.parse(issued.text)!r}"


def test_unknown_malformed_and_revoked_tokens_are_the_same(
    desk: ApiTokenAdministration, issued: Issued, events: Events
) -> None:
    other = desk.add(Actor("cli"), "dora", name="x", scopes=["audit:read"], lasts=timedelta(days=1))
    mixed = f"dvauth_{issued.token.id}_{other.text.split('_', 2)[2]}"
    for text in ("", "x", "dvauth_", f"{issued.text} ", f"{issued.text}\n", issued.text.upper(), mixed):
        assert reason(desk, events, text) == "unknown", text
    desk.revoke(Actor("cli"), issued.token.id)
    assert reason(desk, events, issued.text) == "unknown"
    assert events[-1][1]["token"] == issued.token.id


@pytest.mark.proves("AZ4")
@pytest.mark.parametrize("end", [lambda a, i: a.disable(i), lambda a, i: a.set_roles(i, ["editor"])])
def test_opens_nothing_while_its_owner_is_no_active_administrator(
    desk: ApiTokenAdministration,
    accounts: AccountDirectory,
    issued: Issued,
    events: Events,
    end: Callable[[AccountDirectory, str], None],
) -> None:
    end(accounts, issued.owner.id)
    assert reason(desk, events, issued.text) == "owner"
    assert events[-1][1]["account"] == issued.owner.id
    assert not desk.all().is_open(issued.token)


def test_ends_when_it_was_said_to(
    desk: ApiTokenAdministration, issued: Issued, clock: HandClock, events: Events
) -> None:
    clock.advance(timedelta(days=90) - timedelta(seconds=1))
    desk.admit(issued.text, HERE)
    clock.advance(timedelta(seconds=1))
    assert reason(desk, events, issued.text) == "expired"
    assert not desk.all().is_open(issued.token)


def test_its_last_use_is_kept_every_ten_minutes(desk: ApiTokenAdministration, issued: Issued, clock: HandClock) -> None:
    first = clock.now()
    for minutes, kept in ((0, 0), (9, 0), (1, 10), (9, 10)):
        clock.advance(timedelta(minutes=minutes))
        desk.admit(issued.text, HERE)
        (token,) = desk.all().tokens
        assert token.last_used_at == first + timedelta(minutes=kept)
