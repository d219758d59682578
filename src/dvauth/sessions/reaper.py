"""Finds the ends nobody asked about, and brings the events to those who keep them.

Safe to run more than once at a time: an end happens once, an event is kept once by its id.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dvauth.sessions.record import Clock, SessionEvent, SessionRef
from dvauth.sessions.schedule import Schedule
from dvauth.sessions.settling import Settler
from dvauth.sessions.store import SessionStore
from dvauth.storage.redis import StoreUnavailable
from dvauth.timeouts.policy import PolicySet

# In one script, so that no script holds Redis for more than a few milliseconds.
BATCH = 1000  # sessions read or rescheduled, or events
ENDS = 200

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DrainedEvent:
    """A session's event with an id that is its own for ever."""

    id: str
    event: SessionEvent


def never() -> bool:
    return False


class Reaper:
    """``is_over`` tells when the caller's time is used up; what is left then stays for the next time."""

    def __init__(
        self,
        schedule: Schedule,
        store: SessionStore,
        clock: Clock,
        policies: Callable[[], PolicySet],
    ) -> None:
        self._schedule = schedule
        self._store = store
        self._clock = clock
        self._policies = policies
        self._settler = Settler(store, clock, policies)
        self._known_roles: set[str] = set()  # as they stand in Redis; a handful

    def reap(self, is_over: Callable[[], bool] = never) -> int:
        """End all that is due to end and reschedule the rest; how many sessions ended. Asks Redis once if none is due.

        A session that cannot be read keeps no other waiting, and is due again the next time.
        """
        ended, failed = 0, set[SessionRef]()
        while due := self._due_but(failed):
            for refs in due:
                ended += self._reap_readable(refs, failed)
                if is_over():
                    return ended
        return ended

    def _due_but(self, failed: set[SessionRef]) -> list[list[SessionRef]]:
        due = self._schedule.due(self._clock.now(), ENDS)
        return [left for refs in due if (left := [ref for ref in refs if ref not in failed])]

    def _reap_readable(self, refs: Sequence[SessionRef], failed: set[SessionRef]) -> int:
        try:
            return self._reap(refs)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever stands there
            if len(refs) > 1:
                return sum(self._reap_readable([ref], failed) for ref in refs)
            log.warning("session %s of bucket %s: %r", refs[0].session_id, refs[0].bucket, error)
            failed.update(refs)
            return 0

    def _reap(self, refs: Sequence[SessionRef]) -> int:
        records = self._store.read_many(refs, for_lists=False)
        ended, alive = self._settler.settle_all(records, self._clock.now())
        self._look_again(alive)
        if len(records) < len(refs):
            gone = set(refs) - {record.ref for record in records}
            self._schedule.forget(refs[0].bucket, [ref.session_id for ref in gone])
        return len(ended)

    def sweep(self, bucket: str) -> int:
        """Reschedule every session of a bucket by the policies in force; how many it has seen."""
        seen = cursor = 0
        while True:
            cursor, refs = self._schedule.walk(bucket, cursor, BATCH)
            self._look_again(refs)
            seen += len(refs)
            if not cursor:
                return seen

    def _look_again(self, refs: Sequence[SessionRef]) -> None:
        """Roles met for the first time are learned, and what has them is rescheduled once more."""
        policies = self._policies()
        while refs:
            limits = {roles: policies.strictest(roles.split()).policy for roles in self._known_roles}
            unknown = self._schedule.reschedule(refs, limits)
            if not unknown:
                break
            self._known_roles.update(unknown)

    def drain(self, keep: Callable[[Sequence[DrainedEvent]], None], is_over: Callable[[], bool] = never) -> int:
        """Hand waiting events over; they are forgotten only after ``keep`` returned. How many there were."""
        drained = 0
        for bucket in self._schedule.waiting_events():
            if events := self._schedule.events(bucket, BATCH):
                keep([DrainedEvent(f"{bucket}-{stream_id}", event) for stream_id, event in events])
                self._schedule.forget_events(bucket, [stream_id for stream_id, _ in events])
            drained += len(events)
            if is_over():
                break
        return drained
