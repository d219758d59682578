"""Every script runs on a Redis Cluster of three nodes: its keys share one slot, and it touches no others."""

import hashlib
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.cluster import ClusterNode, RedisCluster
from redis.commands.core import Script

from dvauth.accounts.errors import InvalidCredentials
from dvauth.accounts.throttle import LoginThrottle
from dvauth.sessions import keys
from dvauth.sessions.check import Active, Cause, Ended
from dvauth.sessions.record import Place, Principal
from dvauth.sessions.tickets import Ticket, TicketOffice, challenge
from dvauth.storage.embedded_redis import find_server
from dvauth.storage.redis import UnguardedConnection
from dvauth.timeouts.judge import Reason
from dvauth.timeouts.policy import TimeoutPolicy
from tests.sessions.conftest import Desk

SLOTS = ((0, 5461), (5462, 10922), (10923, 16383))  # of three nodes


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(probe.getsockname()[1]) for probe in probes]


@pytest.fixture(scope="module")
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
    nodes = [redis.Redis(port=port) for port in ports]
    for epoch, (node, (first, last)) in enumerate(zip(nodes, SLOTS, strict=True), start=1):
        _wait_until(node.ping)
        node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", epoch)
        node.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
        node.execute_command("CLUSTER", "MEET", "127.0.0.1", ports[0], buses[0])
    for node in nodes:
        _wait_until(lambda node=node: _sees_all(node))
        node.close()


def _sees_all(node: redis.Redis) -> bool:
    told = node.execute_command("CLUSTER", "INFO")
    return b"cluster_state:ok" in told and b"cluster_known_nodes:3" in told


def _wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while True:
        with suppress(redis.ConnectionError):
            if condition():
                return
        assert time.monotonic() < deadline
        time.sleep(0.02)


class NotingConnection(UnguardedConnection):
    """Knows which scripts were called."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self.called: set[str] = set()

    def call(self, function: Any, *args: Any, **options: Any) -> Any:
        if isinstance(function, Script):
            self.called.add(function.sha)
        return super().call(function, *args, **options)


@pytest.fixture
def connection(cluster: RedisCluster) -> NotingConnection:
    cluster.flushall(target_nodes=RedisCluster.PRIMARIES)
    return NotingConnection(cluster)


def account_on(cluster: RedisCluster, node: int) -> str:
    """The id of an account whose bucket lies on this node."""
    first, last = SLOTS[node]
    names = (f"lan{number}" for number in range(1000))
    return next(name for name in names if first <= cluster.keyslot(f"{{{keys.bucket_of(name)}}}") <= last)


def names_by_sha() -> dict[str, str]:
    folders = (files("dvauth.sessions") / "scripts", files("dvauth.accounts") / "scripts")
    scripts = [script for folder in folders for script in folder.iterdir() if script.name.endswith(".lua")]
    return {hashlib.sha1(script.read_bytes()).hexdigest(): script.name for script in scripts}


@pytest.mark.proves("CO24")
@pytest.mark.parametrize("node", range(3))
def test_every_act_on_sessions_and_logins_is_legal_on_every_node(
    cluster: RedisCluster, connection: NotingConnection, clock: Any, node: int
) -> None:
    desk = Desk(connection, clock)
    desk.policies = replace(desk.policies, default=TimeoutPolicy(max_sessions=2))
    live_and_end(desk, account_on(cluster, node))
    guess_and_log_in(connection, clock)
    names = names_by_sha()
    assert {names[sha] for sha in connection.called} == set(names.values())


def live_and_end(desk: Desk, account_id: str) -> None:
    keeper, lan = desk.keeper, Principal(account_id=account_id, roles=("editor",))
    first = desk.open(lan)
    desk.pass_time(seconds=1)
    cookie = desk.open(lan).cookie
    assert desk.open(lan).evicted == [first.record.ref.session_id]
    assert isinstance(keeper.check(first.cookie), Ended)

    attached = desk.attach(cookie, desk.bank)
    at_bank = Place(desk.bank, own_host=True)
    assert isinstance(keeper.check(attached, at_bank, activity=True), Active)
    assert isinstance(keeper.keep_alive(cookie, desk.at_bank, Cause.PROMPT), Active)
    desk.pass_time(minutes=4)
    assert isinstance(keeper.check(attached, at_bank), Ended)
    assert isinstance(keeper.keep_alive(cookie, desk.at_news, Cause.INPUT), Active)
    rotated = keeper.rotate(cookie, reauthenticated=True)
    assert isinstance(keeper.check(rotated), Active)
    keeper.set_roles(account_id, ["reader"])
    assert [record.roles for record in keeper.sessions_of(account_id)] == [("reader",)] * 2
    redeem_a_ticket(desk, rotated)

    assert desk.sweep() == 2
    desk.pass_time(minutes=12)
    assert desk.reaper.reap() == 1
    assert keeper.end_all(account_id, Reason.REVOKED)
    assert isinstance(keeper.check(rotated), Ended)
    assert desk.reaper.drain(lambda events: None)


def redeem_a_ticket(desk: Desk, cookie: str | None) -> None:
    office, credential = TicketOffice(desk.connection), desk.signer.read(cookie)
    assert credential
    code = office.issue(Ticket(credential=credential, portal_id=1, challenge=challenge("n"), return_to="/"))
    assert office.redeem(code, desk.news, "n")


def guess_and_log_in(connection: NotingConnection, clock: Any) -> None:
    throttle = LoginThrottle(connection, key=b"k" * 32, now_ms=clock.now_ms)
    with suppress(InvalidCredentials), throttle.attempt("lan", "192.0.2.7"):
        raise InvalidCredentials
    with throttle.attempt("lan", "192.0.2.7") as attempt:
        assert attempt.failures == 2
    throttle.forgive("lan")
