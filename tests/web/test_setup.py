"""The one-time link."""

import signal
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dvauth.accounts.models import SetupLinkRow
from dvauth.audit.models import AuditRow
from dvauth.housekeeping import Housekeeping

CHOSEN = "sáu từ của riêng người mới"


@pytest.fixture
def link(site: Any) -> str:
    newcomer = site.parts.accounts.add("dora", display_name="Dora")
    return f"/setup/{site.parts.setup_links.issue(newcomer.id)}"


@pytest.mark.proves("AU13", "RC4")
def test_link_lets_its_owner_choose_a_password_and_logs_nobody_in(site: Any, browser: Any, link: str) -> None:
    assert "dora" in browser.get(link).text
    response = browser.post(link, {"new": CHOSEN})
    assert response.status_code == 303
    assert "Mật khẩu đã được lưu" in browser.get(response.headers["Location"]).text
    assert browser.status(None)["state"] == "anonymous"
    assert browser.log_in("dora", CHOSEN).status_code == 303


def test_whoever_is_logged_in_as_another_is_told_so_before_and_after(site: Any, browser: Any, link: str) -> None:
    browser.log_in("alice")
    assert "Bạn đang đăng nhập với tên alice" in browser.get(link).text
    response = browser.post(link, {"new": CHOSEN})
    response = browser.get(response.headers["Location"])
    assert "hãy đăng xuất trước" in browser.get(response.headers["Location"]).text
    assert browser.status(None)["state"] == "active"


def test_own_link_ends_the_own_session_without_an_alarm(site: Any, browser: Any) -> None:
    browser.log_in("alice")
    link = f"/setup/{site.parts.setup_links.issue(site.people['alice'].id)}"
    assert "Bạn đang đăng nhập với tên" not in browser.get(link).text
    page = browser.get(browser.post(link, {"new": CHOSEN}).headers["Location"]).text
    assert "Mật khẩu đã được lưu" in page
    assert "Nếu không phải bạn" not in page


@pytest.mark.proves("AU13")
def test_link_works_once(site: Any, browser: Any, link: str) -> None:
    token = browser.token(link)
    browser.post(link, {"new": CHOSEN})
    assert browser.get(link).status_code == 404
    again = browser.client.post(
        link,
        base_url=site.centre,
        data={"new": "một mật khẩu khác hẳn", "csrf_token": token},
        headers=site.navigation | {"Origin": site.centre},
    )
    assert again.status_code == 404
    assert "Liên kết không dùng được" in again.text
    assert site.browser().log_in("dora", "một mật khẩu khác hẳn").status_code == 401


@pytest.mark.proves("AU13")
def test_link_expires(site: Any, browser: Any, link: str) -> None:
    with site.parts.database.session() as sql:
        sql.scalars(select(SetupLinkRow)).one().expires_at -= timedelta(hours=72)
    assert browser.get(link).status_code == 404


def test_password_chosen_while_redis_hangs_is_saved_and_sessions_hear_of_it_later(
    frail_site: Any, frail_redis: Any
) -> None:
    bob, parts = frail_site.people["bob"], frail_site.parts
    before = frail_site.browser()
    before.log_in("bob")
    link, browser = f"/setup/{parts.setup_links.issue(bob.id)}", frail_site.browser()
    form = {"new": CHOSEN, "csrf_token": browser.token(link)}
    headers = frail_site.navigation | {"Origin": frail_site.centre}
    frail_redis.send_signal(signal.SIGSTOP)
    response = browser.client.post(link, base_url=frail_site.centre, data=form, headers=headers)
    frail_redis.send_signal(signal.SIGCONT)
    assert (response.status_code, response.headers["Location"]) == (303, "/login?done=setup")
    assert events_of(frail_site, bob.id)[-1] == "authn_password_change"
    parts.watch.beat()
    Housekeeping(parts, monotonic=lambda: 0.0).round()
    assert before.status(None)["reason"] == "password-changed"
    assert browser.log_in("bob", CHOSEN).status_code == 303


def events_of(site: Any, account_id: str) -> list[str]:
    site.parts.audit.flush()
    with site.parts.database.session() as sql:
        query = select(AuditRow.event).where(AuditRow.account == account_id).order_by(AuditRow.at)
        return list(sql.scalars(query))


def test_refused_password_is_explained_and_the_link_still_works(browser: Any, link: str) -> None:
    response = browser.post(link, {"new": "ngắn"})
    assert response.status_code == 422
    assert "Mật khẩu này có 4 ký tự; cần ít nhất 15 ký tự" in response.text
    assert browser.post(link, {"new": CHOSEN}).status_code == 303


@pytest.mark.proves("HD6")
def test_link_is_not_told_to_other_sites(browser: Any, link: str) -> None:
    assert browser.get(link).headers["Referrer-Policy"] == "strict-origin"
