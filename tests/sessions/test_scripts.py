"""The scripts keep what their headers promise, and stay what Redis Cluster and Redis 6.2 can run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.crc import key_slot

from dvauth.sessions.check import Active, Cause, Ended
from dvauth.sessions.record import CENTRAL, Principal
from dvauth.storage.redis import RedisConnection
from dvauth.timeouts.judge import Reason
from dvauth.timeouts.policy import PolicySet, TimeoutPolicy

FOLDER = Path(str(files("dvauth.sessions") / "scripts"))
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.lua"))
COMMANDS = {"DEL", "EXISTS", "HDEL", "HGET", "HKEYS", "HMGET", "HSET", "PEXPIREAT", "PTTL", "SET", "TIME", "XADD"}
COMMANDS |= {"ZADD", "ZRANGE", "ZRANGEBYSCORE", "ZREM"}


@dataclass(frozen=True)
class Line:
    """One line of a header: names by number, and what follows them for each session."""

    named: tuple[str, ...]
    each: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Line":
        named, _, each = re.sub(r"then 2f.*?values", "", text).partition("each session")
        numbered = re.findall(r"(\d) (.+?)(?=  \d|  then|$)", named.strip())
        assert [int(number) for number, _ in numbered] == list(range(1, len(numbered) + 1))
        _, colon, listed = each.partition(":")
        return cls(tuple(name for _, name in numbered), tuple(listed.split(",")) if colon else (each,) * bool(each))


@dataclass(frozen=True)
class Script:
    keys: Line
    argv: Line
    body: str

    @classmethod
    def read(cls, name: str) -> "Script":
        text = (FOLDER / f"{name}.lua").read_text("utf-8")
        header, body = re.fullmatch(r"((?:--.*\n)+)((?:(?!--).*\n)+)", text).groups()
        told = re.sub(r"\n--       +", "  ", header)
        keys, argv, _ = (
            re.search(rf"^-- {word} +(.*)$", told, re.MULTILINE)[1] for word in ("KEYS", "ARGV", "RETURNS")
        )
        return cls(Line.parse(keys), Line.parse(argv), body)


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_uses_each_key_and_argument_that_its_header_numbers_and_no_other(name: str) -> None:
    script = Script.read(name)
    for word, line in (("KEYS", script.keys), ("ARGV", script.argv)):
        numbered = {int(number) for number in re.findall(rf"{word}\[(\d)\]", script.body)}
        assert numbered == set(range(1, len(line.named) + 1))
        first = {int(number) - len(line.named) for number in re.findall(rf"{word}\[(\d) \+", script.body)}
        first |= {int(number) for number in re.findall(rf"{word}\[base \+ (\d)", script.body)}
        assert first in (set(), set(range(1, len(line.each) + 1)))


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_is_legal_from_redis_6_2_on_and_makes_no_key_names(name: str) -> None:
    body = Script.read(name).body
    called = re.findall(r"redis\.(\w+)\('?(\w+)", body)
    assert {function for function, _ in called} == {"call"}
    assert {command for _, command in called} <= COMMANDS
    assert not re.search(r"PEXPIREAT'.*'(GT|LT|NX|XX)'", body), "these came with Redis 7"
    assert ".." not in body
    assert "dvauth" not in body


def a_life(desk: Any) -> Iterator[object]:
    """Everything that can happen to sessions; what is yielded must be true."""
    desk.policies = PolicySet(TimeoutPolicy(max_sessions=2), {}, desk.policies.portals)
    first = desk.open()
    desk.pass_time(seconds=1)
    for _ in range(3):
        desk.open(remember=True)
    check = desk.keeper.check(first.cookie)
    yield isinstance(check, Ended) and check.reason is Reason.EVICTED
    opened = desk.open(desk.bob, portal=desk.news)
    yield isinstance(desk.keeper.keep_alive(opened.cookie, CENTRAL, Cause.INPUT), Active)
    yield isinstance(desk.keeper.keep_alive(opened.cookie, desk.at_news, Cause.PROMPT), Active)
    yield desk.attach(opened.cookie, desk.news)
    cookie = desk.keeper.rotate(desk.keeper.rotate(opened.cookie), reauthenticated=True)
    desk.pass_time(minutes=3)
    yield isinstance(desk.keeper.check(cookie, desk.at_bank), Ended)
    desk.keeper.set_roles(desk.bob.account_id, ("reader", "editor"))
    yield desk.keeper.check(cookie).record.roles == ("reader", "editor")
    yield desk.keeper.end(opened.record, Reason.LOGOUT)
    kept, others = desk.open(desk.bob), desk.open(desk.bob)
    ended = desk.keeper.end_all(desk.bob.account_id, Reason.REVOKED, keep=kept.record.ref.session_id)
    yield ended == [others.record.ref.session_id]
    yield desk.keeper.end_all("nobody", Reason.REVOKED) == []
    elsewhere = [desk.open(Principal(account_id=f"account{number}")).record.ref for number in range(2)]
    yield desk.late_ends.repeat(elsewhere, Reason.REVOKED) == 2
    yield desk.sweep() == 3
    desk.pass_time(minutes=15)
    yield desk.reaper.reap() == 3
    yield desk.reaper.drain(lambda _: None)


class RecordingConnection(RedisConnection):
    """Keeps the calls of scripts."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__(client)
        self.scripts: list[tuple[str, list[Any], list[Any]]] = []

    def call(self, function: Any, *args: Any, **options: Any) -> Any:
        if "keys" in options:
            self.scripts.append((function.script, options["keys"], options["args"]))
        return super().call(function, *args, **options)


def test_every_call_fits_the_scripts_header_and_one_cluster_slot(desk: Any) -> None:
    names = {(FOLDER / f"{name}.lua").read_text("utf-8"): name for name in SCRIPTS}
    recording = RecordingConnection(desk.connection.client)
    assert all(a_life(replace(desk, connection=recording)))
    for text, keys, args in recording.scripts:
        script = Script.read(names[text])
        assert len({key_slot(key.encode()) for key in keys}) == 1
        kinds = [key.split(":")[2] for key in keys]
        if names[text] == "read_many":
            assert set(kinds) == {"session"}
            continue
        sessions, left = divmod(len(keys) - len(script.keys.named), len(script.keys.each) or 1)
        assert left == 0
        each = [re.sub("^its (.*) key$|^.*$", r"\1", name.strip()) or "session" for name in script.keys.each]
        assert kinds == [*script.keys.named, *each * sessions]
        pairs = 2 * args[7] if names[text] == "open" else 0
        assert len(args) == len(script.argv.named) + pairs + len(script.argv.each) * sessions
    assert {names[text] for text, _, _ in recording.scripts} == set(SCRIPTS)
