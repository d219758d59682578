"""Finds the ends nobody asked about, and brings the events to those who keep them.

Safe to run more than once at a time: an end happens once, an event is kept once by its id.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dvauth.sessions import keys
from dvauth.sessions.keeper import Active, Ended, SessionKeeper
from dvauth.sessions.record import CENTRAL, Clock, SessionEvent, SessionRecord, SessionRef
from dvauth.sessions.schedule import Schedule
from dvauth.sessions.store import SessionStore
from dvauth.timeouts.judge import deadline
from dvauth.timeouts.policy import PolicySet

BATCH = 1000  # sessions in one script, so that no script holds Redis for more than a few milliseconds


@dataclass(frozen=True, slots=True)
class DrainedEvent:
    """A session's event with an id that is its own for ever."""

    id: str
    event: SessionEvent


class Reaper:
    def __init__(
        self,
        schedule: Schedule,
        store: SessionStore,
        keeper: SessionKeeper,
        clock: Clock,
        policies: Callable[[], PolicySet],
    ) -> None:
        self._schedule = schedule
        self._store = store
        self._keeper = keeper
        self._clock = clock
        self._policies = policies

    def reap(self) -> int:
        """End what is due to end and reschedule the rest; how many sessions ended. Asks Redis once if none is due."""
        return sum(self._reap(refs) for refs in self._schedule.due(self._clock.now(), BATCH))

    def _reap(self, refs: Sequence[SessionRef]) -> int:
        records = self._store.read_many(refs)
        now = self._clock.now()
        settled = {record.ref.session_id: self._keeper.settle(record, CENTRAL, now) for record in records}
        alive = [found.record for found in settled.values() if isinstance(found, Active)]
        self._look_again(alive)
        if gone := {ref.session_id for ref in refs} - settled.keys():
            self._schedule.forget(refs[0].bucket, gone)
        return sum(isinstance(found, Ended) for found in settled.values())

    def sweep(self) -> Iterable[int]:
        """Reschedule every session by the policies in force; yields how many it has seen, after each batch."""
        seen = 0
        for bucket in keys.BUCKETS:
            cursor, refs = self._schedule.walk(bucket, 0, BATCH)
            while refs or cursor:
                self._look_again(self._store.read_many(refs))
                seen += len(refs)
                yield seen
                if not cursor:
                    break
                cursor, refs = self._schedule.walk(bucket, cursor, BATCH)

    def _look_again(self, records: Sequence[SessionRecord]) -> None:
        policies = self._policies()
        if records:
            self._store.reschedule([(record, deadline(record, policies)) for record in records])

    def drain(self, keep: Callable[[Sequence[DrainedEvent]], None]) -> int:
        """Hand waiting events over; they are forgotten only after ``keep`` returned. How many there were."""
        waiting = self._schedule.waiting_events(BATCH)
        for bucket, entries in waiting.items():
            keep([DrainedEvent(f"{bucket}-{stream_id}", event) for stream_id, event in entries])
            self._schedule.forget_events(bucket, [stream_id for stream_id, _ in entries])
        return sum(len(entries) for entries in waiting.values())
