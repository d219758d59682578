"""``GET /session`` and ``POST /session/keep-alive``: what the embed script relies on."""

from dataclasses import replace
from typing import Any

import pytest

from dvauth.app import create_app
from dvauth.parts import Parts


@pytest.mark.proves("TO11", "P34")
def test_status_tells_durations_and_tags_and_nothing_personal(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    site.pass_time(minutes=5, milliseconds=50)
    answer = browser.fetch("/session")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    tags = {name: body.pop(name) for name in ("session", "account")}
    assert body == {
        "state": "active",
        "reason": None,
        "expires_in_seconds": 599.9,
        "idle_remaining_seconds": 599.9,
        "absolute_remaining_seconds": 86099.9,
        "warn_before_seconds": 60.0,
        "ends_by": "idle",
        "seq": 0,
    }
    (record,) = site.parts.keeper.sessions_of(site.people["bob"].id)
    assert not {record.ref.session_id, record.account_id} & set(tags.values())
    assert "bob" not in answer.text


def test_tags_differ_between_portals_and_stay_the_same_within_one(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    at_news, at_desk = browser.status(site.news), browser.status(site.desk)
    assert at_news["account"] != at_desk["account"]
    assert at_news["account"] == browser.status(site.news)["account"]


@pytest.mark.proves("TO5", "P34")
def test_status_never_extends(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    for _ in range(15):
        site.pass_time(minutes=1)
        last = browser.status()
    assert last == {"state": "ended", "reason": "idle"}


def test_whoever_shows_a_cookie_that_means_nothing_is_told_that_it_has_ended(site: Any, browser: Any) -> None:
    assert browser.status() == {"state": "anonymous", "reason": None}
    browser.client.set_cookie("__Host-dvauth", "ab.forged.cookie", domain="auth.example.vn", secure=True)
    assert browser.status() == {"state": "ended", "reason": None}
    refused = browser.keep_alive("prompt")
    assert refused.status_code == 401
    assert refused.get_json()["state"] == "ended"
    assert refused.get_json()["reason"] is None


@pytest.mark.proves("TO4", "TO6")
def test_keep_alive_extends_idle_and_not_absolute(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    site.pass_time(minutes=14, seconds=30)
    kept = browser.keep_alive("prompt")
    assert kept.status_code == 200
    assert kept.get_json()["idle_remaining_seconds"] == 900
    assert kept.get_json()["absolute_remaining_seconds"] == 86400 - 870
    assert kept.get_json()["seq"] == 870_000


@pytest.mark.proves("TO1", "TO7")
def test_keep_alive_cannot_revive_and_says_why(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    site.pass_time(minutes=15)
    late = browser.keep_alive("prompt")
    assert late.status_code == 401
    assert late.content_type == "application/problem+json"
    assert late.headers["WWW-Authenticate"].startswith("DVAuth")
    assert late.get_json()["state"] == "ended"
    assert late.get_json()["reason"] == "idle"
    assert browser.keep_alive("input").status_code == 401


def test_keep_alive_without_a_session_says_so(browser: Any) -> None:
    answer = browser.keep_alive("prompt")
    assert answer.status_code == 401
    assert answer.get_json()["state"] == "anonymous"
    assert answer.get_json()["reason"] is None


@pytest.mark.proves("XO5")
@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://news.example.vn.evil.test",
        "http://news.example.vn",
        "https://news.example.vn:8443",
        "https://evil.test",
        "https://NEWS.example.vn/",
        "//news.example.vn",
    ],
)
def test_foreign_origins_are_refused_without_cors(browser: Any, origin: str) -> None:
    for answer in (
        browser.fetch("/session", origin=origin),
        browser.fetch("/session/keep-alive", origin=origin, method="POST", json={"cause": "prompt"}),
        browser.fetch("/session/keep-alive", origin=origin, method="OPTIONS"),
    ):
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Origin" in answer.vary


@pytest.mark.proves("XO5")
def test_registered_origin_is_echoed_exactly(site: Any, browser: Any) -> None:
    answer = browser.fetch("/session", origin=site.news)
    assert answer.headers["Access-Control-Allow-Origin"] == site.news
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"
    assert "Origin" in answer.vary


def test_preflight_allows_json_for_two_hours(site: Any, browser: Any) -> None:
    answer = browser.fetch("/session/keep-alive", origin=site.news, method="OPTIONS")
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type"
    assert answer.headers["Access-Control-Max-Age"] == "7200"


@pytest.mark.proves("XO4", "P34")
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_keep_alive_takes_nothing_that_needs_no_preflight(site: Any, browser: Any, content_type: str) -> None:
    answer = browser.fetch(
        "/session/keep-alive", method="POST", data='{"cause": "prompt"}', content_type=content_type or None
    )
    assert answer.status_code == 415


@pytest.mark.proves("TO6", "P34")
def test_keep_alive_needs_an_origin_and_a_post(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    assert browser.keep_alive(origin=None).status_code == 403
    assert browser.fetch("/session/keep-alive").status_code == 405


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("{", "JSON"),
        ("[]", "object"),
        ('{"cause": "mouse"}', '"mouse"'),
        ("{}", "null"),
        ('{"cause": "input", "idle_seconds": -1}', "-1"),
        ('{"cause": "input", "idle_seconds": "soon"}', '"soon"'),
        ('{"cause": "input", "idle_seconds": NaN}', "NaN"),
        ('{"cause": "input", "idle_seconds": Infinity}', "Infinity"),
        ('{"cause": "input", "idle_seconds": true}', "true"),
        ('{"cause": ["prompt"]}', "prompt"),
        ("[" * 1000, "JSON object"),
    ],
)
def test_bad_body_gets_a_sentence_that_names_the_value(browser: Any, body: str, named: str) -> None:
    answer = browser.fetch("/session/keep-alive", method="POST", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert named in answer.get_json()["detail"]


@pytest.mark.proves("XO8")
@pytest.mark.parametrize("destination", ["script", "image", "iframe", "style", "embed"])
def test_status_loads_only_by_fetch(browser: Any, destination: str) -> None:
    assert browser.fetch("/session", headers={"Sec-Fetch-Dest": destination}).status_code == 403


@pytest.mark.proves("SM5")
@pytest.mark.parametrize("name", ["sid", "session", "dvauth", "__Host-dvauth"])
def test_session_is_taken_from_the_cookie_alone(site: Any, browser: Any, name: str) -> None:
    browser.log_in("bob")
    cookie = browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    stranger = site.browser()
    asked = stranger.fetch(f"/session?{name}={cookie}")
    assert asked.get_json()["state"] == "anonymous"
    kept = stranger.fetch("/session/keep-alive", method="POST", json={"cause": "prompt", name: cookie})
    assert kept.status_code == 401
    posted = stranger.post("/account/sessions", {"end": "others", name: cookie}, page="/login")
    assert (posted.status_code, posted.headers["Location"]) == (303, "/login")


@pytest.mark.proves("SM5")
@pytest.mark.parametrize("name", ["Authorization", "X-Session", "X-DVAuth-Session", "X-Original-Cookie"])
def test_session_is_taken_from_no_other_header(site: Any, browser: Any, name: str) -> None:
    browser.log_in("bob")
    cookie = browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    for value in (cookie, f"Bearer {cookie}", f"__Host-dvauth={cookie}"):
        assert site.browser().fetch("/session", headers={name: value}).get_json()["state"] == "anonymous"


@pytest.mark.proves("SM6", "AT9")
@pytest.mark.parametrize("value", ["x" * 8192, "a\x01b", "*", "../..", "ngày", "ab..", ".....", "%00", "a" * 16])
def test_strange_cookies_are_nobody_and_never_an_error(site: Any, value: str) -> None:
    header = f"__Host-dvauth={value}".encode().decode("latin-1")
    answer = site.script().fetch("/session", headers={"Cookie": header})
    assert answer.status_code == 200
    assert answer.get_json() == {"state": "ended", "reason": None}


@pytest.mark.proves("TO7")
def test_claims_of_the_browser_about_time_change_nothing(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    site.pass_time(minutes=15)
    body = {"cause": "input", "idle_seconds": 0, "last_activity": "2999-01-01", "expires_at": 4e9}
    assert browser.fetch("/session/keep-alive", method="POST", json=body).status_code == 401


@pytest.mark.proves("TO6", "LG2")
def test_only_the_answered_prompt_is_an_event(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    browser.keep_alive("input")
    browser.keep_alive("prompt")
    drained: list[str] = []
    site.parts.reaper.drain(lambda batch: drained.extend(entry.event.event for entry in batch))
    assert drained == ["session_created", "session_renewed"]


def test_open_pages_notice_nothing_when_old_signing_keys_are_gone(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    (record,) = site.parts.keeper.sessions_of(site.people["bob"].id)
    secret = browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value.split(".")[2]
    later = Parts(
        replace(site.parts.settings, secret_key=("another key for tests, with at least 32 signs",)), site.clock
    )
    later.start()
    try:
        asked = {"Cookie": f"__Host-dvauth={later.signer.sign(record.ref, secret)}", "Origin": site.news}
        answer = create_app(later).test_client(use_cookies=False).get("/session", base_url=site.centre, headers=asked)
        assert answer.get_json() == browser.status()
    finally:
        later.close()


def test_page_of_a_wrong_address_tells_the_right_one(site: Any, browser: Any) -> None:
    page = browser.client.get("/", base_url="https://localhost", headers=site.navigation)
    assert page.status_code == 421
    assert page.mimetype == "text/html"
    assert site.centre in page.text


def test_status_tells_how_the_portal_wants_the_prompt_to_look(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    assert "prompt" not in browser.status()
    site.parts.portals.change_look("news", lambda look: look.with_accent("#a61b1b").with_texts("vi", button="Ở lại"))
    site.parts.watch.beat()
    assert browser.status()["prompt"] == {"accent": "#a61b1b", "texts": {"vi": {"button": "Ở lại"}}}
    assert "prompt" not in browser.status(site.desk)
    site.pass_time(minutes=15)
    assert "prompt" not in browser.status()


@pytest.mark.proves("P47")
@pytest.mark.parametrize(
    ("site_of_the_page", "reason"), [("same-site", None), ("cross-site", "cross-site"), ("", None)]
)
def test_a_page_of_another_site_is_told_so(browser: Any, site_of_the_page: str, reason: str | None) -> None:
    answer = browser.fetch("/session", headers={"Sec-Fetch-Site": site_of_the_page}).get_json()
    assert answer == {"state": "anonymous", "reason": reason}


@pytest.mark.proves("CO20")
def test_a_session_is_extended_without_another_cookie(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    cookie = browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn")
    assert (cookie.max_age, cookie.expires) == (None, None)  # it does not end before the session does
    for _ in range(4):
        site.pass_time(minutes=10)
        assert "Set-Cookie" not in browser.keep_alive().headers
    assert browser.status()["state"] == "active"


@pytest.mark.proves("CO30")
def test_a_session_goes_on_in_another_network_and_a_newer_browser(browser: Any) -> None:
    browser.log_in("alice")
    moved = {"X-Forwarded-For": "203.0.113.77", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:200) Firefox/200"}
    assert browser.fetch("/session", headers=moved).get_json()["state"] == "active"
    assert browser.get("/account/", headers=moved).status_code == 200
    assert browser.status()["state"] == "active"
