"""Sessions on a real Redis, by a clock that the test moves. Cast: Alice (no role), Bob (editor), Charlie (admin)."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from dvauth.sessions import keys
from dvauth.sessions.check import Opened
from dvauth.sessions.cookie import CookieSigner
from dvauth.sessions.keeper import SessionKeeper
from dvauth.sessions.late_ends import LateEnds
from dvauth.sessions.reaper import Reaper
from dvauth.sessions.record import Place, Principal, SessionEvent
from dvauth.sessions.schedule import Schedule
from dvauth.sessions.store import SessionStore
from dvauth.storage.redis import RedisConnection
from dvauth.timeouts.policy import Override, PolicySet, TimeoutPolicy


@dataclass(frozen=True)
class Gate:
    """A portal as sessions know it."""

    id: int
    slug: str


@dataclass
class Desk:
    """Everything that a test about sessions touches. ``policies`` may be replaced while sessions live.

    Everybody may idle for 15 minutes, Charlie for 5, and anybody on the portal ``bank`` for 3.
    """

    connection: RedisConnection
    clock: Any
    journal: list[SessionEvent] = field(default_factory=list)
    policies: PolicySet = field(
        default_factory=lambda: PolicySet(
            TimeoutPolicy(),
            {"admin": Override(idle_timeout=timedelta(minutes=5))},
            {"bank": Override(idle_timeout=timedelta(minutes=3))},
        )
    )

    alice = Principal(account_id="alice0000001")
    bob = Principal(account_id="bob000000001", roles=("editor",))
    charlie = Principal(account_id="charlie00001", roles=("admin",))
    news = Gate(1, "news")
    bank = Gate(2, "bank")
    at_news = Place(news)
    at_bank = Place(bank)

    def __post_init__(self) -> None:
        self.signer = CookieSigner(["a key for tests, with at least 32 signs: 0123456789"])
        self.store = SessionStore(self.connection)
        self.schedule = Schedule(self.connection)
        self.keeper = SessionKeeper(self.store, self.signer, self.clock, lambda: self.policies, self.journal.extend)
        self.late_ends = LateEnds(self.store, self.clock, lambda: self.policies)
        self.reaper = Reaper(self.schedule, self.store, self.clock, lambda: self.policies)

    def open(self, principal: Principal | None = None, **options: Any) -> Opened:
        return self.keeper.open(principal or self.alice, **options)

    def attach(self, cookie: str, portal: Gate) -> str | None:
        """The portal's own cookie, granted to whoever holds this central one."""
        credential = self.signer.read(cookie)
        assert credential
        return self.keeper.attach(credential, portal)

    def pass_time(self, **duration: float) -> None:
        self.clock.advance(timedelta(**duration))

    def sweep(self) -> int:
        """Sweep every bucket; how many sessions were seen."""
        return sum(self.reaper.sweep(bucket) for bucket in keys.BUCKETS)

    def events(self) -> list[tuple[str, dict[str, str]]]:
        """What waits for the audit log, oldest first."""
        waiting = [
            event for bucket in self.schedule.waiting_events() for _, event in self.schedule.events(bucket, 1000)
        ]
        return [(event.event, dict(event.details)) for event in sorted(waiting, key=lambda event: event.at)]


@pytest.fixture
def desk(connection: RedisConnection, clock: Any) -> Desk:
    return Desk(connection, clock)
