"""What docker-compose.yml promises."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from dvauth.settings import Settings
from dvauth.storage.redis_check import check_redis

MAKE_SECRETS = Path(__file__).parents[2] / "scripts" / "compose_secrets.py"


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
    before = (secrets / "secret_key").read_text()
    assert subprocess.run([sys.executable, MAKE_SECRETS, secrets], check=False).returncode == 1
    assert (secrets / "secret_key").read_text() == before


@pytest.fixture
def client(compose_redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(compose_redis_url) as connected:
        yield connected


def test_redis_keeps_everything_and_fits(client: redis.Redis) -> None:
    check_redis(client)
    told = client.info("persistence")
    assert told["aof_enabled"] == 1


def test_redis_lets_dvauth_do_nothing_but_its_work(client: redis.Redis) -> None:
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
