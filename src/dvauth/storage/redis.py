"""The connection to Redis, behind a circuit breaker: when Redis fails, everybody knows at once.

Time limits alone are not enough: with 16 threads under load a Redis that hangs costs each request its full limit, and
they queue up. So the first failure opens the breaker, every call then fails at once, and one probe at a time (see
``watch``) asks Redis until it answers again.
"""

import threading
from collections.abc import Callable
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ClusterDownError, NoPermissionError, OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

TIMEOUT_SECONDS = 0.4  # two commands in a request stay under the promised second
REFUSALS = (ClusterDownError, NoPermissionError, OutOfMemoryError)  # Redis answers, but it cannot serve this
UNNAMED_REFUSALS = ("MISCONF", "NOREPLICAS", "BUSY ")  # redis-py has no class for these


class StoreUnavailable(Exception):
    """Redis does not answer, or answers that it cannot serve. Nobody is judged meanwhile.

    ``retry_after`` is in seconds.
    """

    retry_after = 2


def connect(url: str) -> redis.Redis:
    """A client whose every wait is bounded; retries are the circuit breaker's business."""
    return redis.Redis.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


class RedisConnection:
    """A redis-py client and the breaker that every call goes through. ``on_break`` is called once for each outage."""

    def __init__(self, client: redis.Redis, on_break: Callable[[], object] = lambda: None) -> None:
        self.client = client
        self._on_break = on_break
        self._broken = threading.Event()
        self._breaking = threading.Lock()

    def call(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Call the client's function; raises ``StoreUnavailable`` at once while the breaker is open."""
        if self._broken.is_set():
            raise StoreUnavailable
        try:
            return function(*args, **options)
        except (RedisConnectionError, RedisTimeoutError, ReadOnlyError) as error:
            self._break()
            raise StoreUnavailable from error
        except ResponseError as error:
            if isinstance(error, REFUSALS) or str(error).startswith(UNNAMED_REFUSALS):
                raise StoreUnavailable from error
            raise

    @property
    def broken(self) -> bool:
        return self._broken.is_set()

    def _break(self) -> None:
        with self._breaking:
            first = not self._broken.is_set()
            self._broken.set()
        if first:
            self._on_break()

    def restore(self) -> None:
        """Redis answers again. Connections from before are dropped: what they still carry belongs to old questions."""
        if self._broken.is_set():
            self.client.connection_pool.disconnect(inuse_connections=False)
            self._broken.clear()


class UnguardedConnection:
    """The client alone, for the one probe that asks Redis while the breaker is open."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client

    def call(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        return function(*args, **options)
