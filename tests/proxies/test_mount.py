"""``/dvauth/`` on a portal's own host: the routes that a portal's host has, and no others."""

import gzip
from typing import Any

import pytest

from tests.waiting import eventually

SPELLINGS_OF_VERIFY = [
    "/dvauth/verify",
    "/dvauth/verify/",
    "/dvauth/verify?redirect=1",
    "/dvauth/%76erify",
    "/dvauth//verify",
    "//dvauth/verify",
    "/dvauth/./verify",
    "/dvauth/session/../verify",
    "/dvauth/VERIFY",
]


def test_the_six_routes_answer(site: Any) -> None:
    cookie = site.log_in("editor")
    keep_alive = {"Content-Type": "application/json", "Origin": site.url("news", "")}
    assert site.ask("/dvauth/embed.js").headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert site.ask("/dvauth/session", cookie=cookie).json["state"] == "active"
    kept = site.ask("/dvauth/session/keep-alive", keep_alive, method="POST", body=b'{"cause": "prompt"}', cookie=cookie)
    assert (kept.status, kept.json["state"]) == (200, "active")
    assert site.ask("/dvauth/logout", cookie=cookie).status == 200
    begun = site.ask(f"/dvauth/enter?return_to={site.url('news')}")
    assert begun.status == 303
    assert begun.headers["Location"].startswith(f"{site.url('auth')}enter?flow=")
    assert begun.headers["Set-Cookie"].startswith("__Host-dvauth-enter-")
    assert begun.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["login", "account/", "admin/", "api/v1/", "setup/x", "health/ready", "%6cogin", "/login"]
)
def test_nothing_else_of_the_centre_is_reached(site: Any, path: str) -> None:
    assert site.ask(f"/dvauth/{path}", {"X-Forwarded-Host": site.at.host("auth")}).status == 404


@pytest.mark.parametrize("target", SPELLINGS_OF_VERIFY)
def test_visitors_get_no_verdict(site: Any, target: str) -> None:
    asked = {"X-Original-URL": site.url("news", "/editor/"), "X-Original-Method": "GET"}
    for portal, cut in (("news", ""), ("auth", "/dvauth")):
        answer = site.ask(target.replace(cut, "", 1), asked, portal=portal, cookie=site.log_in("editor"))
        assert answer.status in {400, 403, 404}
        assert answer.headers["X-DVAuth-Account"] is None


def test_what_the_visitor_says_of_host_address_and_way_is_replaced(mirror: Any) -> None:
    lies = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    lies |= {"X-Original-URL": "https://evil.example/", "X-Original-Method": "GET"}
    told = mirror.ask("/dvauth/session", lies)
    assert told.received("X-Forwarded-Host") == [mirror.at.host("news")]
    assert told.received("X-Forwarded-Proto") == ["https"]
    assert told.received("X-Forwarded-For") == ["127.0.0.1"]
    assert told.received("X-Original-URL") == []
    assert told.json["target"] == "/session"


@pytest.mark.parametrize("host", ["NEWS.dvauth.localhost", "news.dvauth.localhost:1"])
def test_dvauth_is_told_the_host_of_the_file_however_the_visitor_spells_it(mirror: Any, host: str) -> None:
    told = mirror.ask("/dvauth/session", host=host)
    assert told.received("X-Forwarded-Host") == told.received("Host") == [mirror.at.host("news")]


@pytest.mark.proves("AT10")
def test_the_address_in_the_audit_log_is_not_what_the_visitor_made_up(site: Any) -> None:
    lies = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    assert site.ask("/dvauth/session", lies | {"Origin": "https://evil.example"}).status == 403
    lines = (site.at.folder / "service.log").read_text()
    assert '"127.0.0.1"' in lines
    assert "203.0.113.9" not in lines
    assert "198.51.100.7" not in lines


def test_connections_to_dvauth_are_used_again(mirror: Any) -> None:
    connections = {mirror.ask("/dvauth/session").json["connection"] for _ in range(10)}
    assert len(connections) < 5


def test_the_script_is_compressed_and_pages_with_secrets_are_not(site: Any) -> None:
    asked = {"Accept-Encoding": "gzip"}
    plain, packed = site.ask("/dvauth/embed.js").body, site.ask("/dvauth/embed.js", asked).body
    assert gzip.decompress(packed) == plain
    assert len(packed) < 1.05 * len(gzip.compress(plain))
    assert site.ask("/dvauth/logout", asked, cookie=site.log_in()).headers["Content-Encoding"] is None


def test_long_bodies_are_refused(site: Any) -> None:
    sent = {"Content-Type": "application/json", "Origin": site.url("news", "")}
    assert site.ask("/dvauth/session/keep-alive", sent, method="POST", body=b" " * 20_000).status == 413


def test_tickets_are_not_logged(site: Any) -> None:
    site.ask("/dvauth/enter?ticket=a-secret&flow=12345678", {"Sec-Fetch-Dest": "document"})
    site.ask("/seen")
    log = site.at.folder / "access.log"
    assert eventually(lambda: "/seen" in log.read_text(), within=20)
    assert "a-secret" not in log.read_text()
