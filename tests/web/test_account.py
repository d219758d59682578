"""A person's own pages: profile, password, sessions."""

import signal
from typing import Any

import pytest
from sqlalchemy import select

from dvauth.audit.models import AuditRow
from dvauth.housekeeping import Housekeeping

NEW_PASSWORD = "mưa rơi trên mái ngói đỏ"
ON_PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Safari/604.1"
ON_DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Safari/537.36"
PAGES = ("/account/", "/account/password", "/account/sessions")


def log_in_on(site: Any, name: str, user_agent: str) -> Any:
    browser = site.browser()
    browser.client.environ_base["HTTP_USER_AGENT"] = user_agent
    browser.log_in(name)
    return browser


def session_id(site: Any, name: str, number: int = 0) -> str:
    return str(site.parts.keeper.sessions_of(site.people[name].id)[number].ref.session_id)


def change_password(browser: Any, current: str, new: str) -> Any:
    return browser.post("/account/password", {"current": current, "new": new})


@pytest.mark.proves("HP9", "HP1")
@pytest.mark.parametrize("page", PAGES)
def test_stranger_is_sent_to_the_login_and_a_fetch_gets_a_401(browser: Any, page: str) -> None:
    response = browser.get(page)
    assert (response.status_code, response.headers["Location"]) == (303, f"/login?return_to={page}")
    for accept, kind in (("application/json", "application/problem+json"), ("text/html", "text/html")):
        fetched = browser.fetch(page, origin=None, headers={"Accept": accept})
        assert (fetched.status_code, fetched.mimetype) == (401, kind)
        assert fetched.headers["WWW-Authenticate"].startswith("DVAuth")


