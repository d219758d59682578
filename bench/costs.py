"""What does not depend on the machine: Redis commands and writes a request, bytes a session."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import redis
from redis.commands.core import Script
from subjects import SEEN_FROM, Subject, new_principal

from dvauth.parts import Parts
from dvauth.sessions.keeper import SessionKeeper
from dvauth.sessions.store import SessionStore

ASKED = 50  # requests that are watched
BATCH = 1000
BESIDES = {"TIME", "INFO", "HGETALL", "CLIENT", "HELLO"}  # asked twice a second, or on connecting, whoever visits
MARK = "the last of the watched requests"


class Cost(NamedTuple):
    """Of one request: commands that cross the wire, and writes, those inside scripts included."""

    commands: float
    writes: float


def cost_of(subject: Subject, client: redis.Redis) -> Cost:
    with client.monitor() as monitor:
        for _ in range(ASKED):
            subject.ask_once()
        client.echo(MARK)
        seen = list(_until_mark(monitor))
    writing = {name.upper() for name, about in client.command().items() if "write" in about["flags"]}
    commands = sum(entry["client_type"] != "lua" for entry in seen)
    writes = sum(_name(entry) in writing for entry in seen)
    return Cost(commands / ASKED, writes / ASKED)


def _until_mark(monitor: Any) -> Iterator[dict[str, Any]]:
    while MARK not in (entry := monitor.next_command())["command"]:
        if _name(entry) not in BESIDES:
            yield entry


def _name(entry: dict[str, Any]) -> str:
    return str(entry["command"]).partition(" ")[0].upper()


class Bulk:
    """A connection for ``SessionStore`` that gathers scripts in a pipeline. Of new accounts all answers are empty."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self.pipeline = client.pipeline(transaction=False)

    def call(self, function: Callable[..., Any], *_args: Any, **options: Any) -> list[bytes]:
        if isinstance(function, Script):
            function(**options, client=self.pipeline)
        return []

    read = call


def bytes_of_dvauth(parts: Parts, count: int) -> float:
    """One session an account, opened by the real keeper and script, with all index entries and TTLs.

    Events are drained, as the reaper does within a second or two.
    """
    client, portal = parts.connection.client, parts.portals.all()[0]
    bulk = Bulk(client)
    keeper = SessionKeeper(SessionStore(bulk), parts.signer, parts.clock, parts.policies, journal=lambda _: None)
    before = _used(client)
    for number in range(1, count + 1):
        keeper.open(new_principal(), origin=SEEN_FROM, portal=portal)
        if number % BATCH == 0:
            bulk.pipeline.execute()
            _drain(parts)
    return (_used(client) - before) / count


def bytes_of_copies(client: redis.Redis, key: str, count: int) -> float:
    """A string with its TTL, as often as asked, each under a name as long as its own."""
    value, lifetime = client.get(key), client.ttl(key)
    pipeline = client.pipeline(transaction=False)
    before = _used(client)
    for number in range(1, count + 1):
        pipeline.setex(f"{number:0{len(key)}}", lifetime, value)
        if number % BATCH == 0:
            pipeline.execute()
    return (_used(client) - before) / count


def _drain(parts: Parts) -> None:
    while parts.reaper.drain(lambda _: None):
        pass


def _used(client: redis.Redis) -> int:
    return int(client.info("memory")["used_memory"])
