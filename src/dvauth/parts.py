"""Joins the parts: what the web, the command line and the reaper work with, made from settings.

The parts know each other only by what is handed to them here.
"""

import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import TextIO

from dvauth.accounts.authentication import Authenticator
from dvauth.accounts.changes import Changes
from dvauth.accounts.directory import AccountDirectory
from dvauth.accounts.idempotency_keys import IdempotencyKeys
from dvauth.accounts.passwords import Passwords
from dvauth.accounts.search import AccountSearch
from dvauth.accounts.setup_links import SetupLinks
from dvauth.accounts.throttle import LoginThrottle
from dvauth.administration.account_import import AccountImport
from dvauth.administration.accounts import AccountAdministration
from dvauth.administration.administration import Administration
from dvauth.administration.api_tokens import ApiTokenAdministration
from dvauth.administration.audit import AuditAdministration
from dvauth.administration.end_orders import EndOrders, OrderedEnds
from dvauth.administration.portals import PortalAdministration
from dvauth.administration.session_index import Reconciliation, SessionIndex
from dvauth.administration.sessions import SessionAdministration
from dvauth.administration.statistics import Notes, StatisticsAdministration
from dvauth.administration.tag_check import TagCheck
from dvauth.administration.timeouts import TimeoutAdministration
from dvauth.api_tokens.registry import ApiTokenRegistry
from dvauth.audit.counts import HourlyCounts
from dvauth.audit.events import Event
from dvauth.audit.journal_writer import PATIENCE_SECONDS, JournalWriter
from dvauth.audit.late_logouts import LateLogouts
from dvauth.audit.log import AuditLog
from dvauth.audit.revocations import RevocationJournal
from dvauth.audit.trail import AuditTrail
from dvauth.explained import N_, Explained
from dvauth.policies.book import PolicyBook, forget_portal
from dvauth.portals.directory import PortalDirectory
from dvauth.portals.registry import PortalRegistry
from dvauth.publisher import Published, Publisher
from dvauth.sessions.cookie import CookieSigner
from dvauth.sessions.keeper import SessionKeeper
from dvauth.sessions.late_ends import LateEnds
from dvauth.sessions.pauses import Pauses
from dvauth.sessions.prompts import Prompts
from dvauth.sessions.reaper import Reaper
from dvauth.sessions.record import Clock, to_ms
from dvauth.sessions.schedule import Schedule
from dvauth.sessions.store import SessionStore
from dvauth.sessions.survey import SessionSurvey
from dvauth.sessions.sweep import SweepProgress
from dvauth.sessions.tickets import TicketOffice
from dvauth.settings import Settings
from dvauth.standing_ends import StandingEnds
from dvauth.storage.embedded_redis import running_url
from dvauth.storage.redis import RedisConnection, TrustedRun, UnguardedConnection, connect
from dvauth.storage.sql import Database
from dvauth.storage.watch import RedisClock, RedisWatch
from dvauth.timeouts.judge import Reason
from dvauth.timeouts.policy import PolicySet

A_THREADS_CONNECTIONS = 2  # one that it keeps for reading, one that it borrows for scripts
OWN_CONNECTIONS = 8  # beside those of threads that serve


class NoRedis(Explained):
    sentence = N_("No service runs on the data folder {folder}, and DVAUTH_REDIS_URL is not set: start dvauth serve.")


