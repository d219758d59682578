"""The circuit breaker, on Redis servers that really fail."""

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from dvauth.storage.redis import TIMEOUT_SECONDS, RedisConnection, StoreUnavailable, TrustedRun, connect


@pytest.fixture
def server(start_redis: Any) -> Any:
    return start_redis()


@pytest.fixture
def outages() -> list[str]:
    return []


@pytest.fixture
def connection(server: Any, outages: list[str]) -> Iterator[RedisConnection]:
    with connect(server.url) as client:
        yield RedisConnection(client, on_break=lambda: outages.append("outage"))


def refuses(connection: RedisConnection, *command: Any) -> bool:
    try:
        connection.call(connection.client.execute_command, *command)
    except StoreUnavailable:
        return True
    return False


def test_answer_of_redis_is_the_answer(connection: RedisConnection, outages: list[str]) -> None:
    assert connection.call(connection.client.set, "name", "value", px=10_000)
    assert connection.call(connection.client.get, "name") == b"value"
    assert not connection.broken
    assert not outages


def test_first_failure_opens_the_breaker_and_nothing_is_tried_until_it_is_restored(
    connection: RedisConnection, server: Any, outages: list[str]
) -> None:
    server.process.kill()
    server.process.wait()
    assert refuses(connection, "PING")
    assert connection.broken
    tried: list[str] = []
    with pytest.raises(StoreUnavailable) as unavailable:
        connection.call(tried.append, "tried")
    assert unavailable.value.retry_after == 2
    assert tried == []
    connection.restore("run")
    assert not connection.broken
    connection.call(tried.append, "tried")
    assert tried == ["tried"]
    assert outages == ["outage"]


@pytest.mark.proves("CO23")
def test_redis_that_hangs_costs_one_time_limit_once(connection: RedisConnection, server: Any) -> None:
    connection.call(connection.client.set, "a", "1")
    connection.call(connection.client.set, "b", "2")
    server.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    assert refuses(connection, "GET", "a")
    assert TIMEOUT_SECONDS <= time.monotonic() - began < 2 * TIMEOUT_SECONDS
    began = time.monotonic()
    assert all(refuses(connection, "GET", "a") for _ in range(1000))
    assert time.monotonic() - began < TIMEOUT_SECONDS
    server.process.send_signal(signal.SIGCONT)
    connection.restore("run")
    assert connection.call(connection.client.get, "b") == b"2"


@pytest.mark.proves("CO23")
def test_reading_from_a_redis_that_hangs_costs_one_time_limit_and_no_second_try(
    connection: RedisConnection, server: Any
) -> None:
    connection.call(connection.client.set, "a", "1")
    assert connection.read("GET", "a") == b"1"
    server.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        connection.read("GET", "a")
    assert TIMEOUT_SECONDS * 0.9 <= time.monotonic() - began < 1.8 * TIMEOUT_SECONDS
    assert connection.broken
    server.process.send_signal(signal.SIGCONT)
    connection.restore("run")
    assert connection.read("GET", "a") == b"1"


def test_outage_is_told_once_however_many_notice(connection: RedisConnection, server: Any, outages: list[str]) -> None:
    with ThreadPoolExecutor(8) as requests:
        assert not any(requests.map(lambda _: refuses(connection, "PING"), range(64)))
        server.process.kill()
        assert all(requests.map(lambda _: refuses(connection, "PING"), range(64)))
        assert outages == ["outage"]
        connection.restore("run")
        assert all(requests.map(lambda _: refuses(connection, "PING"), range(64)))
    assert outages == ["outage"] * 2


def test_restore_of_what_was_never_broken_keeps_the_connections(connection: RedisConnection) -> None:
    connection.restore("run")
    before = connection.call(connection.client.client_id)
    connection.restore("run")
    assert connection.call(connection.client.client_id) == before
    connection._broken.set()
    connection.restore("run")
    assert connection.call(connection.client.client_id) != before


@pytest.fixture
def bound(server: Any, outages: list[str]) -> Iterator[RedisConnection]:
    """As the service connects: two connections at most, and none to a run that is not trusted."""
    run = TrustedRun()
    with connect(server.url, redis_connect_func=run.greet, max_connections=2) as client:
        yield RedisConnection(client, run, on_break=lambda: outages.append("outage"))


