"""Every script runs on a Redis Cluster of three nodes: its keys share one slot, and it touches no others."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.commands.core import Script
from redis.retry import Retry

from dvauth.accounts.errors import InvalidCredentials
from dvauth.accounts.throttle import LoginThrottle
from dvauth.storage.embedded_redis import find_server
from dvauth.storage.redis import RedisConnection, UnguardedConnection
from tests.sessions.conftest import Desk
from tests.sessions.test_scripts import a_life
from tests.waiting import eventually

SLOTS = ((0, 5461), (5462, 10922), (10923, 16383))  # of three nodes


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(probe.getsockname()[1]) for probe in probes]


@pytest.fixture
def desk(connection: RedisConnection, clock: Any) -> Desk:
    return Desk(connection, clock)


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    ports = free_ports(6)
    nodes, buses = ports[:3], ports[3:]
    servers = [_start_node(port, bus, tmp_path_factory.mktemp("node")) for port, bus in zip(nodes, buses, strict=True)]
    try:
        _join(nodes, buses)
        with RedisCluster(startup_nodes=[ClusterNode("127.0.0.1", port) for port in nodes]) as client:
            yield client
    finally:
        for server in servers:
            server.kill()
            server.wait()


def _start_node(port: int, bus: int, folder: Path) -> "subprocess.Popen[bytes]":
    options = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    as_node = ["--cluster-enabled", "yes", "--cluster-port", bus]
    return subprocess.Popen([find_server().path, *map(str, options + as_node)], stdout=subprocess.DEVNULL)


def _join(ports: list[int], buses: list[int]) -> None:
    nodes = [redis.Redis(port=port, retry=Retry(NoBackoff(), 0)) for port in ports]
    for epoch, (node, (first, last)) in enumerate(zip(nodes, SLOTS, strict=True), start=1):
        assert eventually(partial(_is_up, node))
        node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", epoch)
        node.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
        node.execute_command("CLUSTER", "MEET", "127.0.0.1", ports[0], buses[0])
    for node in nodes:
        assert eventually(partial(_sees_all, node), within=20)
        node.close()


def _is_up(node: redis.Redis) -> bool:
    with suppress(redis.ConnectionError):
        return bool(node.ping())
    return False


def _sees_all(node: redis.Redis) -> bool:
    told = node.execute_command("CLUSTER", "INFO")
    return b"cluster_state:ok" in told and b"cluster_known_nodes:3" in told


class NotingConnection(UnguardedConnection):
    """Keeps the keys of every script that was called, by the script's text."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self.keys: dict[str, set[str]] = {}

    def call(self, function: Any, *args: Any, **options: Any) -> Any:
        if isinstance(function, Script):
            self.keys.setdefault(function.script, set()).update(options["keys"])
        return super().call(function, *args, **options)


def scripts_of(package: str) -> set[str]:
    return {path.read_text("utf-8") for path in (files(package) / "scripts").iterdir() if path.name.endswith(".lua")}


@pytest.mark.proves("CO24")
def test_every_script_is_legal_on_the_node_that_owns_its_keys(cluster: RedisCluster, desk: Desk, clock: Any) -> None:
    connection = NotingConnection(cluster)
    assert all(a_life(replace(desk, connection=connection)))
    guess_and_log_in(LoginThrottle(connection, key=b"k" * 32, now_ms=clock.now_ms))
    assert set(connection.keys) == scripts_of("dvauth.sessions") | scripts_of("dvauth.accounts")
    used = [key for keys in connection.keys.values() for key in keys]
    assert len({cluster.get_node_from_key(key).port for key in used}) == len(SLOTS)


def guess_and_log_in(throttle: LoginThrottle) -> None:
    with suppress(InvalidCredentials), throttle.attempt("lan", "192.0.2.7"):
        raise InvalidCredentials
    with throttle.attempt("lan", "192.0.2.7") as attempt:
        assert attempt.failures == 2
    throttle.forgive("lan")
