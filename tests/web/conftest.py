"""The whole web in front of real parts: Redis, SQLite, and a clock that the test moves."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from dvauth.accounts.account import Account
from dvauth.accounts.passwords import Passwords
from dvauth.app import create_app
from dvauth.housekeeping import Housekeeping
from dvauth.parts import Parts
from dvauth.settings import Settings
from dvauth.storage.embedded_redis import find_server

CENTRE = "https://auth.example.vn"
NEWS = "https://news.example.vn"  # embeds the script only
DESK = "https://desk.example.vn"  # maps /dvauth/ to the service
DATABASE = "dvauth.sqlite3"
PEOPLE = {"alice": "reader", "bob": "editor", "charlie": "admin"}
PASSWORD = "một câu mật khẩu đủ dài"
NAVIGATION = {
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
    "Sec-Fetch-Dest": "document",
    "Accept": "text/html",
}
ON_DESK = {"X-Forwarded-Host": "desk.example.vn", "X-Forwarded-Proto": "https"}


@dataclass
class Site:
    """The service with two portals and three people: Alice (reader), Bob (editor), Charlie (admin)."""

    app: Flask
    parts: Parts
    clock: Any
    people: dict[str, Account]

    centre, news, desk, password = CENTRE, NEWS, DESK, PASSWORD
    navigation, on_desk = NAVIGATION, ON_DESK

    def browser(self) -> "Browser":
        return Browser(self)

    def script(self) -> "Browser":
        """Somebody who writes the Cookie header by hand."""
        return Browser(self, use_cookies=False)

    def pass_time(self, **duration: float) -> None:
        self.clock.advance(timedelta(**duration))

    def change_default(self, **seconds: float) -> None:
        """Set fields of the default policy, and let this process hear of it."""
        self.parts.policy_book.change_default(**{name: timedelta(seconds=value) for name, value in seconds.items()})
        self.parts.watch.beat()

    def keep_house(self) -> None:
        """One round of everything, however slow the machine: no task's share of it is ever used up."""
        Housekeeping(self.parts, monotonic=lambda: 0.0).round()