@pytest.fixture
def run_id(server: Any) -> str:
    with connect(server.url) as client:
        return str(client.info("server")["run_id"])


@pytest.mark.proves("AT6")
def test_only_the_trusted_run_of_redis_is_asked(bound: RedisConnection, run_id: str) -> None:
    assert refuses(bound, "PING")
    bound.restore(run_id)
    assert not refuses(bound, "PING")
    bound.restore("another run")
    assert refuses(bound, "PING")


def test_more_threads_than_connections_are_no_outage(bound: RedisConnection, run_id: str, outages: list[str]) -> None:
    bound.restore(run_id)
    with ThreadPoolExecutor(8) as requests:
        answers = list(requests.map(lambda _: refuses(bound, "BLPOP", "nothing", 0.2), range(8)))
    assert answers.count(True) == 6
    assert not bound.broken
    assert not outages


def out_of_memory(client: redis.Redis) -> None:
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", "1")


def replica_of_nobody(client: redis.Redis) -> None:
    client.replicaof("127.0.0.1", "1")


def stale_replica(client: redis.Redis) -> None:
    client.config_set("replica-serve-stale-data", "no")
    client.replicaof("127.0.0.1", "1")


def writes_stopped(client: redis.Redis) -> None:
    client.config_set("min-replicas-to-write", "1")


def no_permission(client: redis.Redis) -> None:
    client.execute_command("ACL SETUSER default -set -eval -hset -incr")


@pytest.mark.parametrize("trouble", [out_of_memory, replica_of_nobody, stale_replica, writes_stopped, no_permission])
@pytest.mark.parametrize(
    "command", [("SET", "name", "value"), ("EVAL", "redis.call('SET', KEYS[1], '1')", 1, "name")], ids=["set", "eval"]
)
def test_redis_that_refuses_to_serve_is_unavailable(
    connection: RedisConnection, trouble: Callable[[redis.Redis], None], command: tuple[Any, ...]
) -> None:
    trouble(connection.client)
    assert refuses(connection, *command)


def test_redis_that_is_busy_with_a_script_is_unavailable(connection: RedisConnection, server: Any) -> None:
    connection.client.config_set("busy-reply-threshold", "1")
    with ThreadPoolExecutor(1) as other, connect(server.url) as busy:
        looping = other.submit(busy.eval, "while true do end", 0)
        while not refuses(connection, "GET", "name"):
            time.sleep(0.001)
        connection.client.script_kill()
        assert isinstance(looping.exception(), redis.RedisError)
    assert not connection.broken


def test_our_own_mistakes_are_no_outage(connection: RedisConnection, outages: list[str]) -> None:
    with pytest.raises(redis.ResponseError, match="wrong number of arguments"):
        connection.call(connection.client.execute_command, "GET")
    with pytest.raises(ZeroDivisionError):
        connection.call(lambda: 1 / 0)
    assert not connection.broken
    assert not outages


def test_reading_thread_keeps_its_connection_and_reopens_it_where_it_was_closed(connection: RedisConnection) -> None:
    client = connection.client
    client.set("greeting", "xin chào")
    assert connection.read("GET", "greeting") == "xin chào".encode()
    before = client.info("clients")["connected_clients"]
    for _ in range(50):
        connection.read("GET", "greeting")
    assert client.info("clients")["connected_clients"] == before
    client.client_kill_filter(_type="normal", skipme=True)
    assert connection.read("GET", "greeting") == "xin chào".encode()
    assert not connection.broken


@pytest.mark.proves("AT12")
def test_answer_that_came_too_late_is_never_taken_for_the_next(connection: RedisConnection, server: Any) -> None:
    connection.client.mset({"first": "1", "second": "2"})
    assert connection.read("GET", "first") == b"1"
    server.process.send_signal(signal.SIGSTOP)
    with pytest.raises(StoreUnavailable):
        connection.read("GET", "first")
    server.process.send_signal(signal.SIGCONT)
    connection.restore("the same run")
    assert connection.read("GET", "second") == b"2"


@pytest.mark.proves("AT6")
def test_reading_connection_follows_the_trusted_run(bound: RedisConnection, run_id: str) -> None:
    bound.restore(run_id)
    assert bound.read("PING") == b"PONG"
    bound.restore("another run")
    with pytest.raises(StoreUnavailable):
        bound.read("PING")
