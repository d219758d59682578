"""docker-compose.yml, as far as it can be tried without Docker: its Redis runs here with the same command line."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import compose_spec
import pytest
import redis

from dvauth.storage.embedded_redis import find_server
from dvauth.storage.redis import connect

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
def compose_redis_url(services: dict[str, Any], secrets: Path, tmp_path: Path) -> Iterator[str]:
    """The redis service's own command, with this machine's server; gives the address, user and password included."""
    socket = tmp_path / "redis.sock"
    options = [str(word) for word in services["redis"]["command"][1:]]
    options = [word.replace("/run/secrets", str(secrets)) for word in options]
    command = [find_server().path, *options, "--port", "0", "--unixsocket", socket, "--dir", tmp_path]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    with connect(f"unix://{socket}") as nobody:
        while True:
            try:
                nobody.ping()
            except redis.exceptions.AuthenticationError:
                break
            except redis.exceptions.ConnectionError:
                assert server.poll() is None
    password = urlsplit((secrets / "redis_url").read_text()).password
    yield f"unix://dvauth:{password}@{socket}"
    server.kill()
    server.wait()
