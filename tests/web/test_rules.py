"""What holds for every route, found by walking the URL map: a new route cannot be forgotten."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from dvauth.sessions.cookie import new_ref, new_secret
from dvauth.web.front import ANY_OTHER

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
EXAMPLES = {
    "token": "x" * 43,
    "version": "0" * 16,
    "filename": "pages.css",
    "slug": "news",
    "scene": "warning",
    "began": "1",
    "kind": "portal",
    "name": "news",
    "account_id": "0123456789ab",
    "session_id": "0123456789abcdef",
    "act": "disable",
    "form": "csv",
    "token_id": "0123456789ab",
}
WITHOUT_FORM_TOKEN = {
    "/session/keep-alive",  # JSON only: see test_session_api
    "/verify",  # refuses all of them
    "prompt_preview.keep_alive",  # changes nothing: see test_prompt_preview
}
API = "/api/v1/"  # no cookie opens it: see test_authorisation
CACHEABLE = {"static", "bootstrap.static", "embed.current", "embed.frozen"}
SESSION_ROUTES = {
    # Documented ways to a session (ASVS 6.3.4): anything else that sets the cookie is a hole.
    ("login.log_in", "POST"),
    ("enter.handshake", "GET"),
    ("account.change_password", "POST"),
    ("confirm.prove", "POST"),  # a new secret for the session that there is
}


@dataclass(frozen=True)
class Rule:
    """A route, of Flask's or in front of it; that one has its path for an endpoint."""

    rule: str
    endpoint: str
    methods: frozenset[str]


def _rules(site: Any) -> list[Rule]:
    fronted = [
        Rule(path, path, frozenset(METHODS if ANY_OTHER in views else views))
        for path, views in site.app.wsgi_app.routes.items()
    ]
    pages = [Rule(each.rule, each.endpoint, frozenset(each.methods)) for each in site.app.url_map.iter_rules()]
    return fronted + pages


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:[^<>:]+:)?(\w+)>", lambda found: EXAMPLES[found[1]], rule.rule)


def _answers(site: Any, browser: Any) -> Iterator[tuple[Rule, str, TestResponse]]:
    for rule in _rules(site):
        for method in sorted(METHODS):
            answer = browser.client.open(_path(rule), method=method, base_url=site.centre)
            answer.get_data()
            answer.close()
            yield rule, method, answer


@pytest.fixture(params=["stranger", "bob"])
def visitor(request: pytest.FixtureRequest, site: Any) -> Any:
    browser = site.browser()
    if request.param == "bob":
        browser.log_in("bob")
    return browser


@pytest.mark.proves("XO1", "XO3")
def test_every_unsafe_route_refuses_forms_without_this_sessions_token(site: Any) -> None:
    bob, alice = site.browser(), site.browser()
    bob.log_in("bob")
    alice.log_in("alice")
    hers, stale = alice.token("/account/password"), bob.token("/account/password")
    bob.post("/login", {"username": "bob", "password": site.password}, page="/account/")
    checked = 0
    for rule in _rules(site):
        for method in rule.methods & UNSAFE:
            if rule.endpoint in WITHOUT_FORM_TOKEN or rule.rule.startswith(API):
                continue
            checked += 1
            for token in ("", "0" * 64, hers, stale):
                answer = bob.client.open(
                    _path(rule),
                    method=method,
                    base_url=site.centre,
                    data={"csrf_token": token},
                    headers={"Origin": site.centre},
                )
                assert answer.status_code in {303, 403}, (rule, answer.status)
                assert answer.status_code == 403 or rule.endpoint == "login.log_in"
    assert checked >= 4
    assert bob.status()["state"] == "active"


@pytest.mark.proves("XO3", "XO1")
@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Origin": "https://auth.example.vn"}, True),
        ({"Origin": "https://auth.example.vn", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "https://auth.example.vn", "Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "https://auth.example.vn", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "https://news.example.vn"}, False),
        ({"Origin": "http://auth.example.vn"}, False),
        ({"Origin": "null"}, False),
        ({}, False),
    ],
)
def test_right_token_from_elsewhere_is_refused(site: Any, browser: Any, headers: dict[str, str], allowed: bool) -> None:
    browser.log_in("bob")
    token = browser.token("/account/")
    answer = browser.client.post("/logout", base_url=site.centre, data={"csrf_token": token}, headers=headers)
    assert (answer.status_code == 303) is allowed
    assert (browser.status()["state"] == "active") is not allowed