class Browser:
    """One person's browser, as far as the service can tell."""

    def __init__(self, site: Site, *, use_cookies: bool = True) -> None:
        self.site = site
        self.client: FlaskClient = site.app.test_client(use_cookies=use_cookies)

    def get(self, path: str, **options: Any) -> TestResponse:
        headers = NAVIGATION | options.pop("headers", {})
        return self.client.get(path, base_url=CENTRE, headers=headers, **options)

    def post(self, path: str, data: dict[str, str], *, page: str | None = None, **options: Any) -> TestResponse:
        """Send a form of ``page`` (the path itself, unless given), with its token and the headers of a browser."""
        token = self.token(page or path)
        headers = NAVIGATION | {"Origin": CENTRE, "Sec-Fetch-Site": "same-origin"} | options.pop("headers", {})
        return self.client.post(path, base_url=CENTRE, data={**data, "csrf_token": token}, headers=headers, **options)

    def token(self, page: str) -> str:
        found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', self.get(page).text)
        assert found, f"{page} has no form"
        return found[1]

    def log_in(self, name: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        query = f"?return_to={fields['return_to']}" if "return_to" in fields else ""
        return self.post(f"/login{query}", {"username": name, "password": password, **fields})

    def fetch(self, path: str, *, origin: str | None = NEWS, method: str = "GET", **options: Any) -> TestResponse:
        """As the embed script asks."""
        headers = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-site"}
        headers |= {"Origin": origin} if origin else {}
        headers |= options.pop("headers", {})
        return self.client.open(path, method=method, base_url=CENTRE, headers=headers, **options)

    def status(self, origin: str | None = NEWS) -> dict[str, Any]:
        answer: dict[str, Any] = self.fetch("/session", origin=origin).get_json()
        return answer

    def keep_alive(self, cause: str = "prompt", idle: float = 0, **options: Any) -> TestResponse:
        body = {"cause": cause, "idle_seconds": idle}
        return self.fetch("/session/keep-alive", method="POST", json=body, **options)

    def enter(self, page: str) -> TestResponse:
        """Go to a page of the desk portal and follow the handshake to its end."""
        response = self.on_desk(f"/enter?return_to={page}")
        while response.status_code == 303:
            where = urlsplit(response.headers["Location"])
            path = f"{where.path}?{where.query}" if where.query else where.path
            if where.hostname == "auth.example.vn":
                response = self.get(path)
            elif where.path.startswith("/dvauth/"):
                response = self.on_desk(path.removeprefix("/dvauth"))
            else:
                return response
        return response

    def on_desk(self, path: str, *, method: str = "GET", **options: Any) -> TestResponse:
        """Through the portal's own proxy, which has taken ``/dvauth`` off."""
        headers = NAVIGATION | ON_DESK | options.pop("headers", {})
        return self.client.open(path, method=method, base_url=DESK, headers=headers, **options)

    def verify(self, page: str = f"{DESK}/editor", **headers: str) -> TestResponse:
        """As the desk portal's server asks, with what the browser sent it."""
        asked = {"X-Original-URL": page, "X-Original-Method": "GET"} | headers
        return self.client.get("/verify", base_url=DESK, headers=asked)


@contextmanager
def started(redis_url: str, folder: Path, clock: Any = None) -> Iterator[Parts]:
    """The service's parts on this Redis, with the database that is in the folder."""
    settings = Settings(
        base_url=CENTRE,
        secret_key=("a key for tests, with at least 32 signs: 0123456789",),
        data_dir=folder,
        redis_url=redis_url,
        trusted_proxies=(ip_network("127.0.0.1"),),
        site_name="Cổng thử nghiệm",
    )
    parts = Parts(settings, clock)
    cheap = {"memory_cost": 64, "time_cost": 1}
    parts.passwords = Passwords(site_name=settings.site_name, portal_names=parts._portal_names, slots=2, **cheap)
    parts.start()
    yield parts
    parts.close()


@pytest.fixture(scope="session")
def furnished(redis_url: str, empty_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the portals and people of every site. To copy it is quicker than to make it."""
    folder = tmp_path_factory.mktemp("furnished")
    file = shutil.copy(empty_sqlite, folder / DATABASE)
    with started(redis_url, folder) as parts:
        parts.portals.add("news", name="Báo tỉnh", origins=[NEWS])
        parts.portals.add("desk", name="Bàn biên tập", origins=[DESK], mounted=True)
        for name, role in PEOPLE.items():
            parts.accounts.set_password(parts.accounts.add(name, roles=[role]).id, PASSWORD)
    return file


@contextmanager
def served(redis_url: str, furnished: Path, folder: Path, clock: Any) -> Iterator[Site]:
    """The service on this Redis, with its portals and people."""
    shutil.copy(furnished, folder / DATABASE)
    with started(redis_url, folder, clock) as parts:
        parts.watch.beat()  # on a busy machine the first may have been given up
        people = {account.username: account for account in parts.administration.accounts.every()}
        yield Site(create_app(parts), parts, clock, people)


@pytest.fixture
def site(redis_url: str, connection: Any, furnished: Path, tmp_path: Path, clock: Any) -> Iterator[Site]:
    with served(redis_url, furnished, tmp_path, clock) as site:
        yield site


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser()


@pytest.fixture
def frail_redis(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A Redis of one test's own, which it may stop."""
    socket = tmp_path / "frail.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(tmp_path)]
    server = subprocess.Popen([find_server().path, *options], stdout=subprocess.DEVNULL)
    while not socket.exists():
        time.sleep(0.01)
    yield server
    server.send_signal(signal.SIGCONT)
    server.kill()
    server.wait()


@pytest.fixture
def frail_site(frail_redis: Any, furnished: Path, tmp_path: Path, clock: Any) -> Iterator[Site]:
    """The service on a Redis that the test may stop."""
    with served(f"unix://{tmp_path / 'frail.sock'}", furnished, tmp_path, clock) as site:
        yield site
