"""What must happen even if nobody asks: ends are found, events kept, changes told, policies published.

One round a second, and the next at once if one takes longer. Each task stands for itself, and what needs SQL has a
thread of its own: a database that is away, locked or busy with many events must not keep sessions from ending.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from dvauth.audit.events import Event
from dvauth.audit.log import Entry
from dvauth.parts import Parts, utc_now
from dvauth.sessions import keys
from dvauth.sessions.ending import ADDRESS, DEVICE
from dvauth.sessions.reaper import DrainedEvent
from dvauth.storage.redis import StoreUnavailable
from dvauth.storage.sql import DatabaseUnavailable
from dvauth.storage.watch import STALE_AFTER_SECONDS
from dvauth.timeouts.policy import PolicySet

ROUND_SECONDS = 1.0
SWEEP_SHARE_SECONDS = 0.5  # of a round, so that a long sweep does not keep ends waiting
REAP_SHARE_SECONDS = 0.5  # … nor many ends the sweep that finds more
DRAIN_SHARE_SECONDS = 0.5  # … nor many events the changes
FORGET_SHARE_SECONDS = 0.2  # … nor what is forgotten the rest
END_SHARE_SECONDS = 0.5  # … nor sessions to end by order the events
FORGET_AGAIN_SECONDS = 3600
NOTE_AGAIN_SECONDS = 60

log = logging.getLogger(__name__)


class Housekeeping:
    """Safe to run in more than one process."""

    def __init__(self, parts: Parts, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._parts = parts
        self._monotonic = monotonic
        self._heard: PolicySet | None = None
        self._sweep_again_at = float("inf")
        self._unswept: list[str] = []  # buckets
        self._told: tuple[PolicySet, int] | None = None  # how far the sweep was
        self._more_to_end = False
        self._forget_again_at = float("-inf")
        self._forget_events_again_at = float("-inf")
        self._unreconciled: list[str] = []  # buckets
        self._note_again_at = float("-inf")

    def run(self, stopped: threading.Event) -> None:
        """One round after another until ``stopped`` is set."""
        books = threading.Thread(target=_every_second, args=(self.keep_books, stopped), name="books")
        books.start()
        _every_second(self.end_sessions, stopped)
        books.join()

    def round(self) -> None:
        """One round of everything, in this thread."""
        self.end_sessions()
        self.keep_books()

    def end_sessions(self) -> None:
        """The round that asks Redis alone."""
        for task in (self._sweep, self._reap):
            _attempt(task)

    def keep_books(self) -> None:
        """The round that asks SQL."""
        parts = self._parts
        tasks = (
            parts.standing_ends.log_out_late,
            self._end_by_order,
            self._drain,
            self._publish,
            parts.accounts.settle,
            self._forget,
            self._forget_events,
            self._reconcile,
            self._note,
        )
        for task in tasks:
            _attempt(task)

    def _sweep(self) -> None:
        """After a change of policies, and after each start: the moments in the schedule must not be late.

        Once at once, and once when no process goes by the old policies any longer: until then a login somewhere may
        have been scheduled by them. A bucket that fails is swept again in the next round.
        """
        policies, now = self._parts.policies(), self._monotonic()
        if policies != self._heard:
            self._heard, self._sweep_again_at = policies, now + STALE_AFTER_SECONDS
            self._unswept = list(keys.BUCKETS)
        elif now >= self._sweep_again_at:
            self._sweep_again_at = float("inf")
            self._unswept = list(keys.BUCKETS)
        self._tell_of_sweep(policies)
        self._sweep_next(self._share(SWEEP_SHARE_SECONDS))
        self._tell_of_sweep(policies)

    def _tell_of_sweep(self, policies: PolicySet) -> None:
        is_first = self._sweep_again_at < float("inf")
        left = len(self._unswept) + (len(keys.BUCKETS) if is_first else 0)
        if self._told != (policies, left):
            self._parts.sweep_progress.note(policies, left)
            self._told = policies, left

    def _sweep_next(self, is_over: Callable[[], bool]) -> None:
        failed = []
        while self._unswept and not is_over():
            bucket = self._unswept[-1]
            try:
                self._parts.reaper.sweep(bucket)
            except StoreUnavailable:
                raise
            except Exception as error:  # noqa: BLE001 - the other buckets must not wait for this one
                log.warning("sweep of bucket %s: %r; tried again in a second", bucket, error)
                failed.append(bucket)
            self._unswept.pop()
        self._unswept = failed + self._unswept

    def _reap(self) -> None:
        is_over = self._share(REAP_SHARE_SECONDS)
        self._parts.reaper.reap(is_over)
        self._more_to_end = is_over()

    def _drain(self) -> None:
        """While more sessions are due to end than one round can, their events wait: they are safe where they are."""
        is_over = self._share(0 if self._more_to_end else DRAIN_SHARE_SECONDS)
        while self._parts.reaper.drain(self._keep, is_over) and not is_over():
            pass

    def _share(self, seconds: float) -> Callable[[], bool]:
        """Whether that much of a round is used up from now on."""
        until = self._monotonic() + seconds
        return lambda: self._monotonic() >= until

    def _keep(self, events: Sequence[DrainedEvent]) -> None:
        try:
            self._write_down(events)
        except DatabaseUnavailable:
            raise
        except Exception:  # noqa: BLE001 - one of them; the others must be kept all the same
            for drained in events:
                self._keep_alone(drained)

    def _keep_alone(self, drained: DrainedEvent) -> None:
        try:
            self._write_down([drained])
        except DatabaseUnavailable:
            raise
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is kept as it is, and comes no more
            # Its own time may make no sense either, and would be forgotten at once as too old.
            now, raw = utc_now(), {"raw": repr(drained.event)}
            self._parts.audit.ingest([Entry(id=drained.id, at=now, event=Event.SYS_UNREADABLE_EVENT, details=raw)])

    def _write_down(self, events: Sequence[DrainedEvent]) -> None:
        """Willed ends go into the journal as well: most are there already, those of a SQL outage are not."""
        parts = self._parts
        parts.standing_ends.keep(drained.event for drained in events)
        portals = parts.session_index.login_portals(drained.event for drained in events)
        parts.audit.ingest(_entry(drained, portals.get(drained.event.ref.session_id)) for drained in events)
        parts.session_index.keep(drained.event for drained in events)

    def _publish(self) -> None:
        self._parts.connection.call(self._parts.publisher.publish)

    def _forget(self) -> None:
        if self._monotonic() >= self._forget_again_at:
            self._parts.revocations.forget(utc_now())
            self._forget_again_at = self._monotonic() + FORGET_AGAIN_SECONDS
            self._unreconciled = list(keys.BUCKETS)

    def _reconcile(self) -> None:
        """One bucket of the index of sessions a round: all of them within five minutes, and again every hour."""
        if not self._unreconciled:
            return
        bucket = self._unreconciled.pop()
        try:
            self._parts.reconciliation.reconcile(bucket)
        except (StoreUnavailable, DatabaseUnavailable):
            self._unreconciled.append(bucket)
            raise

    def _note(self) -> None:
        if self._monotonic() >= self._note_again_at:
            self._parts.notes.take()
            self._note_again_at = self._monotonic() + NOTE_AGAIN_SECONDS

    def _end_by_order(self) -> None:
        self._parts.ordered_ends.go_on(self._share(END_SHARE_SECONDS))

    def _forget_events(self) -> None:
        """As long as there are old ones some in each round: nothing else waits for them."""
        if self._monotonic() < self._forget_events_again_at:
            return
        old = utc_now() - timedelta(days=self._parts.settings.audit_retention)
        is_over = self._share(FORGET_SHARE_SECONDS)
        while self._parts.audit_trail.forget(old):
            if is_over():
                return
        self._parts.hourly_counts.forget(old)
        self._forget_events_again_at = self._monotonic() + FORGET_AGAIN_SECONDS


def _every_second(round_: Callable[[], None], stopped: threading.Event) -> None:
    pause = ROUND_SECONDS
    while not stopped.wait(pause):
        began = time.monotonic()
        round_()
        pause = max(0.0, began + ROUND_SECONDS - time.monotonic())


def _attempt(task: Callable[[], object]) -> None:
    try:
        task()
    except Exception as error:  # noqa: BLE001 - the next task, and the next round, must come all the same
        log.warning("%s: %r; tried again in a second", task.__name__.strip("_"), error)


def _entry(drained: DrainedEvent, login_portal: str | None) -> Entry:
    event = drained.event
    details = {name: value for name, value in event.details.items() if name != DEVICE}
    return Entry(
        id=drained.id,
        at=event.at,
        event=event.event,
        account=event.account_id or None,
        session=event.ref.session_id,
        portal=details.pop("portal", None),
        login_portal=login_portal,
        address=details.pop(ADDRESS, None),
        details=details,
    )