@pytest.mark.proves("XO1")
def test_form_token_stays_out_of_addresses(site: Any, browser: Any) -> None:
    answer = browser.log_in("bob")
    token = browser.token("/account/")
    for page in ("/account/", "/account/password", "/account/sessions", "/logout"):
        text = browser.get(page).text
        assert not re.search(rf'(?:href|action|src)="[^"]*{token}', text)
    assert token not in answer.headers["Location"]


@pytest.mark.proves("HD1", "HD3", "HD4", "HD5", "HD6")
def test_every_answer_carries_its_headers(site: Any, visitor: Any) -> None:
    for rule, method, answer in _answers(site, visitor):
        where, headers = (rule.rule, method, answer.status), answer.headers
        assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", where
        assert headers["X-Content-Type-Options"] == "nosniff", where
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], where
        assert "object-src 'none'" in headers["Content-Security-Policy"], where
        assert "base-uri 'none'" in headers["Content-Security-Policy"], where
        assert headers["Referrer-Policy"] in {"same-origin", "strict-origin", "no-referrer"}, where
        if rule.endpoint not in CACHEABLE or answer.status_code >= 400:
            assert headers["Cache-Control"] == "no-store", where
        if answer.data:
            assert (
                "charset=utf-8" in answer.content_type
                or "json" in answer.content_type
                or (rule.endpoint in {"static", "bootstrap.static"})
            ), where


@pytest.mark.proves("HD2", "HD7")
def test_every_page_has_a_strict_policy_with_a_fresh_nonce(site: Any, visitor: Any) -> None:
    nonces, pages = set(), 0
    for _rule, method, answer in _answers(site, visitor):
        if answer.mimetype != "text/html" or method == "HEAD":
            continue
        pages += 1
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        nonces.add(re.search(r"script-src 'nonce-([^']+)'", policy)[1])  # type: ignore[index]
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        for script in re.findall(r"<script[^>]*>", answer.text):
            assert "nonce=" in script
        assert " style=" not in answer.text
        assert not re.search(r"\son\w+=", answer.text)
    assert pages > 3
    assert len(nonces) == pages


@pytest.mark.proves("HD10", "HP1")
def test_unlisted_methods_are_405_with_allow(site: Any, visitor: Any) -> None:
    for rule, method, answer in _answers(site, visitor):
        listed = {allowed for other in _rules(site) if other.rule == rule.rule for allowed in other.methods}
        if method not in listed:
            assert answer.status_code == 405, (rule.rule, method)
            assert set(answer.headers["Allow"].split(", ")) == listed, rule.rule
        if answer.status_code == 401:
            assert not re.match("(?i)basic|digest", answer.headers["WWW-Authenticate"])


@pytest.mark.proves("HD10")
@pytest.mark.parametrize(
    "path", ["/console", "/.git/HEAD", "/metrics", "/docs", "/api", "/api/docs", "/api/v1", "/static/../app.py"]
)
def test_nothing_else_is_there(site: Any, browser: Any, path: str) -> None:
    assert browser.get(path).status_code == 404


@pytest.mark.proves("CK1", "CK2", "CK3", "CK5", "CK6", "SM7")
def test_every_cookie_of_a_visit_is_locked_to_its_host(site: Any, browser: Any) -> None:
    seen: list[str] = []

    def look(response: Any) -> Any:
        cookies = response.headers.getlist("Set-Cookie")
        names = [cookie.partition("=")[0] for cookie in cookies]
        assert len(names) == len(set(names)), "two cookies of one name"
        seen.extend(cookies)
        return response

    # Flask calls these in reverse order: this one is last.
    site.app.after_request_funcs.setdefault(None, []).insert(0, look)
    browser.get("/login?lang=en")
    browser.log_in("bob")
    browser.enter(f"{site.desk}/editor")
    browser.get("/account/")
    browser.post("/logout", {}, page="/account/")
    assert len(seen) >= 6
    for cookie in seen:
        name, _, rest = cookie.partition("=")
        assert name.startswith("__Host-dvauth")
        attributes = [part.strip().partition("=")[0] for part in rest.split(";")[1:]]
        assert len(attributes) == len(set(attributes))
        assert {"Secure", "HttpOnly", "Path", "SameSite"} <= set(attributes)
        assert "Domain" not in attributes
        assert "SameSite=Lax" in cookie
        assert "bob" not in rest
        if name == "__Host-dvauth" and "Max-Age" in attributes:
            assert "Max-Age=0" in cookie


