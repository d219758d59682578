"""The service as a process of its own, a portal on another origin, and real Chromium between them."""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright
from werkzeug.serving import make_server

from dvauth.demo.portal import create_portal
from dvauth.parts import connected
from dvauth.sessions.check import Cause
from dvauth.sessions.record import CENTRAL, Principal
from dvauth.settings import Settings
from dvauth.timeouts.judge import Reason
from dvauth.web.cookies import CookieJar

FIREFOX = "/usr/bin/firefox-esr"
START_SECONDS = 30

# A person's role decides how soon the prompt comes after the last activity, and how long it stays.
POLICIES = {
    "brisk": {"idle_timeout": timedelta(seconds=6), "warn_before": timedelta(seconds=3)},
    "warned": {"idle_timeout": timedelta(seconds=62), "warn_before": timedelta(seconds=60)},
    "busy": {"idle_timeout": timedelta(seconds=10), "warn_before": timedelta(seconds=3)},
    "steady": {"idle_timeout": timedelta(seconds=20), "warn_before": timedelta(seconds=5)},
    "soon": {"idle_timeout": timedelta(seconds=35), "warn_before": timedelta(seconds=33)},
    "limited": {
        "idle_timeout": timedelta(seconds=6),
        "absolute_timeout": timedelta(seconds=7),
        "warn_before": timedelta(seconds=3),
    },
    "changed": {"idle_timeout": timedelta(seconds=300), "warn_before": timedelta(seconds=29)},
    "dozing": {"idle_timeout": timedelta(seconds=32), "warn_before": timedelta(seconds=6)},
    "calm": {},
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is measured in tenths of a second gets a second try, in case the machine was busy with something else."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("firefox_too"):
        metafunc.parametrize("which_browser", ["chromium", "firefox"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Portal:
    """A portal that only embeds the script: pages by path, as the tests want them."""

    def __init__(self, name: str, service_url: str, *, site: str = "dvauth.localhost") -> None:
        self.pages: dict[str, tuple[str, dict[str, str]]] = {}
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.origin = f"http://{name}.{site}:{self._server.server_port}"
        self.tag = f'<script src="{service_url}/embed.js" defer></script>'
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def page(
        self,
        path: str = "/",
        body: str = "<h1>Tin tức</h1>",
        *,
        head: str = "",
        lang: str = "vi",
        tag: str | None = None,
        **headers: str,
    ) -> str:
        """Puts a page there; returns its address. Header names are written with underscores."""
        html = (
            f"<!doctype html><html lang={lang}><meta charset=utf-8><title>Cổng thông tin</title>"
            f'<meta name=viewport content="width=device-width">{head}{self.tag if tag is None else tag}<body>{body}'
        )
        self.pages[path] = (html, {name.replace("_", "-"): value for name, value in headers.items()})
        return self.origin + path

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pages, asked = self.pages, self.asked

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                asked.append(self.path)
                html, headers = pages.get(self.path.partition("?")[0], ("", {}))
                body = html.encode()
                self.send_response(200 if html else 404)
                for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with suppress(ConnectionError):
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


class Installation(Protocol):
    """A running dvauth, whoever started it."""

    url: str
    settings: Settings


@dataclass
class Service:
    """A running dvauth and the portals that it knows."""

    url: str
    settings: Settings
    portal: Portal
    sibling: Portal
    elsewhere: Portal  # on another site

    def keep_alive(self, cookie: str) -> None:
        """Activity of the same session somewhere else."""
        with connected(self.settings) as parts:
            parts.keeper.keep_alive(cookie, CENTRAL, Cause.INPUT)

    def end(self, account_id: str, reason: Reason) -> None:
        with connected(self.settings) as parts:
            parts.keeper.end_all(account_id, reason)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    port, folder = free_port(), tmp_path_factory.mktemp("service")
    url = f"http://auth.dvauth.localhost:{port}"
    environ = {
        "DVAUTH_BASE_URL": url,
        "DVAUTH_BIND": f"127.0.0.1:{port}",
        "DVAUTH_DATA_DIR": str(folder / "data"),
        "DVAUTH_SECRET_KEY": "Zx81-only-for-tests-0123456789-abcdefghijklmnop",
        "DVAUTH_DEVELOPMENT_SHORT_TIMEOUTS": "1",
        "DVAUTH_TRUSTED_PROXIES": "127.0.0.1",  # the demo portal passes /dvauth/ on
    }
    portal, sibling = Portal("portal", url), Portal("sibling", url)
    elsewhere = Portal("elsewhere", url, site="other.localhost")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "dvauth", "serve"], env=os.environ | environ, stderr=log)
        try:
            _wait_until_ready(url.replace("auth.dvauth.localhost", "127.0.0.1"), process, folder / "log")
            settings = Settings.from_environment(environ)
            _furnish(settings, portal, sibling, elsewhere)
            yield Service(url, settings, portal, sibling, elsewhere)
        finally:
            process.terminate()
            process.wait(START_SECONDS)
            for each in (portal, sibling, elsewhere):
                each.close()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with suppress(OSError, urllib.error.URLError), urllib.request.urlopen(f"{url}/health/live", timeout=1):
            return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def _furnish(settings: Settings, *portals: Portal) -> None:
    with connected(settings) as parts:
        for role, values in POLICIES.items():
            parts.policy_book.change_override("role", role, **values)
        for portal in portals:
            name = portal.origin.split("//")[1].split(".")[0]
            parts.portals.add(name, name=name, origins=[portal.origin])


@pytest.fixture
def which_browser() -> str:
    return "chromium"


@pytest.fixture(scope="session")
def firefox(playwright: Playwright) -> Iterator[Browser]:
    """Debian's Firefox, which Playwright speaks to by WebDriver BiDi."""
    if not Path(FIREFOX).exists():
        pytest.skip("firefox-esr is not installed")
    firefox = playwright.firefox.launch(channel="moz-firefox", executable_path=FIREFOX)
    yield firefox
    firefox.close()


@pytest.fixture
def browser(which_browser: str, browser: Browser, request: pytest.FixtureRequest) -> Browser:
    """Chromium; for a test that is marked ``firefox_too`` both, one after the other."""
    found: Browser = request.getfixturevalue("firefox") if which_browser == "firefox" else browser
    return found


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without a past. What goes wrong in a page's scripts fails the test."""
    context = browser.new_context(locale="vi-VN")
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    # Firefox counts the icon that a strict policy forbids among them.
    assert [error for error in errors if "favicon.ico" not in error] == []


@pytest.fixture
def stranger() -> Iterator[Portal]:
    """A site next door that nobody registered."""
    stranger = Portal("stranger", "")
    yield stranger
    stranger.close()


@pytest.fixture
def portal(service: Service) -> Portal:
    return service.portal


@pytest.fixture
def elsewhere(service: Service) -> Portal:
    return service.elsewhere


class Visitor(NamedTuple):
    """Somebody who is logged in, in the test's browser."""

    account_id: str
    cookie: str


def hand_over(cookie: str, context: BrowserContext, service: Installation) -> None:
    """Gives the browser a session: what the login page leaves behind, without the page."""
    name = CookieJar.from_settings(service.settings).name()
    # Over the protocol Chromium takes a Secure cookie only from https; it sends it to *.localhost all the same.
    url = service.url.replace("http:", "https:")
    context.add_cookies(
        [{"name": name, "value": cookie, "url": url, "secure": True, "httpOnly": True, "sameSite": "Lax"}]
    )


@pytest.fixture
def log_in(service: Service, context: BrowserContext) -> Callable[[str], Visitor]:
    """Gives the browser a fresh person's session."""

    def act(role: str) -> Visitor:
        someone = Principal(account_id=f"{role}-{time.time_ns()}", roles=(role,))
        with connected(service.settings) as parts:
            cookie = parts.keeper.open(someone).cookie
        hand_over(cookie, context, service)
        return Visitor(someone.account_id, cookie)

    return act


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def administrator(service: Any, page: Page) -> Page:
    with connected(service.settings) as parts:
        found = parts.accounts.find("charlie") or parts.accounts.add("charlie", roles=["admin"])
        cookie = parts.keeper.open(Principal(account_id=found.id, roles=found.roles)).cookie
    hand_over(cookie, page.context, service)
    return page


PASSWORD = "một câu mật khẩu đủ dài"


@pytest.fixture(scope="session")
def people(service: Service) -> dict[str, str]:
    """Account ids by username: who can log in on the login page, all with the same password."""
    roles = {"mai": ["reader"], "minh": ["editor"], "lan": ["editor"]}
    with connected(service.settings) as parts:
        accounts = {name: parts.accounts.add(name, roles=theirs).id for name, theirs in roles.items()}
        for account_id in accounts.values():
            parts.accounts.set_password(account_id, PASSWORD)
    return accounts


@pytest.fixture
def log_in_by_hand(service: Service, people: dict[str, str], page: Page) -> Callable[[str], None]:
    """On the login page, where the page is already or at the centre."""

    def act(username: str) -> None:
        if not page.url.startswith(f"{service.url}/login"):
            page.goto(f"{service.url}/login")
        page.get_by_label("Tên đăng nhập").fill(username)
        page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Đăng nhập").click()
        page.wait_for_url(lambda url: not url.startswith(f"{service.url}/login"))

    return act


@contextmanager
def demo_portal(service: Installation, folder: Path) -> Iterator[str]:
    """The demo portal, with ``/dvauth/`` on its own host; its address."""
    port = free_port()
    origin = f"http://desk.dvauth.localhost:{port}"
    app = create_portal(
        origin=origin,
        auth_url=service.url,
        verify_url=service.url.replace("auth.dvauth.localhost", "127.0.0.1"),
        data_dir=folder,
        secret_key="only for tests",
    )
    with connected(service.settings) as parts:
        parts.portals.add("desk", name="Bàn biên tập", origins=[origin], mounted=True)
    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    time.sleep(1)  # until every process of the service has heard of the portal
    yield origin
    server.shutdown()


@pytest.fixture(scope="session")
def desk(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with demo_portal(service, tmp_path_factory.mktemp("desk")) as origin:
        yield origin
