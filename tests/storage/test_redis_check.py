"""Which Redis the service refuses to start on."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from dvauth.storage.embedded_redis import find_server
from dvauth.storage.redis import connect
from dvauth.storage.redis_check import UnfitRedis, check_redis


@contextmanager
def server(folder: Path, *options: str) -> Iterator[str]:
    """A Redis with these options; gives its address."""
    path = folder / "redis.sock"
    command = [find_server().path, "--port", "0", "--unixsocket", str(path), "--dir", str(folder), "--save", ""]
    process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)
    try:
        while not listens(path):
            assert process.poll() is None
            time.sleep(0.01)
        yield f"unix://{path}"
    finally:
        process.kill()
        process.wait()


def listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as visitor:
        return visitor.connect_ex(str(path)) == 0


def check(url: str) -> None:
    with connect(url) as client:
        check_redis(client)


def test_a_redis_that_keeps_everything_is_accepted(tmp_path: Path) -> None:
    with server(tmp_path, "--maxmemory-policy", "noeviction") as url:
        check(url)


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_redis_that_would_evict_sessions_is_refused(tmp_path: Path, policy: str) -> None:
    refused = pytest.raises(UnfitRedis, match=f"{policy}.*noeviction")
    with server(tmp_path, "--maxmemory-policy", policy) as url, refused:
        check(url)


def test_a_user_without_config_is_enough(tmp_path: Path) -> None:
    with server(tmp_path, "--user", "default", "on", "nopass", "~*", "+@all", "-config") as url:
        check(url)


def test_a_user_without_info_is_told_what_to_allow(tmp_path: Path) -> None:
    strict = ["--user", "default", "on", "nopass", "~*", "+@all", "-info"]
    with server(tmp_path, *strict) as url, pytest.raises(UnfitRedis, match=r"\+info"):
        check(url)


def test_a_wrong_password_is_told_and_not_repeated(tmp_path: Path) -> None:
    with server(tmp_path, "--requirepass", "right") as url:
        with pytest.raises(UnfitRedis, match="user name or password") as refused:
            check(f"{url}?password=canary")
        assert "canary" not in str(refused.value)
        with pytest.raises(UnfitRedis, match="user name or password"):
            check(url)


def test_no_answer_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnfitRedis, match="does not answer"):
        check(f"unix://{tmp_path}/nobody.sock")


def test_an_old_redis_is_refused(tmp_path: Path) -> None:
    class OldRedis(redis.Redis):
        def info(self, *_sections: str, **_options: object) -> dict[str, object]:
            return {"redis_version": "6.0.16", "maxmemory_policy": "noeviction"}

    with pytest.raises(UnfitRedis, match=r"6\.0\.16 is too old"):
        check_redis(OldRedis())
