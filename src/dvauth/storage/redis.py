"""The connection to Redis, behind a circuit breaker: when Redis fails, everybody knows at once.

Time limits alone are not enough: with 16 threads under load a Redis that hangs costs each request its full limit, and
they queue up. So the first failure opens the breaker, every call then fails at once, and one probe at a time (see
``watch``) asks Redis until it answers again.

And a Redis that was started again may have lost the last ends of sessions. redis-py connects anew in silence, so each
new connection is asked which run of Redis it leads to.
"""

import socket
import struct
import threading
from collections.abc import Callable
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.connection import AbstractConnection, ConnectionInterface
from redis.exceptions import (
    ClusterDownError,
    MaxConnectionsError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

TIMEOUT_SECONDS = 0.4  # two commands in a request stay under the promised second
TIMEVAL = struct.pack("ll", 0, int(TIMEOUT_SECONDS * 1_000_000))  # the same for the kernel: seconds, microseconds
REFUSALS = (ClusterDownError, NoPermissionError, OutOfMemoryError)  # Redis answers, but it cannot serve this
UNNAMED_REFUSALS = ("MISCONF", "NOREPLICAS", "BUSY ")  # redis-py has no class for these


class StoreUnavailable(Exception):
    """Redis does not answer, or answers that it cannot serve. Nobody is judged meanwhile.

    ``retry_after`` is in seconds.
    """

    retry_after = 2


class TrustedRun:
    """The one run of Redis that requests may ask: the one that the watch trusts. None before it trusts any."""

    def __init__(self) -> None:
        self.id: str | None = None

    def greet(self, connection: AbstractConnection) -> None:
        """Open a new connection as redis-py would, and refuse it if it leads to another run."""
        connection.on_connect()  # type: ignore[no-untyped-call]
        connection.send_command("INFO", "server")  # type: ignore[no-untyped-call]
        about: bytes = connection.read_response(disable_decoding=True)
        if f"run_id:{self.id}\r\n".encode() not in about:
            raise RedisConnectionError("this run of Redis is not trusted yet")


def connect(url: str, **options: Any) -> redis.Redis:
    """A client whose every wait is bounded; retries are the circuit breaker's business. ``options`` are redis-py's."""
    return redis.Redis.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        **options,
    )


class RedisConnection:
    """A redis-py client and the breaker that every call goes through. ``on_break`` is called once for each outage.

    ``run`` is the one that the client's connections are greeted by, if they are.
    """

    def __init__(
        self, client: redis.Redis, run: TrustedRun | None = None, on_break: Callable[[], object] = lambda: None
    ) -> None:
        self.client = client
        self._run = run or TrustedRun()
        self._on_break = on_break
        self._broken = threading.Event()
        self._breaking = threading.Lock()
        self._own = _OwnConnection(client.connection_pool)

    def read(self, *command: Any) -> Any:
        """``call`` for the reading command that every check makes, on a connection that this thread keeps."""
        return self.call(self._own.read, self._run.id, command)

    def call(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Call the client's function; raises ``StoreUnavailable`` at once while the breaker is open."""
        if self._broken.is_set():
            raise StoreUnavailable
        try:
            return function(*args, **options)
        except MaxConnectionsError as error:  # our own limit; Redis is well
            raise StoreUnavailable from error
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

    def restore(self, run_id: str) -> None:
        """Redis answers, in a run that is trusted.

        Connections to another run or from before an outage are dropped: what they still carry belongs to old questions.
        """
        if self._broken.is_set() or run_id != self._run.id:
            self._run.id = run_id
            self.client.connection_pool.disconnect(inuse_connections=False)
            self._broken.clear()


class _OwnConnection(threading.local):
    """A connection for each thread: a third of the cost of borrowing one from a pool and giving it back.

    redis-py closes it whenever an exchange fails, so no late answer is ever taken for the next one.
    """

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self._pool = pool
        self._run_id: str | None = None
        self._connection: ConnectionInterface | None = None

    def read(self, run_id: str | None, command: tuple[Any, ...]) -> Any:
        connection = self._connection = self._connection or self._new()
        if run_id != self._run_id:
            connection.disconnect()  # type: ignore[no-untyped-call]
            self._run_id = run_id
        try:
            return _exchange(connection, command)
        except RedisConnectionError:  # it was closed since it was last used: opened anew, once
            connection.disconnect()  # type: ignore[no-untyped-call]
            return _exchange(connection, command)

    def _new(self) -> ConnectionInterface:
        connection = self._pool.make_connection()
        connection.register_connect_callback(self._wait_in_kernel)  # type: ignore[no-untyped-call]
        return connection

    def _wait_in_kernel(self, connection: AbstractConnection) -> None:
        """Let the kernel keep the time limit: Python would poll first, and pass on the interpreter lock each time.

        Under load that is a tenth of what a check costs.
        """
        waiting = cast("socket.socket", connection._sock)  # noqa: SLF001 - redis-py gives no other way to it
        waiting.settimeout(None)
        for limit in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            waiting.setsockopt(socket.SOL_SOCKET, limit, TIMEVAL)


def _exchange(connection: ConnectionInterface, command: tuple[Any, ...]) -> Any:
    try:
        connection.send_command(*command)  # type: ignore[no-untyped-call]
        return connection.read_response()
    except RedisConnectionError as error:
        if isinstance(error.__context__, BlockingIOError):  # so the kernel says that the time is over
            raise RedisTimeoutError from error
        raise


class UnguardedConnection:
    """The client alone, for the one probe that asks Redis while the breaker is open."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client

    def call(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        return function(*args, **options)

    def read(self, *command: Any) -> Any:
        return self.client.execute_command(*command)  # type: ignore[no-untyped-call]
