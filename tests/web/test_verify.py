"""``/verify``: what a proxy relies on. Success needs positive proof; everything else is 401 or 403."""

import json
from typing import Any

import pytest

from dvauth.timeouts.judge import Reason


@pytest.fixture
def bob(site: Any) -> Any:
    """Bob, logged in, with the desk portal's own cookie."""
    browser = site.browser()
    browser.log_in("bob")
    browser.enter(f"{site.desk}/editor")
    return browser


def test_live_session_is_let_through_with_proof(site: Any, bob: Any) -> None:
    answer = bob.verify()
    assert answer.status_code == 200
    assert answer.headers["X-DVAuth-Account"] == site.people["bob"].id
    assert answer.headers["X-DVAuth-Roles"] == "editor"
    assert answer.headers["X-DVAuth-Idle-Seconds"] == "900"
    assert answer.headers["X-DVAuth-Session"]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.proves("HP1", "HP2")
def test_nobody_is_asked_to_log_in_and_the_ended_are_told_why(site: Any, bob: Any) -> None:
    stranger = site.browser().verify()
    assert (stranger.status_code, stranger.headers["X-DVAuth-Reason"]) == (401, "anonymous")
    assert stranger.headers["WWW-Authenticate"].startswith("DVAuth")
    site.pass_time(minutes=15)
    ended = bob.verify()
    assert (ended.status_code, ended.headers["X-DVAuth-Reason"]) == (401, "idle")


@pytest.mark.proves("HP2", "CO4")
def test_navigation_is_sent_to_the_login_only_where_the_proxy_asks_for_it(site: Any) -> None:
    stranger = site.browser()
    asked = {"X-Original-URL": f"{site.desk}/editor?a=1", "X-Original-Method": "GET"}
    sent = stranger.client.get("/verify?redirect=1", headers=asked | site.navigation)
    assert sent.status_code == 303
    assert sent.headers["Location"] == (
        "https://desk.example.vn/dvauth/enter?return_to=https%3A%2F%2Fdesk.example.vn%2Feditor%3Fa%3D1"
    )
    fetched = stranger.client.get("/verify?redirect=1", headers=asked | {"Sec-Fetch-Mode": "cors"})
    assert fetched.status_code == 401


@pytest.mark.proves("TO5", "CO1")
def test_only_a_navigation_that_the_person_started_is_activity(site: Any, bob: Any) -> None:
    passive = [
        {},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        site.navigation | {"Sec-Fetch-Dest": "iframe"},
        site.navigation | {"X-DVAuth-Passive": "1"},
        {"Sec-Fetch-Mode": "cors", "Sec-Fetch-User": "?1", "Sec-Fetch-Dest": "empty"},
    ]
    site.pass_time(minutes=1)
    for headers in passive:
        assert bob.verify(**headers).headers["X-DVAuth-Idle-Seconds"] == "840"
    assert bob.verify(**site.navigation).headers["X-DVAuth-Idle-Seconds"] == "900"
    site.pass_time(minutes=1)
    posted = site.navigation | {"X-Original-Method": "POST"}
    assert bob.verify(**posted).headers["X-DVAuth-Idle-Seconds"] == "900"


@pytest.mark.proves("HP3", "AT8")
def test_headers_of_an_untrusted_peer_prove_nothing(site: Any, bob: Any) -> None:
    answer = bob.client.get(
        "/verify",
        base_url=site.desk,
        headers={"X-Original-URL": f"{site.desk}/", "X-Original-Method": "GET"},
        environ_base={"REMOTE_ADDR": "203.0.113.9"},
    )
    assert (answer.status_code, answer.headers["X-DVAuth-Reason"]) == (403, "untrusted-proxy")


@pytest.mark.proves("AT9", "HP2")
@pytest.mark.parametrize(
    "headers",
    [
        {"X-Original-URL": ""},
        {"X-Original-URL": "/editor"},
        {"X-Original-URL": "https://evil.test/"},
        {"X-Original-URL": "https://desk.example.vn@evil.test/"},
        {"X-Original-URL": "https://desk.example.vn:99999/"},
        {"X-Original-URL": "https://[::1"},
        {"X-Original-URL": "\\\\desk.example.vn"},
        {"X-Original-Method": ""},
    ],
)
def test_garbage_is_refused_never_let_through(bob: Any, headers: dict[str, str]) -> None:
    answer = bob.verify(**headers)
    assert answer.status_code == 403
    assert "X-DVAuth-Account" not in answer.headers


@pytest.mark.proves("AT9", "HP2")
@pytest.mark.parametrize("cookie", ["\x7f", "x" * 5000, "", "ab.cd.ef", "; =; __Host-dvauth"])
def test_strange_cookies_are_asked_to_log_in(site: Any, cookie: str) -> None:
    answer = site.script().verify(Cookie=f"__Host-dvauth={cookie}")
    assert answer.status_code == 401
    assert "X-DVAuth-Account" not in answer.headers


def test_centres_cookie_opens_no_portals_host(site: Any) -> None:
    browser = site.browser()
    browser.log_in("bob")
    central = browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    assert browser.verify(Cookie=f"__Host-dvauth={central}").status_code == 401