@pytest.mark.proves("TE6")
def test_every_page_of_whoever_is_logged_in_offers_to_log_out(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    rules = [rule.rule for rule in site.app.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments]
    answers = {path: browser.get(path) for path in [*rules, "/nowhere"]}
    pages = {path: answer.text for path, answer in answers.items() if answer.mimetype == "text/html"}
    shown = {path for path, text in pages.items() if "<header" in text}
    assert {*PAGES, "/logout", "/nowhere"} <= shown
    for path in shown:
        assert 'action="/logout"' in pages[path], path
        assert ">Đăng xuất</button>" in pages[path], path


def test_profile_shows_who_and_how_long(browser: Any) -> None:
    browser.log_in("charlie")
    page = browser.get("/account/").text
    for text in (
        "charlie",
        "quản trị viên",
        "hết hạn sau 5 phút",
        "kết thúc sau 12 giờ kể từ khi đăng nhập",
        "Báo tỉnh",
    ):
        assert text in page
    assert 'title="15:00:00 ngày 01/03/2100"' in page


@pytest.mark.proves("AU7")
def test_wrong_current_password_is_refused_and_counts(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    for _ in range(5):
        assert change_password(browser, "wrong", NEW_PASSWORD).status_code == 403
    assert change_password(browser, site.password, NEW_PASSWORD).status_code == 429
    assert site.browser().log_in("alice").status_code == 429


@pytest.mark.proves("AX13")
def test_a_mistake_in_one_field_says_that_the_other_is_empty_as_well(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    assert "Hãy nhập lại mật khẩu mới" in change_password(browser, "wrong", NEW_PASSWORD).text
    assert "Hãy nhập lại mật khẩu hiện tại" in change_password(browser, site.password, "short").text
    page = change_password(browser, "", NEW_PASSWORD).text
    assert "Hãy nhập mật khẩu hiện tại" in page
    assert "Hãy nhập lại mật khẩu mới" in page


@pytest.mark.proves("AU1")
def test_short_password_is_refused_with_the_number_that_is_needed(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    response = change_password(browser, site.password, "mười bốn ký tự"[:14])
    assert response.status_code == 422
    assert "cần ít nhất 15 ký tự" in response.text
    assert 'aria-describedby="new-hint new-error"' in response.text


@pytest.mark.proves("AU5")
@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("passwordpassword", "sẽ sớm bị đoán ra"),
        ("Cổng thử nghiệm 2026", "gần như chỉ là họ tên"),
        ("báo tỉnh báo tỉnh", "gần như chỉ là họ tên"),
    ],
)
def test_listed_password_and_known_names_are_refused_with_reason_and_advice(
    site: Any, browser: Any, new: str, reason: str
) -> None:
    browser.log_in("alice")
    response = change_password(browser, site.password, new)
    assert response.status_code == 422
    assert reason in response.text
    assert "Hãy chọn vài từ không liên quan" in response.text


@pytest.mark.proves("TE3", "SM3", "AT5", "CO7")
def test_password_change_ends_the_other_sessions_and_renews_this_one(site: Any, browser: Any) -> None:
    elsewhere = site.browser()
    elsewhere.log_in("alice")
    browser.log_in("alice")
    stolen = site.browser()
    old = browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    stolen.client.set_cookie("__Host-dvauth", old, domain="auth.example.vn", secure=True)

    response = change_password(browser, site.password, NEW_PASSWORD)
    assert response.status_code == 303
    assert "Mật khẩu đã được đổi" in browser.get(response.headers["Location"]).text
    assert elsewhere.status(None)["reason"] == "password-changed"
    assert stolen.status(None)["state"] == "ended"
    assert site.browser().log_in("alice").status_code == 401
    assert site.browser().log_in("alice", NEW_PASSWORD).status_code == 303


@pytest.mark.proves("AT5")
def test_password_change_told_twice_spares_who_logs_in_with_the_new_one_in_between(
    site: Any, browser: Any, monkeypatch: Any
) -> None:
    browser.log_in("bob")
    bob, accounts = site.people["bob"], site.parts.accounts
    end_sessions = accounts._changes._end_sessions

    def end_sessions_late(*told: Any) -> None:
        monkeypatch.undo()
        site.pass_time(seconds=1)
        assert site.browser().log_in("bob", NEW_PASSWORD).status_code == 303  # it tells the same change, before
        end_sessions(*told)

    monkeypatch.setattr(accounts._changes, "_end_sessions", end_sessions_late)
    accounts.set_password(bob.id, NEW_PASSWORD)
    assert len(site.parts.keeper.sessions_of(bob.id)) == 1
    assert browser.status(None)["reason"] == "password-changed"


def test_password_change_that_redis_hears_of_late_is_made_and_ends_every_session(
    frail_site: Any, frail_redis: Any, monkeypatch: Any
) -> None:
    browser, elsewhere, parts = frail_site.browser(), frail_site.browser(), frail_site.parts
    choose = parts.passwords.choose

    def choose_while_redis_begins_to_hang(*args: Any, **options: Any) -> str:
        frail_redis.send_signal(signal.SIGSTOP)
        return str(choose(*args, **options))

    for one in (browser, elsewhere):
        one.log_in("bob")
    monkeypatch.setattr(parts.passwords, "choose", choose_while_redis_begins_to_hang)
    response = change_password(browser, frail_site.password, NEW_PASSWORD)
    frail_redis.send_signal(signal.SIGCONT)
    assert response.status_code == 303
    parts.audit.flush()
    with parts.database.session() as sql:
        assert sql.scalar(select(AuditRow.event).order_by(AuditRow.at.desc())) == "authn_password_change"
    parts.watch.beat()
    Housekeeping(parts, monotonic=lambda: 0.0).round()
    assert elsewhere.status(None)["reason"] == "password-changed"
    assert browser.status(None)["reason"] == "logout"
    assert browser.log_in("bob", NEW_PASSWORD).status_code == 303


def test_password_change_makes_portals_ask_the_centre_again(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    browser.enter(f"{site.desk}/editor")
    change_password(browser, site.password, NEW_PASSWORD)
    assert browser.verify().status_code == 401
    assert browser.enter(f"{site.desk}/editor").headers["Location"] == f"{site.desk}/editor"
    assert browser.verify().status_code == 200


@pytest.mark.proves("CO6")
def test_sessions_are_listed_with_device_address_and_portal(site: Any) -> None:
    phone = log_in_on(site, "alice", ON_PHONE)
    site.pass_time(seconds=1)
    desktop = site.browser()
    desktop.client.environ_base["HTTP_USER_AGENT"] = ON_DESKTOP
    desktop.log_in("alice", return_to=f"{site.news}/")
    page = desktop.get("/account/sessions").text
    assert page.index("Chrome · Windows") < page.index("Thiết bị này") < page.index("Safari · iPhone")
    assert page.count("127.0.0.1") >= 2
    assert page.count(", 15:00 ngày 01/03</time>") == 4  # of each the login and the last activity
    assert "Báo tỉnh" in page
    assert "Mozilla" not in page
    assert "chỉ đang đăng nhập trên thiết bị này" not in phone.get("/account/sessions").text


def test_one_session_can_be_ended(site: Any, browser: Any) -> None:
    phone = log_in_on(site, "alice", ON_PHONE)
    of_phone = session_id(site, "alice")
    browser.log_in("alice")
    response = browser.post("/account/sessions", {"end": of_phone})
    assert "Phiên đăng nhập đã kết thúc" in browser.get(response.headers["Location"]).text
    assert phone.status(None)["reason"] == "logout"
    assert browser.status(None)["state"] == "active"


@pytest.mark.proves("CO7")
def test_session_that_has_ended_already_is_told_as_ended(site: Any, browser: Any) -> None:
    site.browser().log_in("alice")
    wanted = session_id(site, "alice")
    site.pass_time(seconds=1)
    browser.log_in("alice")
    for _ in range(2):
        response = browser.post("/account/sessions", {"end": wanted}, page="/account/password")
        assert (response.status_code, response.headers["Location"]) == (303, "/account/sessions?done=one")
    site.parts.audit.flush()
    with site.parts.database.session() as sql:
        assert "authz_fail" not in sql.scalars(select(AuditRow.event)).all()


def test_all_other_sessions_can_be_ended(site: Any, browser: Any) -> None:
    others = [log_in_on(site, "alice", ON_PHONE) for _ in range(2)]
    browser.log_in("alice")
    browser.post("/account/sessions", {"end": "others"})
    assert [other.status(None)["state"] for other in others] == ["ended", "ended"]
    assert browser.status(None)["state"] == "active"
    assert "chỉ đang đăng nhập trên thiết bị này" in browser.get("/account/sessions").text


@pytest.mark.proves("TE5")
@pytest.mark.parametrize("wanted", ["one", "others"])
def test_long_after_the_login_sessions_are_ended_only_by_whoever_proves_again_who_they_are(
    site: Any, browser: Any, wanted: str
) -> None:
    site.change_default(idle_timeout=3600)
    phone = log_in_on(site, "alice", ON_PHONE)
    of_phone = session_id(site, "alice")
    browser.log_in("alice")
    site.pass_time(minutes=10, seconds=1)
    end = {"end": of_phone if wanted == "one" else wanted}

    assert "Safari · iPhone" in browser.get("/account/sessions").text  # to look at them nothing is asked
    asked = browser.post("/account/sessions", end)
    assert (asked.status_code, asked.headers["Location"]) == (303, "/confirm?back=/account/sessions")
    assert phone.status(None)["state"] == "active"
    assert browser.post(asked.headers["Location"], {"password": "something else entirely"}).status_code == 403
    assert browser.post("/account/sessions", end).headers["Location"] == asked.headers["Location"]
    assert phone.status(None)["state"] == "active"

    back = browser.post(asked.headers["Location"], {"password": site.password})
    assert (back.status_code, back.headers["Location"]) == (303, "/account/sessions")
    assert browser.post("/account/sessions", end).headers["Location"].startswith("/account/sessions?done=")
    assert phone.status(None)["reason"] == "logout"
    assert browser.status(None)["state"] == "active"


@pytest.mark.proves("AZ2", "AT18")
@pytest.mark.parametrize("wanted", ["bobs", "nothing", ""])
def test_another_persons_session_is_unknown(site: Any, browser: Any, wanted: str) -> None:
    bob = site.browser()
    bob.log_in("bob")
    browser.log_in("alice")
    wanted = session_id(site, "bob") if wanted == "bobs" else wanted
    assert browser.post("/account/sessions", {"end": wanted}).status_code == 404
    assert bob.status(None)["state"] == "active"


@pytest.mark.proves("AZ4", "SM3")
def test_role_change_gives_a_new_secret_on_the_next_page(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    before = browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    site.parts.accounts.set_roles(site.people["alice"].id, ["editor"])
    response = browser.get("/account/password?lang=vi")
    assert (response.status_code, response.headers["Location"]) == (303, "/account/password?lang=vi")
    assert browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value != before
    assert browser.get("/account/password").status_code == 200
    assert "biên tập viên" in browser.get("/account/").text


@pytest.mark.proves("CO26")
def test_of_two_tabs_at_a_rotation_neither_logs_the_person_out(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    cookie = browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    for page in PAGES:
        assert "__Host-dvauth=" not in browser.get(page).headers.get("Set-Cookie", "")  # no page rotates by itself
    site.parts.accounts.set_roles(site.people["alice"].id, ["editor"])
    browser.get("/account/")
    late = site.script().get("/account/password", headers={"Cookie": f"__Host-dvauth={cookie}"})  # on its way before
    assert late.headers["Location"] == "/login?return_to=/account/password"
    assert "Set-Cookie" not in late.headers
    assert browser.get(late.headers["Location"]).headers["Location"] == "/account/password"
    assert browser.get("/account/password").status_code == 200


@pytest.mark.proves("CK5")
def test_remembered_person_stays_remembered_over_a_new_secret(site: Any, browser: Any) -> None:
    site.change_default(remember_for=30 * 86_400)
    browser.log_in("alice", remember="y")
    site.pass_time(days=1)
    site.parts.accounts.set_roles(site.people["alice"].id, ["editor"])
    assert "Max-Age=2505600" in browser.get("/account/").headers["Set-Cookie"]
    response = change_password(browser, site.password, NEW_PASSWORD)
    assert "Max-Age=2592000" in response.headers["Set-Cookie"]
