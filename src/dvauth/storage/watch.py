"""Keeps a process in step with Redis: its clock, the published policies and portals, and whether it answers.

One thread asks twice a second, so that no request has to. A process whose last answer is older than two seconds
refuses to judge; that is what makes "a change reaches every process within 2 s" true by construction.
"""

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Self, TypeVar

import redis

from dvauth.storage.redis import RedisConnection, StoreUnavailable

BEAT_SECONDS = 0.5
STALE_AFTER_SECONDS = 2.0
CLOCK_SAMPLES = 5
DRIFT_SECONDS = 0.001  # two good clocks part by less while the samples are kept
PUBLISHED = "dvauth:policy"

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Publication:
    """What the administrators' database says, as published to Redis for every process."""

    run_id: str  # of the Redis it was published to; another one may have lost what was ended
    revision: int  # of the database it was read from
    policies: dict[str, Any]
    portals: dict[str, Any]
    tag_key: bytes

    def to_fields(self) -> dict[bytes, bytes]:
        documents = {b"policies": self.policies, b"portals": self.portals}
        plain = {b"run_id": self.run_id.encode(), b"revision": b"%d" % self.revision, b"tag_key": self.tag_key}
        return plain | {name: json.dumps(told).encode() for name, told in documents.items()}

    @classmethod
    def from_fields(cls, fields: Mapping[bytes, bytes]) -> Self:
        return cls(
            run_id=fields[b"run_id"].decode(),
            revision=int(fields[b"revision"]),
            policies=json.loads(fields[b"policies"]),
            portals=json.loads(fields[b"portals"]),
            tag_key=fields[b"tag_key"],
        )


class RedisClock:
    """Redis's time, from this process's monotonic clock and an offset: a host with a wrong clock judges right."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=CLOCK_SAMPLES)
        self._offset: float | None = None

    def sample(self, sent: float, received: float, redis_time: tuple[int, int]) -> None:
        """Learn from one answer of TIME; the quickest of the last few is the best. Times in seconds.

        An answer that contradicts the best tells that a clock was set, or that this machine slept: it alone counts.
        """
        moment = redis_time[0] + redis_time[1] / 1e6
        uncertainty, offset = (received - sent) / 2, moment - (sent + received) / 2
        if self._samples:
            best_uncertainty, best = min(self._samples)
            if abs(offset - best) > uncertainty + best_uncertainty + DRIFT_SECONDS:
                self._samples.clear()
        self._samples.append((uncertainty, offset))
        self._offset = min(self._samples)[1]

    def forget(self) -> None:
        self._samples.clear()

    def now(self) -> datetime:
        if self._offset is None:
            raise StoreUnavailable
        return datetime.fromtimestamp(time.monotonic() + self._offset, UTC)

    def for_script(self) -> str:
        return ""


class RedisWatch(Generic[T]):
    """The thread that asks. Start it in the process that serves; ``close`` ends it.

    ``parse`` turns a publication into what the process works with; ``recover`` is called with the run id of a Redis
    that holds no publication, or one made for another run: it replays revocations from SQL and publishes anew.
    ``after_beat`` may use the time between two questions to tell Redis something that no request should wait for.
    """

    def __init__(
        self,
        connection: RedisConnection,
        probe: redis.Redis,
        clock: RedisClock,
        parse: Callable[[Publication], T],
        recover: Callable[[str], None],
        *,
        after_beat: Callable[[], object] = lambda: None,
    ) -> None:
        self._connection = connection
        self._probe = probe
        self._clock = clock
        self._parse = parse
        self._recover = recover
        self._after_beat = after_beat
        self._known: dict[bytes, bytes] = {}
        self._current: T | None = None
        self._asked_at = float("-inf")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="redis-watch", daemon=True)

    def start(self) -> None:
        """Ask once, then go on asking in a thread. A Redis that does not answer yet is no error here."""
        self._try_beat()
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self._probe.close()

    def current(self) -> T:
        """What was published last; raises ``StoreUnavailable`` unless Redis said so within two seconds."""
        if self._current is None or self._connection.broken or time.monotonic() - self._asked_at > STALE_AFTER_SECONDS:
            raise StoreUnavailable
        return self._current

    def last_known(self) -> T:
        """What was published last, however long ago: for what lets nobody in. Raises ``StoreUnavailable`` at first."""
        if self._current is None:
            raise StoreUnavailable
        return self._current

    def beat(self) -> None:
        """Ask Redis for everything, and believe it only when its publication was made for this run of it."""
        asked_at = time.monotonic()
        if self._connection.broken or self._current is None:
            self._learn_time()
        run_id, published = self._ask()
        if published.get(b"run_id") != run_id:
            self._recover(run_id.decode())
            run_id, published = self._ask()
        if published.get(b"run_id") != run_id:
            raise StoreUnavailable
        if published != self._known:
            self._current = self._parse(Publication.from_fields(published))
            self._known = published
        self._asked_at = asked_at
        self._connection.restore(run_id.decode())

    def _ask(self) -> tuple[bytes, dict[bytes, bytes]]:
        self._sample_time()
        pipeline = self._probe.pipeline(transaction=False)
        pipeline.info("server")
        pipeline.hgetall(PUBLISHED)
        info, published = pipeline.execute()
        return info["run_id"].encode(), published

    def _learn_time(self) -> None:
        self._clock.forget()
        for _ in range(CLOCK_SAMPLES):
            self._sample_time()

    def _sample_time(self) -> None:
        sent = time.monotonic()
        redis_time = self._probe.time()
        self._clock.sample(sent, time.monotonic(), redis_time)

    def _try_beat(self) -> None:
        try:
            self.beat()
            self._after_beat()
        except Exception as error:  # noqa: BLE001 - whatever it is, the thread goes on; requests are refused meanwhile
            log.warning("no word from Redis: %r", error)

    def _run(self) -> None:
        while not self._stopped.wait(BEAT_SECONDS):
            self._try_beat()
