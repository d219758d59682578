"""Alice administers, Bob edits. Live sessions are a list of what they were told."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from dvauth.accounts.account import Account
from dvauth.accounts.authentication import Authenticator
from dvauth.accounts.changes import Changes
from dvauth.accounts.directory import AccountDirectory
from dvauth.accounts.passwords import Passwords
from dvauth.accounts.setup_links import SetupLinks
from dvauth.accounts.throttle import LoginThrottle
from dvauth.storage.redis import RedisConnection, StoreUnavailable
from dvauth.storage.sql import Database
from tests.conftest import HandClock

ALICES = "bốn con ngựa xám ngoài đồng"
BOBS = "correct horse battery staple"


@dataclass
class LiveSessions:
    """What the session store was told, in order; ``down`` makes it refuse."""

    told: list[tuple[Any, ...]] = field(default_factory=list)
    down: bool = False

    def end(self, account_id: str, reason: str, keep: str | None, opened_until: datetime) -> None:
        self._tell(account_id, reason, keep)

    def set_roles(self, account_id: str, roles: tuple[str, ...]) -> None:
        self._tell(account_id, roles)

    def _tell(self, *what: Any) -> None:
        if self.down:
            raise StoreUnavailable
        self.told.append(what)


@dataclass
class Events:
    """The events that were recorded, by name and with everything about them."""

    recorded: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, event: str, /, **about: Any) -> None:
        self.recorded.append((event, about))

    def names(self) -> list[str]:
        return [event for event, _ in self.recorded]


@pytest.fixture
def sessions() -> LiveSessions:
    return LiveSessions()


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def passwords() -> Passwords:
    """As in production, but cheap."""
    return Passwords(site_name="Cổng thông tin điện tử", slots=2, line=60, memory_cost=64, time_cost=1)


@pytest.fixture
def throttle(connection: RedisConnection, clock: HandClock) -> LoginThrottle:
    return LoginThrottle(connection, key=b"k" * 32, now_ms=clock.now_ms)


@pytest.fixture
def accounts(
    database: Database, clock: HandClock, passwords: Passwords, sessions: LiveSessions, throttle: LoginThrottle
) -> AccountDirectory:
    return make_accounts(database, clock, passwords, sessions, throttle)


def make_accounts(
    database: Database, clock: HandClock, passwords: Passwords, sessions: LiveSessions, throttle: LoginThrottle
) -> AccountDirectory:
    changes = Changes(
        database,
        sessions_now=clock.now,
        end_sessions=sessions.end,
        roles_changed=sessions.set_roles,
        forgive=throttle.forgive,
    )
    return AccountDirectory(database, now=clock.now, passwords=passwords, changes=changes)


@pytest.fixture
def links(database: Database, clock: HandClock, passwords: Passwords, accounts: AccountDirectory) -> SetupLinks:
    return SetupLinks(database, accounts=accounts, passwords=passwords, now=clock.now)


@pytest.fixture
def authenticator(
    accounts: AccountDirectory, passwords: Passwords, throttle: LoginThrottle, events: Events
) -> Authenticator:
    return Authenticator(accounts=accounts, passwords=passwords, throttle=throttle, record=events)


@pytest.fixture
def alice(accounts: AccountDirectory, sessions: LiveSessions) -> Account:
    return _with_password(accounts, sessions, accounts.add("Alice", roles=["admin"]), ALICES)


@pytest.fixture
def bob(accounts: AccountDirectory, sessions: LiveSessions) -> Account:
    return _with_password(accounts, sessions, accounts.add("Bob", roles=["editor"]), BOBS)


def _with_password(accounts: AccountDirectory, sessions: LiveSessions, account: Account, password: str) -> Account:
    accounts.set_password(account.id, password)
    sessions.told.clear()
    known = accounts.get(account.id)
    assert known
    return known
