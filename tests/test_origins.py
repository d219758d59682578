"""Where a login may lead: exactly to registered origins, whatever is tried."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dvauth.origins import MAX_URL, origin_of, parse_origin
from dvauth.portals.directory import PortalDirectory
from dvauth.portals.portal import Activity, Portal

NEWS = Portal(
    id=1,
    slug="news",
    name="Báo điện tử",
    origins=("https://news.example.vn", "https://m.news.example.vn:8443"),
    activity=Activity.ANY,
    mounted=True,
)
LOCAL = Portal(id=2, slug="local", name="Thử nghiệm", origins=("http://portal.dvauth.localhost:8001", "http://[::1]"))
DIRECTORY = PortalDirectory((NEWS, LOCAL))


@pytest.mark.parametrize(
    ("url", "portal"),
    [
        ("https://news.example.vn", NEWS),
        ("https://news.example.vn/", NEWS),
        ("https://news.example.vn?page=2", NEWS),
        ("https://news.example.vn#top", NEWS),
        ("https://news.example.vn/bài-viết?return=//evil.vn#//evil.vn", NEWS),
        ("https://news.example.vn/a@b", NEWS),
        ("https://news.example.vn/%5cevil.vn/%2f%2fevil.vn", NEWS),
        ("https://news.example.vn:443/", NEWS),
        ("HTTPS://News.Example.VN/", NEWS),
        ("https://m.news.example.vn:8443/x", NEWS),
        ("http://portal.dvauth.localhost:8001/", LOCAL),
        ("http://[::1]:80/", LOCAL),
    ],
)
def test_a_registered_origin_is_home(url: str, portal: Portal) -> None:
    assert DIRECTORY.for_return_to(url) is portal


ATTACKS = [
    "",
    "/",
    "/account",
    "//evil.vn",
    "///evil.vn",
    "////evil.vn",
    "/\\evil.vn",
    "\\\\evil.vn",
    "\\/evil.vn",
    "/\t/evil.vn",
    "/\n/evil.vn",
    "/%09/evil.vn",
    "/%5cevil.vn",
    "/%2f%2fevil.vn",
    "/./\\evil.vn",
    "https:evil.vn",
    "https:/evil.vn",
    "https:///evil.vn",
    "https:news.example.vn",
    "https:/news.example.vn",
    "https:///news.example.vn",
    "https:\\\\news.example.vn",
    "https://evil.vn",
    "https://evil.vn/https://news.example.vn",
    "https://evil.vn?news.example.vn",
    "https://evil.vn#news.example.vn",
    "https://evil.vn#@news.example.vn",
    "https://news.example.vn@evil.vn",
    "https://news.example.vn:443@evil.vn",
    "https://news.example.vn%40evil.vn",
    "https://user@news.example.vn",
    "https://user:pass@news.example.vn",
    "https://@news.example.vn",
    "https://evil.vn\\@news.example.vn",
    "https://news.example.vn\\@evil.vn",
    "https://news.example.vn\\.evil.vn",
    "https://evil.vn\\.news.example.vn",
    "https://news.example.vn.evil.vn",
    "https://newsXexample.vn",
    "https://evilnews.example.vn",
    "https://evil.news.example.vn",
    "https://news.example.vn.",
    "https://news.example.vn..",
    "https://.news.example.vn",
    "https://news.example.vn%2eevil.vn",
    "https://news.example.vn%00.evil.vn",
    "https://news%2eexample.vn",
    "https://news.example.vn:",
    "https://news.example.vn:/",
    "https://news.example.vn:80",
    "https://news.example.vn:8443",
    "https://news.example.vn:443443",
    "https://news.example.vn:0",
    "https://news.example.vn:-443",
    "https://news.example.vn:+443",
    "https://news.example.vn:４４３",
    "https://news.example.vn:443.evil.vn",
    "https://news.example.vn;evil.vn",
    "https://news.example.vn,evil.vn",
    "http://news.example.vn",
    "ftp://news.example.vn",
    "ws://news.example.vn",
    "wss://news.example.vn",
    "javascript:alert(1)",
    "javascript://news.example.vn/%0aalert(1)",
    "data:text/html,<script>",
    "blob:https://news.example.vn/x",
    "file:///etc/passwd",
    "news.example.vn",
    " https://news.example.vn",
    "https://news.example.vn ",
    "\thttps://news.example.vn",
    "\x00https://news.example.vn",
    "ht\ntps://news.example.vn",
    "https:\n//news.example.vn",
    "https://news.ex\tample.vn",
    "https://news.example.vn/\r\nSet-Cookie: a=b",
    "https://news.example.vn/\x7f",
    "https://ｎews.example.vn",
    "https://news。example.vn",
    "https://news.example.vn／evil.vn",
    "https://news.example.vn＠evil.vn",
    "https://neẇs.example.vn",
    "https://news.example.vn\u00ad",
    "https://news.example.vn\u2028.evil.vn",
    "https://[::1]",
    "http://[::1].evil.vn",
    "http://[::1%25lo]",
    "http://[::1]evil.vn",
    "https://" + "a" * 3000,
    "https://news.example.vn/" + "a" * MAX_URL,
]


@pytest.mark.proves("AT11")
@pytest.mark.parametrize("url", ATTACKS)
def test_nothing_else_is(url: str) -> None:
    assert DIRECTORY.for_return_to(url) is None


def as_a_browser_reads(url: str) -> str | None:
    """The host of an http(s) URL after the repairs of the WHATWG URL Standard."""
    repaired = re.sub(r"[\t\n\r]", "", url.strip("".join(map(chr, range(0x21)))))
    found = re.match(r"https?:[/\\]*([^/\\?#]*)", repaired, re.IGNORECASE)
    return unquote(found[1].rpartition("@")[2]).lower() if found else None


HOSTS = ["news.example.vn", "News.Example.VN", "m.news.example.vn", "evil.vn", "news", "example.vn", "[::1]"]
SIGNS = ["https:", "http:", "//", "/", "\\", "?", "#", "@", ":", ":443", ":8443", ".", "%2e", "%40", "。"]
PIECES = st.sampled_from([*HOSTS, *SIGNS, "\t", "\n", " ", "\x00"])


@pytest.mark.proves("AT11")
@given(st.lists(PIECES, max_size=8).map("".join) | st.lists(PIECES, max_size=6).map("https://news.example.vn".join))
@example("https://evil.vn\\@news.example.vn")
@example("https://news.example.vn/\t/evil.vn")
def test_where_a_browser_would_go_is_where_we_say(url: str) -> None:
    portal = DIRECTORY.for_return_to(url)
    if portal:
        assert DIRECTORY.by_host(as_a_browser_reads(url) or "") is portal


labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
hosts = st.lists(labels, min_size=1, max_size=4).map(".".join)


@given(st.sampled_from(["http", "https"]), hosts, st.none() | st.integers(1, 65535))
def test_a_normal_origin_is_its_own_normal_form(scheme: str, host: str, port: int | None) -> None:
    written = f"{scheme}://{host}" + (f":{port}" if port else "")
    origin = parse_origin(written)
    assert origin
    assert parse_origin(origin) == origin
    assert parse_origin(written.upper()) == origin
    assert origin_of(f"{written}/path?x#y") == origin


@given(hosts, hosts)
def test_two_hosts_are_never_taken_for_one(registered: str, other: str) -> None:
    assume(registered != other)
    directory = PortalDirectory((Portal(id=1, slug="a", name="A", origins=(f"https://{registered}",)),))
    assert directory.for_return_to(f"https://{other}/") is None
    assert directory.for_return_to(f"https://{registered}.{other}/") is None
    assert directory.for_return_to(f"https://{other}.{registered}/") is None


@pytest.mark.parametrize("text", ["null", "", "https://", "https://a/", "https://a b", "https://*.example.vn", "*"])
def test_what_is_no_origin_has_no_portal(text: str) -> None:
    assert parse_origin(text) is None
    assert DIRECTORY.by_origin(text) is None


@pytest.mark.parametrize(
    ("url", "portal"),
    [
        ("https://news.example.vn/editor?q=a\\b", NEWS),
        ("https://news.example.vn/editor?q=" + "x" * MAX_URL, NEWS),
        ("https://news.example.vn", NEWS),
        ("https://news.example.vn\\@evil.vn/", None),
        ("https://news.example.vn@evil.vn/", None),
        ("https://news.example.vn:80:443/", None),
        ("//news.example.vn/", None),
        ("", None),
    ],
)
def test_a_request_is_the_portals_whatever_follows_the_host(url: str, portal: Portal | None) -> None:
    assert DIRECTORY.for_request(url) == portal
