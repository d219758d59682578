"""The service behind real proxies with the shipped files, by https; and a portal's programs behind them."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from dvauth.parts import Parts, connected
from dvauth.sessions.record import Principal
from dvauth.settings import Settings
from dvauth.storage.embedded_redis import running_url
from dvauth.storage.redis import connect
from dvauth.timeouts.judge import Reason
from tests.proxies import deployed
from tests.proxies.portal_programs import Programs, php

COOKIE = "__Host-dvauth"
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1", "Sec-Fetch-Dest": "document"}
PASSWORD = "một câu mật khẩu đủ dài"
HEARD = 1  # seconds until every process of the service has heard of a change

# A person's role decides how soon the prompt comes after the last activity.
POLICIES = {
    "brisk": {"idle_timeout": timedelta(seconds=6), "warn_before": timedelta(seconds=3)},
    "busy": {"idle_timeout": timedelta(seconds=10), "warn_before": timedelta(seconds=3)},
    "calm": {},
}


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def received(self, name: str) -> list[str]:
        """What the portal's programs got under this name, in any spelling that they read as the same."""
        wanted = name.upper().replace("-", "_")
        return [value for given, value in self.json["headers"] if given.upper().replace("-", "_") == wanted]


@dataclass
class Site:
    """A proxy with dvauth and two mounted portals behind it: ``news``, and ``cms``, which is written in PHP."""

    at: deployed.Addresses
    programs: Programs
    parts: Parts

    @property
    def proxy(self) -> str:
        return "nginx" if (self.at.folder / "nginx").exists() else "caddy"

    def url(self, name: str, path: str = "/") -> str:
        return f"https://{self.at.host(name)}{path}"

    def ask(
        self,
        target: str,
        headers: dict[str, str] | None = None,
        *,
        portal: str = "news",
        method: str = "GET",
        body: bytes | None = None,
        cookie: str = "",
        host: str = "",
    ) -> Answer:
        """One request with exactly this target; ``cookie`` is the session's at that host."""
        given = {"Host": host or self.at.host(portal)} | (headers or {})
        if cookie:
            given["Cookie"] = f"{COOKIE}={cookie}"
        connection = http.client.HTTPConnection("127.0.0.1", self.at.port)
        connection.sock = deployed.connect(self.at.port, portal)
        with connection.sock:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                connection.putheader(name, value)
            if body is not None and "Transfer-Encoding" not in given:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body, encode_chunked="Transfer-Encoding" in given)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def log_in(self, *roles: str, portal: str = "news", account: str = "") -> str:
        """The cookie that a fresh session has on the portal's own host."""
        keeper, place = self.parts.keeper, self.parts.portals.directory().by_slug(portal)
        someone = Principal(account_id=account or f"someone-{time.time_ns()}", roles=roles)
        credential = self.parts.signer.read(keeper.open(someone).cookie)
        cookie = keeper.attach(credential, place) if credential and place else None
        assert cookie
        return cookie

    def end(self, account: str) -> None:
        self.parts.keeper.end_all(account, Reason.REVOKED)

    @contextmanager
    def redis_hanging(self) -> Iterator[None]:
        """The service's own Redis answers nobody."""
        redis_url = running_url(self.parts.settings.data_dir)
        assert redis_url
        with connect(redis_url) as client:
            pid = client.info("server")["process_id"]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="session", params=["nginx", "caddy"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not {"nginx": deployed.NGINX, "caddy": deployed.CADDY}[request.param]:
        pytest.skip(f"{request.param} is not installed")
    with _deployed(request.param, tmp_path_factory.mktemp(request.param)) as site:
        yield site


@contextmanager
def _deployed(proxy: str, folder: Path) -> Iterator[Site]:
    with ExitStack() as running:
        at, programs = _behind(running, folder, f"127.0.0.1:{deployed.free_port()}")
        parts = running.enter_context(_service(at))
        running.enter_context(_started(proxy, at))
        yield Site(at, programs, parts)


@pytest.fixture(scope="session")
def mirror(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same proxy with the portal's programs in dvauth's place: what dvauth is told, and asked to judge."""
    with ExitStack() as running:
        at, programs = _behind(running, tmp_path_factory.mktemp("mirror"), None)
        running.enter_context(_started(site.proxy, at))
        yield Site(at, programs, site.parts)


@pytest.fixture
def widow(site: Site, tmp_path: Path) -> Iterator[Site]:
    """The same proxy while dvauth does not run."""
    with ExitStack() as running:
        at, programs = _behind(running, tmp_path, f"127.0.0.1:{deployed.free_port()}")
        running.enter_context(_started(site.proxy, at))
        yield Site(at, programs, site.parts)


def _behind(running: ExitStack, folder: Path, dvauth: str | None) -> tuple[deployed.Addresses, Programs]:
    """The portals' programs, and where everything is; ``dvauth`` is at this address, or mirrored by the programs."""
    programs = Programs()
    running.callback(programs.close)
    port, plain_port = deployed.free_port(), deployed.free_port()
    at = deployed.Addresses(port, plain_port, dvauth or programs.address, programs.address, folder)
    (folder / "cms").mkdir()
    (folder / "cms" / "index.php").touch()
    running.enter_context(php(at.php))
    return at, programs


def _started(proxy: str, at: deployed.Addresses) -> AbstractContextManager[None]:
    return {"nginx": deployed.nginx, "caddy": deployed.caddy}[proxy](at)


@contextmanager
def _service(at: deployed.Addresses) -> Iterator[Parts]:
    environ = {
        "DVAUTH_BASE_URL": f"https://{at.host('auth')}",
        "DVAUTH_BIND": at.dvauth,
        "DVAUTH_DATA_DIR": str(at.folder / "data"),
        "DVAUTH_SECRET_KEY": "Zx81-only-for-tests-0123456789-abcdefghijklmnop",
        "DVAUTH_DEVELOPMENT_SHORT_TIMEOUTS": "1",
        "DVAUTH_TRUSTED_PROXIES": "127.0.0.1",
    }
    log = at.folder / "service.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "dvauth", "serve"]
        process = subprocess.Popen(command, env=os.environ | environ, stdout=output, stderr=output)
    try:
        _wait_until_ready(at.dvauth, process, log)
        with connected(Settings.from_environment(environ)) as parts:
            _furnish(parts, at)
            yield parts
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + deployed.START_SECONDS
    while True:
        with suppress(OSError), urllib.request.urlopen(f"http://{address}/health/live", timeout=1):
            return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def _furnish(parts: Parts, at: deployed.Addresses) -> None:
    for role, values in POLICIES.items():
        parts.policy_book.change_override("role", role, **values)
        parts.accounts.set_password(parts.accounts.add(f"{role}-minh", roles=[role]).id, PASSWORD)
    for name in ("news", "cms", "plain"):
        parts.portals.add(name, name=name, origins=[f"https://{at.host(name)}"], mounted=name != "plain")
    time.sleep(HEARD)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without a past. What goes wrong in a page's scripts fails the test."""
    context = browser.new_context(locale="vi-VN", ignore_https_errors=True)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    assert errors == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def log_in_by_hand(site: Site) -> Callable[[Page, str], None]:
    """On the login page, to which the portal has sent the person; ``role`` decides on the timeouts."""

    def act(page: Page, role: str) -> None:
        page.wait_for_url(lambda url: url.startswith(f"{site.url('auth')}login?"))
        page.get_by_label("Tên đăng nhập").fill(f"{role}-minh")
        page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Đăng nhập").click()

    return act