class Parts:
    """Everything a process needs, made on first use. ``start`` begins to watch Redis, ``close`` lets go of all.

    Redis is the one of the settings, or else the embedded one that runs on the data folder. Sessions go by Redis's
    time unless another ``clock`` is handed in. Audit lines go to ``audit_stream``, or else to standard output.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None, *, audit_stream: TextIO | None = None) -> None:
        redis_url = settings.redis_url or running_url(settings.data_dir)
        if redis_url is None:
            raise NoRedis(folder=settings.data_dir)
        self.settings = settings
        self.database = Database(settings.sql_url)
        run = TrustedRun()
        most = settings.threads * A_THREADS_CONNECTIONS + OWN_CONNECTIONS
        client = connect(redis_url, redis_connect_func=run.greet, max_connections=most)
        self.connection = RedisConnection(client, run, on_break=self._record_outage)
        self._probe = connect(redis_url)
        redis_clock = RedisClock()
        self.clock = clock or redis_clock
        self.signer = CookieSigner(settings.secret_key)
        self.store = SessionStore(self.connection)
        self.tickets = TicketOffice(self.connection)
        self.revocations = RevocationJournal(self.database)
        self.journal = JournalWriter(self.revocations.add)
        self._impatient_database = Database(settings.sql_url, lock_wait=PATIENCE_SECONDS)  # people wait for it
        self.session_index = SessionIndex(self.database)
        self.late_logouts = LateLogouts(self._impatient_database)
        self.audit = AuditLog(self.database, tag=self._audit_tag, now=utc_now, stream=audit_stream)
        self.audit_trail = AuditTrail(self.database)
        self.hourly_counts = HourlyCounts(self.database)
        self.pauses = Pauses(self._probe)
        self.prompts = Prompts(self._probe, self.clock.now)
        self.watch = RedisWatch(
            self.connection, self._probe, redis_clock, Published.parse, self._recover, after_beat=self._hand_in
        )

    def start(self) -> None:
        self.watch.start()

    def close(self) -> None:
        self.watch.close()
        self.connection.client.close()
        self.journal.close()
        self.audit.close()
        self._impatient_database.close()
        self.database.close()

    def policies(self) -> PolicySet:
        """The policies in force. Raises ``StoreUnavailable`` where they are not known for sure."""
        return self.watch.current().policies

    def portal_directory(self) -> PortalDirectory:
        return self.watch.current().portals

    def last_portal_directory(self) -> PortalDirectory:
        return self.watch.last_known().portals

    def tag_key(self) -> bytes:
        """Keys what must stay the same when signing keys change. Raises ``StoreUnavailable``, as ``policies``."""
        return self.watch.current().tag_key

    @cached_property
    def keeper(self) -> SessionKeeper:
        return SessionKeeper(
            self.store,
            self.signer,
            self.clock,
            self.policies,
            self.standing_ends.journal,
            note_pause=self.pauses.note,
        )

    @cached_property
    def standing_ends(self) -> StandingEnds:
        return StandingEnds(
            revocations=self.revocations,
            writer=self.journal,
            late_logouts=self.late_logouts,
            late_ends=LateEnds(self.store, self.clock, self.policies),
            signer=self.signer,
            now=utc_now,
        )

    @cached_property
    def schedule(self) -> Schedule:
        return Schedule(self.connection)

    @cached_property
    def reaper(self) -> Reaper:
        return Reaper(self.schedule, self.store, self.clock, self.policies)

    @cached_property
    def publisher(self) -> Publisher:
        return Publisher(self._probe, self.database, self.policy_book, self.portals)

    @cached_property
    def policy_book(self) -> PolicyBook:
        return PolicyBook(self.database, self._publish, short_allowed=self.settings.development_short_timeouts)

    @cached_property
    def sweep_progress(self) -> SweepProgress:
        return SweepProgress(self.connection)

    @cached_property
    def survey(self) -> SessionSurvey:
        return SessionSurvey(self.connection, self.store)

    @cached_property
    def reconciliation(self) -> Reconciliation:
        return Reconciliation(self.session_index, self.schedule, self.store, self._slug_of)

    def _slug_of(self, portal_id: int | None) -> str:
        return next((portal.slug for portal in self.portal_directory().portals if portal.id == portal_id), "")

    @cached_property
    def end_orders(self) -> EndOrders:
        return EndOrders(self.database)

    @cached_property
    def ordered_ends(self) -> OrderedEnds:
        return OrderedEnds(self.end_orders, self.schedule, self.store, self.keeper, self.clock.now)

    @cached_property
    def notes(self) -> Notes:
        return Notes(
            counts=self.hourly_counts,
            survey=self.survey,
            index=self.session_index,
            prompts=self.prompts,
            connection=self.connection,
            slugs=lambda: [portal.slug for portal in self.portal_directory().portals],
            now=self.clock.now,
        )

    @cached_property
    def portals(self) -> PortalRegistry:
        return PortalRegistry(self.database, publish=self._publish, forget=forget_portal)

    @cached_property
    def throttle(self) -> LoginThrottle:
        key = f"dvauth.throttle:{self.settings.secret_key[-1]}".encode()
        return LoginThrottle(self.connection, key=key, now_ms=lambda: to_ms(self.clock.now()))

    @cached_property
    def passwords(self) -> Passwords:
        """At most one hash a core at a time, over all workers together."""
        slots = max(1, (os.cpu_count() or 1) // self.settings.workers)
        return Passwords(site_name=self.settings.site_name, portal_names=self._portal_names, slots=slots)

    def _portal_names(self) -> list[str]:
        return [portal.name for portal in self.portals.all()]

    @cached_property
    def accounts(self) -> AccountDirectory:
        changes = Changes(
            self.database,
            sessions_now=self.clock.now,
            end_sessions=self._end_sessions,
            roles_changed=self.keeper.set_roles,
            forgive=self.throttle.forgive,
        )
        return AccountDirectory(self.database, now=utc_now, passwords=self.passwords, changes=changes)

    @cached_property
    def setup_links(self) -> SetupLinks:
        return SetupLinks(self.database, accounts=self.accounts, passwords=self.passwords, now=utc_now)

    @cached_property
    def administration(self) -> Administration:
        record = self.audit.record
        timeouts = TimeoutAdministration(
            book=self.policy_book,
            portals=self.portals,
            survey=self.survey,
            pauses=lambda: self.connection.call(self.pauses.counts),
            sweep=self.sweep_progress,
            now=self.clock.now,
            record=record,
        )
        accounts = AccountAdministration(
            accounts=self.accounts,
            search=AccountSearch(self.database),
            links=self.setup_links,
            keys=IdempotencyKeys(self.database, now=utc_now),
            throttle=self.throttle,
            require_roles=timeouts.require_roles,
            base_url=self.settings.base_url,
            now=utc_now,
            record=record,
            flush=self.audit.flush,
        )
        sessions = SessionAdministration(
            index=self.session_index,
            orders=self.end_orders,
            keeper=self.keeper,
            survey=self.survey,
            accounts=self.accounts,
            portals=self.portals,
            now=self.clock.now,
            record=record,
        )
        statistics = StatisticsAdministration(
            counts=self.hourly_counts,
            sessions=sessions,
            orders=self.end_orders,
            swept=timeouts.swept,
            now=self.clock.now,
        )
        return Administration(
            accounts=accounts,
            account_import=AccountImport(self.accounts, accounts, require_roles=timeouts.require_roles),
            api_tokens=ApiTokenAdministration(
                tokens=ApiTokenRegistry(self.database, now=utc_now), accounts=self.accounts, now=utc_now, record=record
            ),
            audit=AuditAdministration(trail=self.audit_trail, accounts=self.accounts, record=record),
            portals=PortalAdministration(
                portals=self.portals, tag_check=TagCheck(self.settings.base_url), record=record
            ),
            sessions=sessions,
            statistics=statistics,
            timeouts=timeouts,
        )

    @cached_property
    def authenticator(self) -> Authenticator:
        return Authenticator(
            accounts=self.accounts, passwords=self.passwords, throttle=self.throttle, record=self.audit.record
        )

    def _hand_in(self) -> None:
        self.pauses.hand_in()
        self.prompts.hand_in()

    def _end_sessions(self, account_id: str, reason: str, keep: str | None, opened_until: datetime) -> None:
        self.keeper.end_all(account_id, Reason(reason), keep=keep, opened_until=opened_until)

    def _record_outage(self) -> None:
        self.audit.record(Event.SYS_STORE_UNAVAILABLE, store="redis")

    def _audit_tag(self, session_id: str) -> str:
        """The events of one session share it, and without our key nobody finds the session by it."""
        key = f"dvauth.audit:{self.settings.secret_key[-1]}".encode()
        return hmac.new(key, session_id.encode(), hashlib.sha256).hexdigest()[:16]

    def _publish(self) -> None:
        self.connection.call(self.publisher.publish)

    def _recover(self, run_id: str) -> None:
        self.publisher.recover(run_id, self._repeat_ends)

    def _repeat_ends(self) -> None:
        store = SessionStore(UnguardedConnection(self._probe))
        self.standing_ends.repeat(LateEnds(store, self.clock, self.policy_book.load))


def utc_now() -> datetime:
    """The host's clock, for what is kept in SQL. Sessions go by Redis's."""
    return datetime.now(UTC)


@contextmanager
def connected(settings: Settings, *, audit_stream: TextIO | None = None) -> Iterator[Parts]:
    """Parts that watch Redis for the duration of the block."""
    parts = Parts(settings, audit_stream=audit_stream)
    try:
        parts.start()
        yield parts
    finally:
        parts.close()
