"""What tests of several rooms stand on: a real Redis, a real SQL database, and a clock that only tests move."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis
from hypothesis import settings
from playwright.sync_api import Browser, Playwright, sync_playwright

from dvauth.storage.embedded_redis import find_server
from dvauth.storage.redis import RedisConnection, connect
from dvauth.storage.sql import Database

CHROMIUM = "/usr/bin/chromium"
SWITCHES = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-gpu"]

settings.register_profile("dvauth", deadline=None)  # a busy machine is no counterexample
settings.load_profile("dvauth")


class HandClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        # In Redis's own future, so that it forgets nothing by its own clock.
        self.time = datetime(2100, 3, 1, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def now_ms(self) -> int:
        return round(self.time.timestamp() * 1000)

    def for_script(self) -> str:
        return str(self.now_ms())

    def advance(self, duration: timedelta) -> None:
        self.time += duration


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


class RedisServer(NamedTuple):
    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def _redis_server(folder: Path, *options: str) -> Iterator[RedisServer]:
    socket = folder / "redis.sock"
    standard = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([find_server().path, *standard, *options], stdout=subprocess.DEVNULL)
    try:
        url = f"unix://{socket}"
        _wait_for_redis(url)
        yield RedisServer(url, process)
    finally:
        process.kill()
        process.wait()


def _wait_for_redis(url: str) -> None:
    client, deadline = connect(url), time.monotonic() + 10
    while True:
        try:
            client.ping()
        except redis.ConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        else:
            client.close()
            return


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of this test run's own, in memory only."""
    with _redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture
def start_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RedisServer]]:
    """Starts a Redis of the test's own, with these options."""
    with ExitStack() as servers:
        yield lambda *options: servers.enter_context(_redis_server(tmp_path_factory.mktemp("redis"), *options))


@pytest.fixture
def connection(redis_url: str) -> Iterator[RedisConnection]:
    """The run's Redis, empty."""
    client = connect(redis_url)
    client.flushdb()
    yield RedisConnection(client)
    client.close()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with today's schema and nothing else. To copy it is quicker than to run every migration."""
    file = tmp_path_factory.mktemp("sqlite") / "empty.sqlite"
    database = Database(f"sqlite:///{file}")
    database.upgrade()
    database.close()
    return file


@pytest.fixture
def database(empty_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    """A fresh SQLite file with today's schema."""
    database = Database(f"sqlite:///{shutil.copy(empty_sqlite, tmp_path / 'dvauth.sqlite')}")
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest) -> Database:
    """The same test on both databases that are supported."""
    name = {"sqlite": "database", "postgresql": "postgresql"}[request.param]
    found = request.getfixturevalue(name)
    assert isinstance(found, Database)
    return found


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[Database]:
    """An empty PostgreSQL database with today's schema."""
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgresql_url, autocommit=True) as everything:
        everything.execute("DROP SCHEMA public CASCADE")
        everything.execute("CREATE SCHEMA public")
    database = Database(postgresql_url)
    database.upgrade()
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server of this test run's own; skips where none is installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="dvauth-postgresql-"))
    run: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        run |= {"user": "postgres"}
    data, options = str(folder / "data"), "-c listen_addresses='' -c fsync=off"
    control = [str(programs[-1] / "pg_ctl"), "-D", data, "-w"]
    try:
        subprocess.run(
            [str(programs[-1] / "initdb"), "-D", data, "-U", "dvauth", "-A", "trust", "-N"], check=True, **run
        )
        subprocess.run([*control, "-o", f"-k {folder} {options}", "start"], check=True, **run)
        yield f"postgresql://dvauth@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, **run)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
    yield chromium
    chromium.close()
