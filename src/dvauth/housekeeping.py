"""What must happen even if nobody asks: ends are found, events kept, changes told, policies published.

One round a second. Each task stands for itself: SQL being away must not keep sessions from ending.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence

from dvauth.audit.log import Entry
from dvauth.parts import Parts, utc_now
from dvauth.sessions.reaper import DrainedEvent
from dvauth.timeouts.policy import PolicySet

ROUND_SECONDS = 1.0
SWEEP_SHARE_SECONDS = 0.5  # of each round, so that a long sweep does not keep ends waiting
FORGET_EVERY_ROUNDS = 3600

log = logging.getLogger(__name__)


class Housekeeping:
    """One round after another; safe to run in more than one process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._swept: PolicySet | None = None
        self._sweep: Iterator[int] = iter(())
        self._rounds = 0

    def round(self) -> None:
        for task in (
            self._reap,
            self._parts.log_out_late,
            self._drain,
            self._publish,
            self._parts.accounts.settle,
            self._continue_sweep,
            self._forget,
        ):
            _attempt(task)
        self._rounds += 1

    def _reap(self) -> None:
        while self._parts.reaper.reap():
            pass

    def _drain(self) -> None:
        while self._parts.reaper.drain(self._keep):
            pass

    def _keep(self, events: Sequence[DrainedEvent]) -> None:
        self._parts.audit.ingest(_entry(drained) for drained in events)

    def _publish(self) -> None:
        self._parts.connection.call(self._parts.publisher.publish)

    def _continue_sweep(self) -> None:
        """After a change of policies, and after each start: the moments in the schedule must not be late."""
        policies = self._parts.policies()
        if policies != self._swept:
            self._swept, self._sweep = policies, iter(self._parts.reaper.sweep())
        until = time.monotonic() + SWEEP_SHARE_SECONDS
        for _ in self._sweep:
            if time.monotonic() > until:
                break

    def _forget(self) -> None:
        if self._rounds % FORGET_EVERY_ROUNDS == 0:
            self._parts.revocations.forget(utc_now())


def _attempt(task: Callable[[], object]) -> None:
    try:
        task()
    except Exception as error:  # noqa: BLE001 - the next task, and the next round, must come all the same
        log.warning("%s: %r; tried again in a second", task.__name__.strip("_"), error)


def _entry(drained: DrainedEvent) -> Entry:
    event = drained.event
    details = dict(event.details)
    return Entry(
        id=drained.id,
        at=event.at,
        event=event.event,
        account=event.account_id,
        session=event.ref.session_id,
        portal=details.pop("portal", None),
        details=details,
    )
