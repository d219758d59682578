"""Whether a page of a portal has the tag, read by the service without being led astray."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from dvauth.administration.tag_check import (
    MOST_BYTES,
    ConnectionRefused,
    LeadsElsewhere,
    NoAnswer,
    NotThePortals,
    PrivateAddress,
    Refused,
    Tag,
    TagCheck,
    TooSlow,
    UnknownHost,
)
from dvauth.portals.embed_tag import pinned_tag, tag
from dvauth.portals.portal import Portal

CENTRE = "https://auth.example.vn"
OLD = f'<script src="{CENTRE}/embed.0123456789abcdef.js" integrity="sha384-x" crossorigin="anonymous" defer></script>'

Serve = Callable[..., Portal]


@pytest.fixture
def asked() -> list[tuple[str, dict[str, str]]]:
    """The paths and headers of requests."""
    return []


@pytest.fixture
def serve(asked: list[Any]) -> Iterator[Serve]:
    """Serves this page at every address of a portal, and answers with the portal."""
    servers = []

    def start(page: str, status: int = 200, *, mounted: bool = False, drip: float = 0, **headers: str) -> Portal:
        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append((self.path, dict(self.headers)))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(BrokenPipeError):
                    for sign in page if drip else [page]:
                        self.wfile.write(sign.encode())
                        time.sleep(drip)

            def log_message(self, *_: Any) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Page))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        origin = f"http://127.0.0.1:{servers[-1].server_port}"
        return Portal(id=1, slug="news", name="Báo", origins=(origin,), mounted=mounted)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def look(portal: Portal, path: str = "/") -> Tag:
    return TagCheck(CENTRE).look(portal, portal.origins[0] + path)


def test_a_tag_is_found_whichever_of_the_two_it_is(serve: Serve, asked: list[Any]) -> None:
    for mounted in (False, True):
        portal = Portal(id=1, slug="news", name="Báo", origins=("https://x.vn",), mounted=mounted)
        for each in (tag(portal, CENTRE), pinned_tag(portal, CENTRE)):
            page = f"<!doctype html><html><head>{each}</head><body>Tin tức</body></html>"
            assert look(serve(page, mounted=mounted), "/tin-tức?page=2#top") is Tag.THERE
    path, headers = asked[0]
    assert path == "/tin-t%E1%BB%A9c?page=2"
    assert headers["Host"].startswith("127.0.0.1:")
    assert "Cookie" not in headers


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (OLD, Tag.OUTDATED),
        (f'<script src="{CENTRE}/embed.js" integrity="sha384-x" crossorigin="anonymous"></script>', Tag.OUTDATED),
        (f'{OLD}<script src="{CENTRE}/embed.js"></script>', Tag.THERE),
        ("<p>Tin tức</p>", Tag.MISSING),
        (f'<!-- <script src="{CENTRE}/embed.js"></script> -->', Tag.MISSING),
        ('<script src="https://evil.example/embed.js"></script>', Tag.MISSING),
        ('<script src="/dvauth/embed.js"></script>', Tag.MISSING),  # this portal has no such folder
        (f'<script src="{CENTRE}/embed.js/other.js"></script>', Tag.MISSING),
        ("", Tag.MISSING),
    ],
)
def test_what_is_on_the_page_is_told(serve: Serve, page: str, found: Tag) -> None:
    assert look(serve(page)) is found


@pytest.mark.proves("CF4")
@pytest.mark.parametrize(
    "url",
    [
        "https://other.example.vn/",
        "https://news.example.vn:8443/",
        "http://news.example.vn/",
        "https://news.example.vn@evil.example/",
        "https://news.example.vn\\@evil.example/",
        "file:///etc/passwd",
        "gopher://news.example.vn/",
        "//news.example.vn/",
        "",
    ],
)
def test_nobody_is_asked_but_the_portal(url: str) -> None:
    def resolve(host: str, _port: int) -> list[str]:
        pytest.fail(f"{host} was looked up")

    news = Portal(id=1, slug="news", name="Báo", origins=("https://news.example.vn",))
    with pytest.raises(NotThePortals):
        TagCheck(CENTRE, resolve=resolve).look(news, url)


@pytest.mark.proves("CF4")
@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1", "0.0.0.0"],
)
def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("connected"))
    news = Portal(id=1, slug="news", name="Báo", origins=("https://news.example.vn",))
    with pytest.raises(PrivateAddress, match="leads to the private address"):
        TagCheck(CENTRE, resolve=lambda _host, _port: ["203.0.114.7", address]).look(news, "https://news.example.vn/")


@pytest.mark.proves("CF4")
def test_redirects_are_told_and_not_followed(serve: Serve, asked: list[Any]) -> None:
    portal = serve("", 302, Location="http://169.254.169.254/latest/meta-data")
    with pytest.raises(LeadsElsewhere, match="leads on to http"):
        look(portal)
    assert len(asked) == 1


def test_a_page_that_is_not_there_is_told(serve: Serve) -> None:
    with pytest.raises(Refused, match="404"):
        look(serve(tag(serve(""), CENTRE), 404))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        origin = f"http://127.0.0.1:{closed.getsockname()[1]}"
    gone = Portal(id=1, slug="gone", name="Báo", origins=(origin,))
    with pytest.raises(ConnectionRefused, match="no web server"):
        look(gone)
    with pytest.raises(NoAnswer, match="SSL"):
        look(Portal(id=1, slug="gone", name="Báo", origins=(serve("").origins[0].replace("http:", "https:"),)))


def test_a_page_that_never_ends_is_given_up(serve: Serve) -> None:
    portal = serve("x" * 1000, drip=0.05)
    began = time.monotonic()
    with pytest.raises(TooSlow):
        TagCheck(CENTRE, patience=0.3).look(portal, portal.origins[0])
    assert time.monotonic() - began < 3


def test_of_a_huge_page_the_beginning_is_read(serve: Serve) -> None:
    assert look(serve("<p>" + "x" * MOST_BYTES + tag(serve(""), CENTRE))) is Tag.MISSING


def test_names_below_localhost_lead_to_this_machine_as_in_browsers(serve: Serve) -> None:
    served = serve("<p>Tin tức</p>")
    origin = served.origins[0].replace("127.0.0.1", "portal.dvauth.localhost")
    assert look(replace(served, origins=(origin,))) is Tag.MISSING


def test_a_name_nobody_knows_is_told_as_such() -> None:
    portal = Portal(id=1, slug="news", name="Báo", origins=("https://nowhere.invalid",))

    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(UnknownHost, match=r"nowhere\.invalid"):
        TagCheck(CENTRE, resolve=unknown).look(portal, "https://nowhere.invalid/")