@pytest.mark.proves("CK2")
def test_cookie_value_travels_only_in_set_cookie(site: Any, browser: Any, capfd: Any) -> None:
    browser.log_in("bob")
    browser.enter(f"{site.desk}/editor")
    secrets = [
        browser.client.get_cookie("__Host-dvauth", domain=host).value.split(".")[2]
        for host in ("auth.example.vn", "desk.example.vn")
    ]
    verified = browser.verify()
    assert verified.status_code == 200
    told = [verified.text, *_headers_but_cookies(verified)]
    for rule, _, answer in _answers(site, browser):
        told += _headers_but_cookies(answer)
        told += [] if rule.endpoint in CACHEABLE else [answer.text]
    told += capfd.readouterr()
    assert not [secret for secret in secrets if secret in "".join(told)]


def _headers_but_cookies(answer: TestResponse) -> list[str]:
    return [value for name, value in answer.headers if name != "Set-Cookie"]


@pytest.mark.proves("AU14")
def test_only_documented_routes_set_a_session(site: Any) -> None:
    for rule in _rules(site):
        for method in rule.methods:
            browser = site.browser()
            with browser.client.open(_path(rule), method=method, base_url=site.centre) as answer:
                set_now = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-dvauth=")]
            if (rule.endpoint, method) not in SESSION_ROUTES:
                assert not [cookie for cookie in set_now if "Max-Age=0" not in cookie]


