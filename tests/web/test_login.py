"""Logging in and out, as browsers do it."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from dvauth.accounts.errors import InvalidCredentials
from dvauth.accounts.throttle import MOST_FAILURES
from dvauth.audit.models import AuditRow

COOKIE = "__Host-dvauth"
EXCESS = select(AuditRow).where(AuditRow.event == "excess_sessions_exceeded")


def session_cookie(browser: Any) -> str | None:
    cookie = browser.client.get_cookie(COOKIE, domain="auth.example.vn")
    return cookie.value if cookie else None


def with_cookie(site: Any, value: str) -> Any:
    """Another browser that has got hold of the cookie."""
    thief = site.browser()
    thief.client.set_cookie(COOKIE, value, domain="auth.example.vn", secure=True)
    return thief


@contextmanager
def redis_hanging(site: Any) -> Iterator[None]:
    server = site.parts.connection.client.info("server")["process_id"]
    os.kill(server, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server, signal.SIGCONT)
        site.parts.watch.beat()


@pytest.mark.proves("HP4", "CK5")
def test_login_answers_303_and_a_cookie_that_ends_with_the_browser(browser: Any) -> None:
    response = browser.log_in("alice")
    assert (response.status_code, response.headers["Location"]) == (303, "/account/")
    set_cookies = [line for line in response.headers.getlist("Set-Cookie") if line.startswith(f"{COOKIE}=")]
    assert len(set_cookies) == 1
    assert "Max-Age" not in set_cookies[0]
    assert "Expires" not in set_cookies[0]


@pytest.mark.proves("AU12")
def test_unknown_wrong_disabled_and_unset_look_the_same(site: Any) -> None:
    site.parts.accounts.disable(site.people["bob"].id)
    site.parts.accounts.add("dora")
    pages = set()
    for name, password in (("nobody", "x"), ("alice", "x"), ("bob", site.password), ("dora", "x")):
        response = site.browser().log_in(name, password)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"]
        assert not any(line.startswith(f"{COOKIE}=") for line in response.headers.getlist("Set-Cookie"))
        pages.add((without_what_differs(response, name), tuple(sorted(dict(response.headers)))))
    assert len(pages) == 1


def without_what_differs(response: Any, name: str) -> str:
    nonce = response.headers["Content-Security-Policy"].split("'nonce-")[1].split("'")[0]
    token = response.text.split('name="csrf_token" value="')[1].split('"')[0]
    return str(response.text.replace(nonce, "").replace(token, "").replace(f'value="{name}"', ""))


@pytest.mark.proves("AX9")
def test_username_is_kept_after_a_wrong_password_and_the_password_is_not(browser: Any) -> None:
    page = browser.log_in("alice", "not the password").text
    assert 'value="alice"' in page
    assert "not the password" not in page


@pytest.mark.proves("AX13")
def test_empty_fields_are_named_beside_the_field_and_in_the_summary(browser: Any) -> None:
    response = browser.log_in("", "")
    assert response.status_code == 422
    assert response.text.count("Hãy nhập tên đăng nhập") == 2
    assert 'aria-describedby="username-error"' in response.text
    assert response.text.count('aria-invalid="true"') == 2
    assert "<title>Lỗi:" in response.text


@pytest.mark.proves("HP5")
def test_too_many_attempts_are_told_how_long_to_wait(site: Any, browser: Any) -> None:
    for _ in range(6):
        response = browser.log_in("alice", "wrong")
    assert response.status_code == 429
    wait = int(response.headers["Retry-After"])
    assert 0 < wait <= 30
    assert response.headers["Cache-Control"] == "no-store"
    assert "Vui lòng thử lại sau" in response.text
    site.pass_time(seconds=wait)
    assert browser.log_in("alice").status_code == 303


@pytest.mark.proves("AT14")
@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_locked_name_is_told_that_waiting_does_not_help_whether_it_exists_or_not(
    site: Any, browser: Any, name: str
) -> None:
    for number in range(MOST_FAILURES):
        with pytest.raises(InvalidCredentials), site.parts.throttle.attempt(name, f"10.0.0.{number}"):
            raise InvalidCredentials
        site.pass_time(hours=1)
    response = browser.log_in(name)
    assert (response.status_code, response.headers.get("Retry-After")) == (429, None)
    assert "liên hệ quản trị viên để được cấp liên kết mới" in response.text.split("<form")[0]


@pytest.mark.proves("AX6")
def test_page_says_how_long_idle_may_last_by_the_policy_in_force(site: Any, browser: Any) -> None:
    assert "hết hạn muộn nhất sau 15 phút không thao tác; với một số vai trò" in browser.get("/login").text
    site.change_default(idle_timeout=5400)
    assert "hết hạn muộn nhất sau 1 giờ 30 phút không thao tác" in browser.get("/login").text
    site.change_default(idle_timeout=300)  # as administrators have anyway
    assert "hết hạn sau 5 phút không thao tác" in browser.get("/login").text


@pytest.mark.proves("CO3")
def test_page_says_why_the_last_session_ended(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    site.pass_time(minutes=16)
    assert "đã hết hạn vì không có thao tác trong 15 phút" in browser.get("/login").text


def test_page_says_that_an_administrator_disabled_the_account(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    site.parts.accounts.disable(site.people["alice"].id)
    assert "tài khoản bị vô hiệu hóa" in browser.get("/login").text


def test_whoever_is_logged_in_is_sent_on(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    assert browser.get("/login").headers["Location"] == "/account/"
    assert browser.get(f"/login?return_to={site.news}/a").headers["Location"] == f"{site.news}/a"


@pytest.mark.proves("XO9", "AT11")
@pytest.mark.parametrize(
    "return_to",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://news.example.vn@evil.example/",
        "https://news.example.vn.evil.example/",
        "https://news.example.vn\\@evil.example/",
        "http://news.example.vn/",
        "https://news.example.vn:8443/",
        "javascript:alert(1)",
        "https://news.example.vn\t.evil.example/",
        "",
    ],
)
def test_return_to_anything_but_a_registered_portal_leads_to_the_account(browser: Any, return_to: str) -> None:
    page = f"/login?return_to={quote(return_to, safe='')}"
    response = browser.post(page, {"username": "alice", "password": browser.site.password})
    assert response.headers["Location"] == "/account/"
    assert browser.get(page).headers["Location"] == "/account/"


@pytest.mark.proves("XO9")
def test_return_to_a_registered_portal_is_followed(site: Any) -> None:
    page = f"{site.news}/tin?trang=2"
    assert site.browser().log_in("alice", return_to=quote(page, safe="")).headers["Location"] == page
    page = f"{site.desk}/editor"
    location = site.browser().log_in("alice", return_to=quote(page, safe="")).headers["Location"]
    assert location == f"{site.desk}/dvauth/enter?return_to={quote(page, safe='')}"


@pytest.mark.proves("XO9")
@pytest.mark.parametrize(
    ("return_to", "leads_to"),
    [
        ("/account/sessions", "/account/sessions"),
        ("/account/sessions?done=one", "/account/sessions?done=one"),
        ("/admin/portals/desk/prompt/", "/admin/portals/desk/prompt/"),
        *(
            (page, "/account/")
            for page in ("/login", "/logout", "/setup/unknown", "/enter", "/session", "/health/live")
        ),
        *((page, "/account/") for page in ("/nowhere", "account/sessions", "//account/sessions")),
        *(
            (page, "/account/")
            for page in ("/\\evil.example", "/account/sessions\t", "/account/..//evil.example", "/%2f")
        ),
    ],
)
def test_return_to_a_page_of_ours_is_followed_and_to_nothing_else_here(
    browser: Any, return_to: str, leads_to: str
) -> None:
    page = f"/login?return_to={quote(return_to, safe='')}"
    response = browser.post(page, {"username": "alice", "password": browser.site.password})
    assert response.headers["Location"] == leads_to
    assert browser.get(page).headers["Location"] == leads_to


def test_cursor_waits_where_something_is_missing(browser: Any) -> None:
    assert focused(browser.get("/login").text) == ["username"]
    assert focused(browser.log_in("alice", "wrong").text) == []  # the summary of what is wrong has it


def focused(page: str) -> list[str]:
    """The ids of the fields that take the cursor."""
    fields = re.findall(r"<input[^>]*>", page)
    return [re.search(r'id="(\w+)"', field)[1] for field in fields if " autofocus" in field]  # type: ignore[index]


@pytest.mark.proves("AX9")
def test_username_waits_only_where_the_session_lives_on(site: Any, browser: Any) -> None:
    site.parts.policy_book.change_override("portal", "desk", idle_timeout=timedelta(minutes=2))
    site.parts.watch.beat()
    browser.log_in("bob")
    browser.enter(f"{site.desk}/editor")
    browser.verify(**site.navigation)
    login_page = f"/login?return_to={site.desk}/editor"
    site.pass_time(minutes=3)
    page = browser.get(login_page).text
    assert 'value="bob"' in page
    assert focused(page) == ["password"]
    assert "why-ended" in page.split('id="password"')[0].split('aria-describedby="')[-1]
    site.pass_time(minutes=16)
    page = browser.get(login_page).text
    assert "đã hết hạn vì không có thao tác" in page
    assert "bob" not in page


@pytest.mark.proves("SM3", "AT1")
def test_login_gives_a_new_secret_and_the_old_one_opens_nothing(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    before = session_cookie(browser)
    again = with_cookie(site, before)
    token = again.token("/logout")
    browser.client.post(
        "/login",
        base_url=site.centre,
        data={"username": "alice", "password": site.password, "csrf_token": token},
        headers={"Origin": site.centre},
    )
    assert session_cookie(browser) != before
    assert with_cookie(site, before).status(None)["state"] == "ended"
    assert len(site.parts.keeper.sessions_of(site.people["alice"].id)) == 1


def test_who_proves_again_who_they_are_keeps_the_session_whatever_they_choose(site: Any, browser: Any) -> None:
    site.change_default(remember_for=30 * 86_400)
    site.parts.policy_book.change_override("portal", "desk", idle_timeout=timedelta(minutes=5))
    site.parts.watch.beat()
    page = f"/login?return_to={site.desk}/editor"
    browser.log_in("alice")
    browser.enter(f"{site.desk}/editor")
    (before,) = site.parts.keeper.sessions_of(site.people["alice"].id)
    for remember, ticked in (("y", False), ("", True)):
        site.pass_time(minutes=6)
        assert browser.on_desk("/session").get_json()["reason"] == "portal-idle"
        assert (" checked" in browser.get(page).text) is ticked
        site.pass_time(seconds=10)
        fields = {"remember": remember} if remember else {}
        response = browser.post(page, {"username": "alice", "password": site.password, **fields})
        cookie = next(line for line in response.headers.getlist("Set-Cookie") if line.startswith(f"{COOKIE}="))
        assert ("Max-Age=2592000" in cookie) is bool(remember)
        (now,) = site.parts.keeper.sessions_of(site.people["alice"].id)
        assert (now.ref, now.remember) == (before.ref, bool(remember))
        browser.enter(f"{site.desk}/editor")  # where the answer leads
        assert browser.on_desk("/session").get_json()["state"] == "active"


@pytest.mark.proves("SM4", "AT1")
def test_well_formed_cookie_that_we_never_issued_is_not_adopted(site: Any, browser: Any) -> None:
    invented = "a7.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    browser.client.set_cookie(COOKIE, invented, domain="auth.example.vn", secure=True)
    browser.log_in("alice")
    assert session_cookie(browser) != invented
    assert not list(site.parts.connection.client.scan_iter("*AAAAAAAA*"))


@pytest.mark.proves("AT2")
def test_another_persons_login_in_the_same_browser_ends_the_first_session(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    alices = session_cookie(browser)
    token = browser.token("/logout")
    browser.client.post(
        "/login",
        base_url=site.centre,
        data={"username": "bob", "password": site.password, "csrf_token": token},
        headers={"Origin": site.centre},
    )
    assert with_cookie(site, alices).status(None)["reason"] == "logout"
    assert "bob" in browser.get("/account/").text


def test_portal_idle_asks_for_the_password_and_keeps_the_session(site: Any, browser: Any) -> None:
    site.parts.policy_book.change_override("portal", "desk", idle_timeout=timedelta(minutes=2))
    site.parts.watch.beat()
    browser.log_in("bob")
    browser.enter(f"{site.desk}/editor")
    browser.verify(**site.navigation)
    site.pass_time(minutes=3)
    assert browser.get("/account/").status_code == 200
    login_page = f"/login?return_to={site.desk}/editor"
    assert "không thao tác trên cổng thông tin này" in browser.get(login_page).text
    site.pass_time(seconds=5)
    browser.client.post(
        login_page,
        base_url=site.centre,
        data={"username": "bob", "password": site.password, "csrf_token": browser.token("/logout")},
        headers={"Origin": site.centre},
    )
    assert browser.enter(f"{site.desk}/editor").headers["Location"] == f"{site.desk}/editor"
    assert browser.verify().status_code == 200
    assert len(site.parts.keeper.sessions_of(site.people["bob"].id)) == 1


@pytest.mark.proves("CO14")
def test_form_left_open_in_another_tab_leads_on_instead_of_into_an_error(site: Any, browser: Any) -> None:
    stale = browser.token("/login")
    browser.log_in("alice")
    response = browser.client.post(
        "/login",
        base_url=site.centre,
        data={"username": "alice", "password": site.password, "csrf_token": stale},
        headers=site.navigation | {"Origin": site.centre},
    )
    assert response.status_code == 403
    assert "Tải lại trang" in response.text
    assert browser.get("/login").headers["Location"] == "/account/"


@pytest.mark.proves("CK5")
def test_remembering_sets_a_lifetime_only_where_the_policy_allows_it(site: Any) -> None:
    assert "remember" not in site.browser().get("/login").text
    assert "Max-Age" not in site.browser().log_in("alice", remember="y").headers["Set-Cookie"]
    site.change_default(remember_for=30 * 86_400)
    assert 'name="remember"' in site.browser().get("/login").text
    assert "Max-Age=2592000" in site.browser().log_in("alice", remember="y").headers["Set-Cookie"]
    assert "Max-Age" not in site.browser().log_in("alice").headers["Set-Cookie"]
    assert "Max-Age" not in site.browser().log_in("charlie", remember="y").headers["Set-Cookie"]


@pytest.mark.proves("TE1", "TE8", "HP4")
def test_logout_ends_the_session_on_the_server_and_in_the_browser(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    cookie = session_cookie(browser)
    response = browser.post("/logout", {})
    assert (response.status_code, response.headers["Location"]) == (303, "/logged-out")
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    expiring = next(line for line in response.headers.getlist("Set-Cookie") if line.startswith(f"{COOKIE}="))
    assert {"Max-Age=0", "Path=/", "Secure"} <= set(expiring.split("; "))
    assert "Domain" not in expiring
    assert with_cookie(site, cookie).status(None)["reason"] == "logout"
    assert with_cookie(site, cookie).get("/account/").headers["Location"] == "/login?return_to=/account/"
    assert "Bạn đã đăng xuất" in browser.get("/logged-out").text


@pytest.mark.proves("TE1")
def test_safe_methods_never_log_out(browser: Any) -> None:
    browser.log_in("alice")
    assert "Đăng xuất?" in browser.get("/logout").text
    browser.client.head("/logout", base_url=browser.site.centre)
    assert browser.status(None)["state"] == "active"


def test_logging_out_is_asked_of_whoever_may_be_logged_in(site: Any, browser: Any) -> None:
    assert "Đăng xuất?" not in browser.get("/logout").text
    browser.log_in("alice")
    with redis_hanging(site):
        assert "Đăng xuất?" in browser.get("/logout").text


def test_who_was_never_logged_in_is_not_told_that_a_session_ended(site: Any, browser: Any) -> None:
    page = browser.get("/logout").text
    assert "Bạn chưa đăng nhập ở đây" in page
    assert "đã kết thúc" not in page
    assert f'href="{site.centre}/logout"' in browser.on_desk("/logout").text
    assert "đã kết thúc" in browser.on_desk("/logout?done=all").text
    browser.log_in("alice")
    site.pass_time(minutes=16)
    assert "đã kết thúc" in browser.get("/logout").text


@pytest.mark.proves("TE8")
def test_logout_on_a_portals_host_spares_the_drafts_of_its_tabs(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    browser.enter(f"{site.desk}/editor")
    page = browser.on_desk("/logout").text
    assert 'action="/dvauth/logout"' in page
    assert 'href="/dvauth/static/pages.css"' in page
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    headers = {"Origin": site.desk, "Sec-Fetch-Site": "same-origin"}
    response = browser.on_desk("/logout", method="POST", data={"csrf_token": token}, headers=headers)
    assert response.status_code == 303, response.text
    assert response.headers["Location"] == "/dvauth/logout?done=all"
    assert response.headers["Clear-Site-Data"] == '"cache"'
    assert "Bạn đã đăng xuất" in browser.on_desk("/logout?done=all").text
    assert browser.verify().status_code == 401
    assert browser.status(None)["reason"] == "logout"


@pytest.mark.proves("HP7")
def test_logout_works_while_redis_hangs_and_is_made_good_when_it_is_back(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    cookie, token = session_cookie(browser), browser.token("/logout")
    with redis_hanging(site):
        response = browser.client.post(
            "/logout",
            base_url=site.centre,
            data={"csrf_token": token},
            headers=site.navigation | {"Origin": site.centre},
        )
        assert response.status_code == 503
        assert "phiên trên máy chủ sẽ kết thúc khi có kết nối trở lại" in response.text
        assert session_cookie(browser) is None
    assert with_cookie(site, cookie).status(None)["state"] == "active"
    site.parts.standing_ends.log_out_late()
    assert with_cookie(site, cookie).status(None)["reason"] == "logout"


@pytest.mark.proves("HP7")
def test_login_page_says_503_while_redis_hangs_and_counts_nothing(site: Any, browser: Any) -> None:
    token = browser.token("/login")
    with redis_hanging(site):
        response = browser.client.post(
            "/login",
            base_url=site.centre,
            data={"username": "alice", "password": "wrong", "csrf_token": token},
            headers=site.navigation | {"Origin": site.centre},
        )
        assert response.status_code == 503
        assert response.headers["Retry-After"]
        assert "Bạn không bị đăng xuất" in response.text
    assert browser.log_in("alice").status_code == 303


@pytest.mark.proves("HP7")
def test_page_that_is_not_there_is_no_server_error_while_redis_hangs(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    with redis_hanging(site):
        assert browser.get("/nowhere").status_code == 404


@pytest.mark.proves("SM10")
def test_login_over_the_limit_ends_the_oldest_session_and_says_so_there(site: Any) -> None:
    site.parts.policy_book.change_default(max_sessions=2)
    site.parts.watch.beat()
    first, second, third = (site.browser() for _ in range(3))
    for browser in (first, second, third):
        browser.log_in("alice")
        site.pass_time(seconds=30)
    site.parts.audit.flush()
    with site.parts.database.session() as sql:
        assert [row.account for row in sql.scalars(EXCESS)] == [site.people["alice"].id]
    assert "quá nhiều thiết bị" in first.get("/login").text
    assert second.status(None)["state"] == third.status(None)["state"] == "active"


@pytest.mark.proves("AX2")
def test_no_page_moves_on_by_itself(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    for page in ("/account/", "/account/password", "/account/sessions", "/logout", "/logged-out", "/nowhere"):
        response = browser.get(page)
        assert "Refresh" not in response.headers
        assert 'http-equiv="refresh"' not in response.text.lower()


def test_language_is_the_browsers_unless_the_person_chooses(browser: Any) -> None:
    in_english = {"headers": {"Accept-Language": "en-GB,en;q=0.9"}}
    assert '<html lang="vi">' in browser.get("/login").text
    assert '<html lang="vi">' in browser.get("/login", headers={"Accept-Language": "fr"}).text
    assert '<html lang="en">' in browser.get("/login", **in_english).text
    chosen = browser.get("/login?lang=vi", **in_english)
    assert '<html lang="vi">' in chosen.text
    assert '<html lang="vi">' in browser.get("/login", **in_english).text
