"""What keeps ``dvauth serve`` from starting is told in sentences, and by the exit code."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from dvauth.cli.serve import DEMO_MARK

SECRET_KEY = "x4Jm0Qe7Rk2Wv9Tz5Yb8Nc1Ld6Hf3GsPq"


@pytest.fixture
def port() -> int:
    """Free at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def environ(tmp_path: Path, port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DVAUTH_SECRET_KEY": SECRET_KEY,
        "DVAUTH_DATA_DIR": str(tmp_path / "data"),
        "DVAUTH_BIND": f"127.0.0.1:{port}",
    }


def refusal(environ: dict[str, str], *arguments: str) -> tuple[int, str]:
    """The exit code and what was said of a start that fails."""
    command = [sys.executable, "-m", "dvauth", *(arguments or ["serve"])]
    told = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert "Traceback" not in told.stderr
    assert SECRET_KEY not in told.stderr
    return told.returncode, told.stderr


@pytest.fixture
def evicting_redis(redis_url: str) -> Iterator[str]:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        yield redis_url
        client.config_set("maxmemory-policy", "noeviction")


@pytest.mark.proves("CF1")
def test_all_wrong_settings_are_told_at_once(environ: dict[str, str]) -> None:
    del environ["DVAUTH_SECRET_KEY"]
    environ["DVAUTH_DATA_DIR"] = "data"
    code, told = refusal({**environ, "DVAUTH_WORKERS": "many", "DVAUTH_BIND": "nowhere", "DVAUTH_COLOUR": "red"})
    assert code == 2
    for name in ("DVAUTH_SECRET_KEY", "DVAUTH_DATA_DIR", "DVAUTH_WORKERS", "DVAUTH_BIND", "DVAUTH_COLOUR"):
        assert name in told


def test_a_port_that_is_taken_is_named(environ: dict[str, str], port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        code, told = refusal(environ)
    assert (code, told) == (1, f"Error: The address 127.0.0.1:{port} cannot be used: Address already in use.\n")


def test_it_is_told_in_the_language_of_the_terminal(environ: dict[str, str], port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        _, told = refusal({**environ, "LANG": "vi_VN.UTF-8"})
    assert f"Không dùng được địa chỉ 127.0.0.1:{port}" in told
    assert "địa chỉ đã có chương trình khác dùng" in told
    _, told = refusal({**environ, "LANG": "vi_VN.UTF-8"}, "session", "list", "--most", "abc")
    assert "'abc' không phải là số nguyên hợp lệ" in told


def test_a_host_that_does_not_exist_is_named(environ: dict[str, str]) -> None:
    code, told = refusal({**environ, "DVAUTH_BIND": "no-such-host.invalid:8000"})
    assert code == 1
    assert told.startswith("Error: The address no-such-host.invalid:8000 cannot be used: ")


def test_a_data_folder_that_cannot_be_written_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, told = refusal({**environ, "DVAUTH_DATA_DIR": str(tmp_path / "file" / "data")})
    assert (code, told) == (1, f"Error: The data folder {tmp_path}/file/data cannot be written: Not a directory.\n")


@pytest.mark.proves("CO25")
def test_a_redis_that_does_not_answer_is_told(environ: dict[str, str], port: int) -> None:
    code, told = refusal({**environ, "DVAUTH_REDIS_URL": f"redis://dvauth:canary@127.0.0.1:{port + 1}/0"})
    assert code == 1
    assert told.startswith("Error: DVAUTH_REDIS_URL: Redis does not answer: ")
    assert "canary" not in told


def test_a_redis_that_evicts_is_refused(environ: dict[str, str], evicting_redis: str) -> None:
    code, told = refusal({**environ, "DVAUTH_REDIS_URL": evicting_redis})
    assert code == 1
    assert told.startswith("Error: DVAUTH_REDIS_URL: Redis has maxmemory-policy allkeys-lru")


def test_the_folder_of_a_demo_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / DEMO_MARK).touch()
    code, told = refusal(environ)
    assert (code, told.count("belongs to a demo")) == (1, 1)


def test_a_demo_refuses_a_folder_with_something_else_in_it(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to-lan.txt").touch()
    code, told = refusal(environ, "demo", "--data-dir", str(tmp_path / "letters"))
    assert (code, told.count("not a demo's")) == (1, 1)
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["to-lan.txt"]


def test_a_demo_can_be_bound_to_loopback_only(environ: dict[str, str]) -> None:
    code, told = refusal(environ, "demo", "--bind", "0.0.0.0:8000")
    assert code == 2
    assert "No such option" in told


def test_a_demos_port_that_is_taken_is_named(environ: dict[str, str], port: int, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", port)):
        code, told = refusal(environ, "demo", "--portal-port", str(port), "--data-dir", str(tmp_path / "demo"))
    assert (code, told) == (1, f"Error: The address 127.0.0.1:{port} cannot be used: Address already in use.\n")


def test_it_names_its_addresses_and_says_what_a_stop_waits_for(environ: dict[str, str], port: int) -> None:
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "dvauth", "serve"]
    environ |= {"DVAUTH_BASE_URL": address}
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as service:
        assert service.stderr
        told = service.stderr.readline()
        service.terminate()
        rest = service.stderr.read()
    assert told == f"dvauth answers at {address} (it listens on 127.0.0.1:{port}). Ctrl-C stops it.\n"
    assert rest == "dvauth stops; requests under way are answered first, within ten seconds.\n"
    assert service.returncode == 0
