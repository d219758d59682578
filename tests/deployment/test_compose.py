"""docker-compose.yml and what it is fed with, as far as they can be tried without Docker."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import compose_spec
import pytest
import redis

from dvauth.settings import Settings
from dvauth.storage.embedded_redis import find_server
from dvauth.storage.redis_check import check_redis

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    compose = compose_spec.PyCompose.from_yaml((ROOT / "docker-compose.yml").read_text())
    compose.validate()  # networks, volumes and secrets that a service names are declared
    return dict(compose.to_dict()["services"])


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    subprocess.run([sys.executable, ROOT / "scripts" / "compose_secrets.py", folder], check=True)
    return folder


@pytest.fixture
def redis_of_compose(services: dict[str, Any], secrets: Path, tmp_path: Path) -> Iterator[str]:
    """The redis service's own command, with this machine's server; gives the socket's path."""
    socket = tmp_path / "redis.sock"
    options = [str(word) for word in services["redis"]["command"][1:]]
    options = [word.replace("/run/secrets", str(secrets)) for word in options]
    command = [find_server().path, *options, "--port", "0", "--unixsocket", socket, "--dir", tmp_path]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    with redis.Redis(unix_socket_path=str(socket)) as nobody:
        while True:
            try:
                nobody.ping()
            except redis.exceptions.AuthenticationError:
                break
            except redis.exceptions.ConnectionError:
                assert server.poll() is None
    yield str(socket)
    server.kill()
    server.wait()


@pytest.fixture
def client(redis_of_compose: str, secrets: Path) -> Iterator[redis.Redis]:
    address = urlsplit((secrets / "redis_url").read_text())
    with redis.Redis(
        unix_socket_path=redis_of_compose, username=address.username, password=address.password, decode_responses=True
    ) as connected:
        yield connected


def test_only_loopback_is_published(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for port in service.get("ports", []):
            assert "127.0.0.1" in str(port), name
    assert "ports" not in services["redis"]


def test_the_demo_portal_comes_only_with_its_profile(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if not service.get("profiles")] == ["dvauth", "redis"]
    assert services["portal"]["profiles"] == ["demo"]


def test_no_secret_stands_in_the_environment(services: dict[str, Any]) -> None:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if any(word in name for word in ("KEY", "PASSWORD", "REDIS_URL")):
                assert name.endswith("_FILE"), name
                assert str(value).startswith("/run/secrets/"), name


def test_the_services_settings_are_accepted(services: dict[str, Any], secrets: Path) -> None:
    environ = {name: str(value) for name, value in services["dvauth"]["environment"].items()}
    environ = {name: value.replace("/run/secrets", str(secrets)) for name, value in environ.items()}
    environ["DVAUTH_BASE_URL"] = "http://auth.dvauth.localhost:8000"  # Docker fills in the default
    settings = Settings.from_environment(environ)
    assert settings.redis_url is not None
    assert settings.redis_url.startswith("redis://dvauth:")
    assert str(settings.trusted_proxies[0].network_address) == services["portal"]["networks"]["front"]["ipv4_address"]


def test_the_secrets_folder_is_closed_and_made_once(secrets: Path) -> None:
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    again = subprocess.run([sys.executable, ROOT / "scripts" / "compose_secrets.py", secrets], check=False)
    assert again.returncode == 1


def test_redis_keeps_everything_and_fits(client: redis.Redis) -> None:
    check_redis(client)
    told = client.info("persistence")
    assert told["aof_enabled"] == 1


def test_redis_lets_dvauth_do_its_work_and_nothing_else(client: redis.Redis) -> None:
    assert client.set("dvauth:{7f}:session:x", "1")
    assert client.eval("return redis.call('TIME')[1]", 0)
    forbidden = [
        ("KEYS", "*"),
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
        ("SET", "other", "1"),
        ("ACL", "LIST"),
        ("MONITOR",),
    ]
    for command in forbidden:
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command(*command)
