"""Sessions to end that may be too many for one request: ordered in SQL, ended by the housekeeping.

Which they are, Redis alone is asked, not the index: it lacks the logins of the last second. A walk over a million
sessions takes minutes, no more than a bucket's 4,000 at a time, and whoever asks meanwhile is told the truth.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from dvauth.administration.models import EndOrderRow
from dvauth.sessions import keys
from dvauth.sessions.keeper import SessionKeeper
from dvauth.sessions.record import SessionRecord, SessionRef, to_ms
from dvauth.sessions.schedule import Schedule
from dvauth.sessions.store import SessionStore
from dvauth.storage.redis import StoreUnavailable
from dvauth.storage.sql import Database
from dvauth.timeouts.judge import Reason

# A login that had begun before the order may come into Redis after it: longer than any request may take.
LATECOMERS = timedelta(minutes=1)
BATCH = 500  # sessions read at once

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOrder:
    """All sessions that were opened until then, or those of a portal's logins, but the one that is ``spared``."""

    id: int = 0
    portal_id: int | None
    spared: str | None
    opened_until: datetime

    def concerns(self, record: SessionRecord) -> bool:
        return (
            self.portal_id in {None, record.origin.portal_id}
            and record.ref.session_id != self.spared
            and to_ms(record.created_at) <= to_ms(self.opened_until)
        )


class EndOrders:
    """Every method may raise ``DatabaseUnavailable``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, order: EndOrder) -> None:
        with self._database.session() as sql:
            sql.add(EndOrderRow(portal_id=order.portal_id, spared=order.spared, opened_until=order.opened_until))

    def standing(self) -> list[EndOrder]:
        with self._database.session() as sql:
            return [
                EndOrder(id=row.id, portal_id=row.portal_id, spared=row.spared, opened_until=row.opened_until)
                for row in sql.scalars(select(EndOrderRow))
            ]

    def forget(self, order: EndOrder) -> None:
        with self._database.session() as sql:
            sql.execute(delete(EndOrderRow).where(EndOrderRow.id == order.id))


class OrderedEnds:
    """Walks over all sessions for the orders that stand, again and again until no latecomer can be among them."""

    def __init__(
        self,
        orders: EndOrders,
        schedule: Schedule,
        store: SessionStore,
        keeper: SessionKeeper,
        now: Callable[[], datetime],
    ) -> None:
        self._orders = orders
        self._schedule = schedule
        self._store = store
        self._keeper = keeper
        self._now = now
        self._standing: list[EndOrder] = []
        self._unwalked: list[str] = []  # buckets
        self._began = now()

    def go_on(self, is_over: Callable[[], bool]) -> None:
        """End until ``is_over``; the next call goes on from there."""
        if not self._unwalked:
            self._standing, self._began = self._orders.standing(), self._now()
            self._unwalked = list(keys.BUCKETS) if self._standing else []
        while self._unwalked and not is_over():
            self._walk(self._unwalked[-1])
            self._unwalked.pop()
        if not self._unwalked:
            for order in self._standing:
                if self._began >= order.opened_until + LATECOMERS:
                    self._orders.forget(order)

    def _walk(self, bucket: str) -> None:
        cursor, more = 0, True
        while more:
            cursor, refs = self._schedule.walk(bucket, cursor, BATCH)
            records = self._readable(refs)
            wanted = [record for record in records if any(order.concerns(record) for order in self._standing)]
            if wanted:
                self._keeper.end_many(wanted, Reason.REVOKED)
            more = cursor != 0

    def _readable(self, refs: Sequence[SessionRef]) -> list[SessionRecord]:
        """What cannot be read must not keep the others alive."""
        try:
            return self._store.read_many(refs)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever stands there
            if len(refs) > 1:
                return [record for ref in refs for record in self._readable([ref])]
            log.warning("session %s of bucket %s: %r", refs[0].session_id, refs[0].bucket, error)
            return []