@pytest.mark.proves("AZ5")
def test_one_portals_cookie_opens_no_other_portal(site: Any, bob: Any) -> None:
    site.parts.portals.add("bank", name="Kho bạc", origins=["https://bank.example.vn"], mounted=True)
    site.parts.watch.beat()
    desks = bob.client.get_cookie("__Host-dvauth", domain="desk.example.vn").value
    stolen = {"Cookie": f"__Host-dvauth={desks}"}
    assert site.script().verify(**stolen).status_code == 200
    elsewhere = site.script().verify("https://bank.example.vn/", **stolen)
    assert (elsewhere.status_code, elsewhere.headers["X-DVAuth-Reason"]) == (401, "anonymous")
    assert "X-DVAuth-Account" not in elsewhere.headers


def test_portals_cookie_opens_nothing_at_the_centre(site: Any, bob: Any) -> None:
    portals = bob.client.get_cookie("__Host-dvauth", domain="desk.example.vn").value
    thief = site.browser()
    thief.client.set_cookie("__Host-dvauth", portals, domain="auth.example.vn", secure=True)
    assert thief.status(site.news) == {"state": "ended", "reason": None}
    assert thief.get("/account/").status_code == 303


@pytest.mark.proves("AZ4", "AT5")
def test_changed_roles_show_at_the_next_question(site: Any, bob: Any) -> None:
    site.parts.accounts.set_roles(site.people["bob"].id, ["reader"])
    assert bob.verify().headers["X-DVAuth-Roles"] == "reader"


@pytest.mark.proves("TE2", "AT5")
def test_disabled_account_is_out_at_once_everywhere(site: Any, bob: Any) -> None:
    site.parts.accounts.disable(site.people["bob"].id)
    answer = bob.verify()
    assert (answer.status_code, answer.headers["X-DVAuth-Reason"]) == (401, "account-disabled")
    assert bob.status() == {"state": "ended", "reason": "account-disabled"}


def replays(bob: Any, capsys: Any) -> list[str]:
    """What is reported of an ended session whose cookies are used again and again."""
    assert bob.status()["state"] == "ended"
    for _ in range(3):
        bob.status()
        assert bob.verify().status_code == 401
        assert bob.keep_alive("prompt").status_code == 401
    return reported(capsys)


def reported(capsys: Any) -> list[tuple[str, str, str]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = {"session_use_after_expire", "session_left_over"}
    return [(line["event"], line["level"], line["account"]) for line in lines if line["event"] in names]


@pytest.mark.parametrize("minutes", [15, 24 * 60])
def test_click_after_a_timeout_is_nothing_to_report(site: Any, bob: Any, capsys: Any, minutes: int) -> None:
    site.pass_time(minutes=minutes)
    assert replays(bob, capsys) == []


@pytest.mark.proves("LG2")
@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.willed])
def test_cookies_that_an_end_elsewhere_left_over_raise_no_alarm(
    site: Any, bob: Any, capsys: Any, reason: Reason
) -> None:
    site.parts.keeper.end_all(site.people["bob"].id, reason)
    assert replays(bob, capsys) == [("session_left_over", "INFO", site.people["bob"].id)]


@pytest.mark.proves("LG2")
@pytest.mark.parametrize("form", ["/logout", "/login"])
def test_cookie_that_a_browser_gave_back_raises_the_alarm_once(site: Any, bob: Any, capsys: Any, form: str) -> None:
    stolen = bob.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    bob.post(form, {"username": "alice", "password": site.password}, page="/logout")
    assert bob.verify().status_code == 401
    assert reported(capsys) == [("session_left_over", "INFO", site.people["bob"].id)]
    thief = site.script()
    for _ in range(3):
        assert thief.get("/account/", headers={"Cookie": f"__Host-dvauth={stolen}"}).status_code == 303
    assert reported(capsys) == [("session_use_after_expire", "CRITICAL", site.people["bob"].id)]


@pytest.mark.proves("AT9", "HP2")
@pytest.mark.parametrize("method", ["OPTIONS", "POST", "PUT", "DELETE", "TRACE", "PATCH"])
def test_asking_by_another_method_is_refused_never_answered_200(site: Any, bob: Any, method: str) -> None:
    asked = {"X-Original-URL": f"{site.desk}/editor", "X-Original-Method": method}
    for headers in (asked, asked | {"Transfer-Encoding": "chunked"}, {}):
        answer = bob.client.open("/verify", method=method, base_url=site.desk, headers=headers)
        assert answer.status_code == 403
        assert "X-DVAuth-Account" not in answer.headers


@pytest.mark.parametrize("query", ["q=a\\b", "q=" + "x" * 3000, "q=%"])
def test_whatever_a_page_is_called_people_are_let_in_or_led_to_the_login(site: Any, bob: Any, query: str) -> None:
    page = f"{site.desk}/editor?{query}"
    assert bob.verify(page).status_code == 200
    asked = {"X-Original-URL": page, "X-Original-Method": "GET", "Sec-Fetch-Mode": "navigate"}
    stranger = site.browser().client.get("/verify?redirect=1", base_url=site.desk, headers=asked)
    assert stranger.status_code == 303
    begun = site.browser().on_desk(stranger.headers["Location"].removeprefix(f"{site.desk}/dvauth"))
    assert begun.status_code == 303
    assert begun.headers["Location"].startswith(site.centre)