@pytest.mark.proves("TE6")
def test_every_page_of_somebody_logged_in_offers_to_log_out(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    for page in ("/account/", "/account/password", "/account/sessions", "/nowhere"):
        text = browser.get(page, headers={"Accept-Language": "en"}).text
        assert re.search(r'<form[^>]*action="/logout"[^>]*>.*?Log out\s*</button>', text, re.DOTALL), page


@pytest.mark.proves("SM3", "SM4", "AT1")
def test_login_adopts_no_cookie_that_was_there_before(site: Any, browser: Any) -> None:
    planted = site.parts.signer.sign(*_never_issued())
    browser.client.set_cookie("__Host-dvauth", planted, domain="auth.example.vn", secure=True)
    browser.log_in("bob")
    fresh = browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    assert fresh.split(".")[:2] != planted.split(".")[:2]
    assert browser.status()["state"] == "active"
    thief = site.script()
    assert thief.fetch("/session", headers={"Cookie": f"__Host-dvauth={planted}"}).get_json()["state"] == "ended"


def _never_issued() -> tuple[Any, str]:
    return new_ref("nobody"), new_secret()


@pytest.mark.proves("SM3")
def test_each_login_password_change_and_role_change_replaces_the_secret(site: Any, browser: Any) -> None:
    def secret() -> str:
        return str(browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value)

    def is_worthless(old: str) -> bool:
        answer = site.script().fetch("/session", headers={"Cookie": f"__Host-dvauth={old}"})
        return bool(answer.get_json()["state"] != "active")

    browser.log_in("bob")
    first = secret()
    token = browser.token("/account/")
    login = {"username": "bob", "password": site.password, "csrf_token": token}
    browser.client.post("/login", base_url=site.centre, data=login, headers={"Origin": site.centre})
    second = secret()
    assert second != first
    assert is_worthless(first)
    change = {"current": site.password, "new": "một câu mật khẩu khác hẳn"}
    assert browser.post("/account/password", change).status_code == 303
    third = secret()
    assert third != second
    assert is_worthless(second)
    site.parts.accounts.set_roles(site.people["bob"].id, ["reader"])
    browser.get("/account/")
    assert secret() != third
    assert is_worthless(third)
    assert browser.status()["state"] == "active"


@pytest.mark.proves("AT2")
def test_next_person_at_the_same_computer_sees_nothing_of_the_first(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    bobs = browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    browser.post("/logout", {}, page="/account/")
    browser.log_in("alice")
    assert "bob" not in browser.get("/account/").text
    answer = site.script().fetch("/session", headers={"Cookie": f"__Host-dvauth={bobs}"})
    assert answer.get_json() == {"state": "ended", "reason": "logout"}


@pytest.mark.proves("HP8", "HD10", "HP6")
def test_unexpected_error_tells_a_number_and_no_stack(site: Any, browser: Any, caplog: Any) -> None:
    @site.app.get("/boom")
    def boom() -> str:
        raise RuntimeError("secret detail")

    page = browser.get("/boom")
    assert page.status_code == 500
    assert "secret detail" not in page.text
    assert "Traceback" not in page.text
    number = re.search(r"<code[^>]*>([0-9a-f]{16})</code>", page.text)
    assert number
    assert number[1] in caplog.text
    assert "secret detail" in caplog.text
    told = browser.get("/boom", headers={"Accept": "application/json", "Sec-Fetch-Mode": "cors"})
    assert told.content_type == "application/problem+json"
    assert told.get_json()["status"] == 500


@pytest.mark.proves("HP6", "HP9", "CO4")
def test_programs_get_problems_and_people_get_pages(site: Any, browser: Any) -> None:
    program = {"Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
    for path, status in (("/nowhere", 404), ("/account/", 401), ("/setup/", 404)):
        told = browser.get(path, headers=program)
        assert told.status_code == status
        assert told.content_type == "application/problem+json"
        assert told.get_json()["status"] == status
        assert told.get_json()["title"]
    assert browser.get("/account/").status_code == 303
    assert browser.get("/nowhere").mimetype == "text/html"


@pytest.mark.proves("AT11", "XO9")
def test_portals_host_sees_six_routes_and_no_more(site: Any, browser: Any) -> None:
    seen = set()
    for rule in _rules(site):
        for method in ("GET", "POST"):
            with browser.on_desk(_path(rule), method=method) as answer:
                seen |= set() if answer.status_code in {404, 405} else {rule.rule}
    six = {"/embed.js", "/session", "/session/keep-alive", "/enter", "/logout", "/verify"}
    assert seen == six | {"/static/<path:filename>"}  # what the logout page looks like
    assert "Strict-Transport-Security" not in browser.on_desk("/session").headers


@pytest.mark.parametrize(
    ("headers", "proxy"),
    [
        ({"X-Forwarded-Proto": "https"}, "127.0.0.1"),  # it forgot X-Forwarded-Host
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "auth.example.vn"}, "192.0.2.7"),  # nobody trusts it
    ],
)
def test_host_that_no_trusted_proxy_reports_gets_nothing_but_what_is_asked_from_inside(
    site: Any, browser: Any, headers: dict[str, str], proxy: str
) -> None:
    answered = set()
    for rule in _rules(site):
        for method in sorted(METHODS):
            options = {"base_url": site.desk, "headers": headers, "environ_base": {"REMOTE_ADDR": proxy}}
            with browser.client.open(_path(rule), method=method, **options) as answer:
                assert "Set-Cookie" not in answer.headers
                if answer.status_code not in {405, 421}:
                    answered.add(str(rule.endpoint))
                elif answer.status_code == 421 and method != "HEAD":
                    assert "desk.example.vn was asked for, but the service is auth.example.vn" in answer.json["detail"]
    assert answered == {"health.live", "health.ready", "/verify", "static", "bootstrap.static"}


def test_body_over_sixteen_kibibytes_is_refused(site: Any, browser: Any) -> None:
    headers = {"Origin": site.centre} | site.navigation
    answer = browser.client.post("/login", base_url=site.centre, data={"username": "x" * 20_000}, headers=headers)
    assert answer.status_code == 413


@pytest.mark.proves("TE8", "TE1")
def test_logout_clears_cookie_cache_and_storage_and_spares_other_portals(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    answer = browser.post("/logout", {}, page="/account/")
    assert answer.status_code == 303
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    (cookie,) = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-dvauth=")]
    assert "Max-Age=0" in cookie
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


@pytest.mark.proves("TE1")
def test_safe_methods_log_nobody_out(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    for method in ("GET", "HEAD", "OPTIONS"):
        browser.client.open("/logout", method=method, base_url=site.centre)
    assert browser.status()["state"] == "active"


@pytest.mark.proves("TE8")
def test_logout_on_a_portals_host_spares_the_drafts_of_its_other_tabs(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    browser.enter(f"{site.desk}/editor")
    token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', browser.on_desk("/logout").text)
    assert token
    answer = browser.on_desk("/logout", method="POST", data={"csrf_token": token[1]}, headers={"Origin": site.desk})
    assert answer.status_code == 303
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert browser.status()["state"] == "ended"


@pytest.mark.parametrize(
    "path",
    [
        "/admin/accounts/%00",
        "/admin/audit?address=%00",
        "/admin/audit?account=%00",
        "/admin/audit?before=2026-01-01T00:00:00%2B00:00~%00",
        "/admin/sessions?by=address&value=%00",
    ],
)
def test_text_that_sql_cannot_hold_does_not_come_as_far(site: Any, browser: Any, path: str) -> None:
    browser.log_in("charlie")
    assert browser.get(path).status_code == 400
    assert browser.post("/admin/sessions/end", {"session": "\0"}, page="/admin/accounts/new").status_code == 400


def test_body_without_a_length_is_refused(site: Any, browser: Any) -> None:
    answer = browser.client.post(
        "/session/keep-alive",
        base_url=site.centre,
        headers={"Origin": site.news, "Transfer-Encoding": "chunked"},
        content_type="application/json",
    )
    assert answer.status_code == 411
    assert answer.get_json()["status"] == 411


@pytest.mark.proves("CK7")
def test_plain_http_leads_pages_to_https_and_refuses_everything_else(site: Any, browser: Any) -> None:
    by_http = {"X-Forwarded-Proto": "http"}
    page = browser.get("/login?return_to=https://news.example.vn/", headers=by_http)
    assert page.status_code == 308
    assert page.headers["Location"] == f"{site.centre}/login?return_to=https://news.example.vn/"
    assert "Set-Cookie" not in page.headers
    for answer in (
        browser.fetch("/session", headers=by_http),
        browser.keep_alive("prompt", headers=by_http),
        browser.client.post("/login", base_url=site.centre, headers=by_http | {"Origin": site.centre}),
        browser.client.get("/session", base_url="http://auth.example.vn"),
    ):
        assert answer.status_code == 403
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers


@pytest.mark.proves("XO2")
def test_login_form_is_bound_to_its_visitor_who_is_forgotten_at_login(site: Any, browser: Any) -> None:
    credentials = {"username": "bob", "password": site.password}
    strangers = site.browser().token("/login")
    own = browser.token("/login")
    for token in ("", strangers):
        forged = browser.client.post(
            "/login", base_url=site.centre, data=credentials | {"csrf_token": token}, headers={"Origin": site.centre}
        )
        assert forged.status_code == 403
        assert not forged.headers.get("Set-Cookie", "").startswith("__Host-dvauth=")
    answer = browser.client.post(
        "/login", base_url=site.centre, data=credentials | {"csrf_token": own}, headers={"Origin": site.centre}
    )
    assert answer.status_code == 303
    assert browser.client.get_cookie("__Host-dvauth-form", domain="auth.example.vn") is None
    browser.post("/logout", {}, page="/account/")
    assert browser.token("/login") != own


@pytest.mark.proves("LG3")
def test_one_time_links_stay_out_of_the_log(site: Any, browser: Any, capsys: Any) -> None:
    token = site.parts.setup_links.issue(site.people["alice"].id)
    browser.client.post(f"/setup/{token}", base_url=site.centre, headers={"Origin": site.centre})
    out = capsys.readouterr().out
    assert "malicious_csrf" in out
    assert token not in out


def test_redirects_never_follow_the_host_header_to_elsewhere(site: Any, browser: Any) -> None:
    for path in ("/account", "/account//", "//evil.test/account", "/setup//token"):
        location = browser.get(path).headers.get("Location", "")
        assert not location or location.startswith(("/login", "/account"))


def test_language_is_remembered_by_pages_alone(site: Any, browser: Any) -> None:
    for path in ("/embed.js?lang=en", "/verify?lang=en", "/session?lang=en"):
        assert "Set-Cookie" not in browser.fetch(path).headers
    assert any("language" in cookie for cookie in browser.get("/login?lang=en").headers.getlist("Set-Cookie"))
