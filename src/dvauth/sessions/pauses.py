"""How long people are idle between two activities: counted, never kept for anybody.

Each process counts for itself, and adds its counts to one hash a day in Redis; nothing of a person, a session or a
page goes into it. What a process had not handed in when it was killed is lost: a few seconds' counts.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock

import redis

from dvauth.sessions import keys

# Shorter pauses bring no prompt under any policy that is allowed, and would be nearly all.
SHORTEST = timedelta(seconds=30)
KEPT_DAYS = 30
FORGOTTEN_AFTER = timedelta(days=KEPT_DAYS + 2)

# Upper bounds: half minutes for an hour, ten minutes for a day, six hours for thirty days, which no timeout exceeds;
# whatever is longer is one more.
BOUNDS: tuple[timedelta, ...] = (
    *(timedelta(seconds=30 * number) for number in range(2, 121)),
    *(timedelta(minutes=10 * number) for number in range(7, 145)),
    *(timedelta(hours=6 * number) for number in range(5, 121)),
)


@dataclass(frozen=True, slots=True)
class PauseCounts:
    """How many pauses were longer than the bound before and not longer than this one; one count more: longer still."""

    counts: Sequence[int]

    @property
    def total(self) -> int:
        return sum(self.counts)

    def share_longer_than(self, limit: timedelta) -> float:
        """Which part of all pauses, 0 to 1; between two bounds as if pauses were spread evenly there."""
        if not self.total:
            return 0.0
        at = bisect_left(BOUNDS, limit)
        longer = float(sum(self.counts[at + 1 :]))
        if at == len(BOUNDS):
            return self.counts[at] / self.total
        lower = BOUNDS[at - 1] if at else SHORTEST
        inside = min(1.0, (BOUNDS[at] - limit) / (BOUNDS[at] - lower))
        return (longer + self.counts[at] * inside) / self.total


class Pauses:
    """``note`` asks Redis nothing; ``hand_in`` is called now and then by a thread of its own."""

    def __init__(self, client: redis.Redis, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._client = client
        self._now = now
        self._lock = Lock()
        self._noted: Counter[int] = Counter()

    def note(self, pause: timedelta) -> None:
        if pause >= SHORTEST:
            with self._lock:
                self._noted[bisect_left(BOUNDS, pause)] += 1

    def hand_in(self) -> None:
        """Raises redis-py's errors; what was not handed in is kept for the next time."""
        with self._lock:
            noted, self._noted = self._noted, Counter()
        if not noted:
            return
        key = keys.pauses(self._now().date())
        pipeline = self._client.pipeline(transaction=False)
        for bin_, count in noted.items():
            pipeline.hincrby(key, str(bin_), count)
        pipeline.expire(key, FORGOTTEN_AFTER)
        try:
            pipeline.execute()
        except redis.RedisError:
            with self._lock:
                self._noted.update(noted)
            raise

    def counts(self) -> PauseCounts:
        """Those of the last thirty days and today. Raises redis-py's errors."""
        today = self._now().date()
        pipeline = self._client.pipeline(transaction=False)
        for day in range(KEPT_DAYS + 1):
            pipeline.hgetall(keys.pauses(today - timedelta(days=day)))
        return _added(pipeline.execute())


def _added(days: Sequence[Mapping[bytes, bytes]]) -> PauseCounts:
    counts = [0] * (len(BOUNDS) + 1)
    for day in days:
        for bin_, count in day.items():
            counts[int(bin_)] += int(count)
    return PauseCounts(counts)
