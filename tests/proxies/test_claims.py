"""What a visitor claims, by headers or by spelling, reaches no program as if dvauth had said it."""

import posixpath
import re
from typing import Any
from urllib.parse import unquote

import pytest

NAMES = ["X-DVAuth-Account", "X-DVAuth-Roles", "X-DVAuth-Session", "X-DVAuth-Idle-Seconds", "X-DVAuth-Reason"]
SPELLINGS = [str, str.lower, str.upper, lambda name: name.replace("-", "_"), lambda name: name.replace("-", "_", 1)]
SPELLINGS += [lambda name: "_".join(name.rsplit("-", 1))]

# Each is /editor/… for programs that decode, merge slashes or resolve dots.
WAYS_TO_THE_EDITOR = [
    "/editor",
    "/editor/",
    "/editor/x",
    "/editor?x",
    "//editor/x",
    "/./editor/x",
    "/a/../editor/x",
    "/a/..//editor/x",
    "/%65ditor/x",
    "/editor%2Fx",
    "/editor%2fx",
    "/%2Feditor/x",
    "/%2e/editor/x",
    "/a/%2e%2e/editor/x",
    "/a/..%2feditor/x",
    "/dvauth/../editor/x",
    "/dvauth/%2e%2e/editor/x",
    "/editor/../editor/x",
    "/editor/x%23.css",
    "/editor/x%3F.css",
    "https://news.dvauth.localhost/editor/x",
    "https://evil.example/editor/x",
    "x:http://h/editor/x",
    "x:editor/x",
    "x:%2Feditor/x",
    "/editor/x/../..",
    "/editor/x/..%2f..%2f",
    "/editor/x/%2e%2e/%2E%2e/",
    "/editor/x/..;/../",
    "/editor/x/..%5c../",
]


@pytest.mark.proves("AT8")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spelled", SPELLINGS)
def test_claims_do_not_reach_the_programs(site: Any, name: str, spelled: Any) -> None:
    claims = {spelled(name): "claimed"}
    assert site.ask("/", claims).received(name) == []
    cookie = site.log_in("editor")
    assert "claimed" not in site.ask("/editor/", claims, cookie=cookie).received(name)
    assert site.ask("/editor/", claims).status == 401


@pytest.mark.proves("AT8")
@pytest.mark.parametrize("name", ["X-Original-URL", "X-Forwarded-Host", "X-Forwarded-Uri", "X-Original-URI", "Host"])
@pytest.mark.parametrize("spelled", [str, lambda name: name.replace("-", "_")])
def test_claims_about_the_address_change_no_verdict(site: Any, name: str, spelled: Any) -> None:
    elsewhere = {"X-Original-Method": "GET", spelled(name): site.url("cms"), "X-Forwarded-Proto": "http"}
    if name != "Host":
        assert site.ask("/editor/", elsewhere, cookie=site.log_in("editor")).status == 200
    refused = site.ask("/editor/", elsewhere, cookie=site.log_in("editor", portal="cms"))
    assert refused.status != 200 or refused.received("X-DVAuth-Account") == []


@pytest.mark.parametrize("named", ["Cookie", "X-DVAuth-Account", "X-Original-URL", "X-Forwarded-Host, X-DVAuth-Roles"])
def test_headers_named_as_of_this_connection_only_win_nothing(site: Any, named: str) -> None:
    dropped = {"Connection": f"close, {named}"}
    assert site.ask("/editor/", dropped).status == 401
    seen = site.ask("/editor/", dropped, cookie=site.log_in("editor", account="an"))
    assert seen.status == 401 or set(seen.received("X-DVAuth-Account")) <= {"an"}


@pytest.mark.parametrize("target", WAYS_TO_THE_EDITOR)
def test_no_spelling_of_the_address_leads_past_the_judge(site: Any, target: str) -> None:
    answer = site.ask(target)
    if answer.status == 200 and answer.text:
        assert not [path for path in _as_programs_read(answer.json["target"]) if path.startswith("/editor")]


def _as_programs_read(target: str) -> list[str]:
    """Some resolve dots, some do not; some take a scheme and a host away."""
    path = unquote(re.sub(r"^\w+:(?:\w+:)?(?://[^/]*)?", "", target.partition("?")[0]))
    return ["/" + path.lstrip("/"), "/" + posixpath.normpath("/" + path).lstrip("/")]


@pytest.mark.parametrize("target", [way for way in WAYS_TO_THE_EDITOR if way.startswith("/")])
def test_the_judge_is_asked_about_the_address_as_it_was_sent(mirror: Any, target: str) -> None:
    mirror.programs.asked.clear()
    mirror.ask(target)
    for asked in mirror.programs.asked:
        if asked["target"].startswith("/verify"):
            told = {name.lower(): value for name, value in asked["headers"]}
            assert told["x-original-url"] == mirror.url("news", target)


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ("php=1", "php=1"),
        ("__Host-dvauth=s", ""),
        ("__Host-dvauth=s; php=1", "php=1"),
        ("php=1; __Host-dvauth=s", "php=1"),
        ("a=1; __Host-dvauth=s; b=2", "a=1;b=2"),
        ("__Host-dvauth=s; __Host-dvauth-form=f; a=1; __Host-dvauth-enter-1=n; b=2; __Host-dvauth-x=y", "a=1;b=2"),
        ("a=1;__Host-dvauth=s;b=2", "a=1;b=2"),
        ("a=1;\t__Host-dvauth=s", "a=1"),
        ('a="x; __Host-dvauth=s; y"', 'a="x;y"'),
        ("x__Host-dvauth=mine; __host=1", "x__Host-dvauth=mine;__host=1"),
        ("a=__Host-dvauth=1", "a=__Host-dvauth=1"),
    ],
)
def test_programs_get_the_visitors_cookies_without_the_key_to_the_session(site: Any, sent: str, received: str) -> None:
    answer = site.ask("/", {"Cookie": sent})
    assert [value.replace(" ", "").strip(";") for value in answer.received("Cookie") if value.strip()] == (
        [received] if received else []
    )


def test_many_rows_of_cookies_are_not_let_through(site: Any) -> None:
    sent = "; ".join(f"a{number}=1; __Host-dvauth-{number}=s" for number in range(20))
    assert "__Host-dvauth" not in site.ask("/", {"Cookie": sent}).text


def test_an_editors_programs_get_no_key_either(site: Any) -> None:
    seen = site.ask("/editor/", {"Cookie": f"php=1; __Host-dvauth={site.log_in('editor')}"})
    assert [value.strip("; ") for value in seen.received("Cookie")] == ["php=1"]
