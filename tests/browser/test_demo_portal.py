"""The demo portal: who may write is decided on its server, and no typed text is lost."""

import http.client
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dvauth.timeouts.judge import Reason
from tests.browser.watching import MOVABLE_CLOCKS

TEXT = "Đoạn thứ nhất của một bài dài.\n\nĐoạn thứ hai, viết trong nửa giờ."


def assert_accessible(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def write(page: Page, title: str) -> None:
    page.get_by_label("Tiêu đề").fill(title)
    page.get_by_label("Tóm tắt").fill("Một câu tóm tắt.")
    page.get_by_label("Nội dung").fill(TEXT)


def type_login(window: Page, name: str) -> None:
    window.get_by_label("Tên đăng nhập").fill(name)
    window.get_by_label("Mật khẩu", exact=True).fill("một câu mật khẩu đủ dài")
    window.keyboard.press("Enter")


def save(page: Page) -> None:
    # As the form itself does it: what covers the page must not be what protects it.
    page.evaluate("document.querySelector('form').submit()")
    page.wait_for_load_state()


def ask(url: str, method: str = "GET", body: str | None = None) -> http.client.HTTPResponse:
    """Without a browser: the server alone."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(url).port, timeout=5)
    connection.request(method, urlsplit(url).path, body, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_server_refuses_strangers(desk: str) -> None:
    page = ask(f"{desk}/editor/new")
    assert page.status == 302
    assert page.headers["Location"].startswith("/dvauth/enter?return_to=")
    assert ask(f"{desk}/editor/new", "POST", "title=x&summary=x&body=x&section=economy").status == 401
    assert ask(f"{desk}/article/x").status == 404
    assert ask(desk).status == 200


def test_reader_may_read_and_not_write(desk: str, log_in_by_hand: Callable[[str], None], page: Page) -> None:
    page.goto(f"{desk}/editor/")
    log_in_by_hand("mai")
    expect(page.get_by_role("heading", name="Bạn không có quyền viết bài")).to_be_visible()
    assert page.goto(f"{desk}/editor/new").status == 403
    assert page.goto(f"{desk}/").status == 200


def test_editor_writes_an_article_that_everybody_reads(
    desk: str, log_in_by_hand: Callable[[str], None], page: Page
) -> None:
    page.goto(f"{desk}/editor/new")
    log_in_by_hand("minh")
    write(page, "Hội xuân bản Mây")
    page.get_by_role("button", name="Lưu bài viết").click()
    expect(page.get_by_role("status")).to_contain_text("Hội xuân bản Mây")
    page.context.clear_cookies()
    page.goto(f"{desk}/article/hoi-xuan-ban-may")
    expect(page.get_by_role("article").locator("p", has_text="Đoạn thứ hai")).to_be_visible()


@pytest.mark.proves("AX7", "CO5")
def test_text_survives_the_end_of_the_session(
    service: Any, desk: str, people: dict[str, str], log_in_by_hand: Callable[[str], None], page: Page
) -> None:
    page.goto(f"{desk}/editor/new")
    log_in_by_hand("minh")
    write(page, "Bài viết dài")
    service.end(people["minh"], Reason.REVOKED)
    save(page)
    expect(page.get_by_role("group", name="Bài viết chưa được lưu")).to_be_focused()
    expect(page.get_by_label("Nội dung")).to_have_value(TEXT)
    assert_accessible(page)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Đăng nhập lại (cửa sổ mới)").click()
    window = opened.value
    type_login(window, "minh")
    expect(window.get_by_role("heading", name="Bạn đã đăng nhập lại")).to_be_visible()
    window.close()
    save(page)
    expect(page.get_by_role("status")).to_contain_text("Bài viết dài")


@pytest.mark.proves("AX7")
def test_login_beside_the_covered_text_leads_back_to_it(
    service: Any, desk: str, people: dict[str, str], log_in_by_hand: Callable[[str], None], page: Page
) -> None:
    page.add_init_script(MOVABLE_CLOCKS)
    page.goto(f"{desk}/editor/new")
    log_in_by_hand("minh")
    write(page, "Bài viết dưới màn che")
    service.end(people["minh"], Reason.EVICTED)
    page.evaluate("skipWall(3_600_000); dispatchEvent(new Event('focus'))")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Đăng nhập lại").click()
    window = opened.value
    type_login(window, "minh")
    expect(window.get_by_role("heading", name="Bạn đã đăng nhập lại")).to_be_visible()
    expect(window.locator("textarea")).to_have_count(0)
    assert_accessible(window)
    window.close()
    page.evaluate("dispatchEvent(new Event('focus'))")
    page.get_by_role("button", name="Lưu bài viết").click()
    expect(page.get_by_role("status")).to_contain_text("Bài viết dưới màn che")


@pytest.mark.proves("AX7")
def test_another_persons_login_gets_nothing_of_the_text(
    service: Any, desk: str, people: dict[str, str], log_in_by_hand: Callable[[str], None], page: Page
) -> None:
    page.goto(f"{desk}/editor/new")
    log_in_by_hand("minh")
    write(page, "Bài của Minh")
    service.end(people["minh"], Reason.REVOKED)
    window = page.context.new_page()
    window.goto(f"{desk}/editor/back")
    type_login(window, "lan")
    window.wait_for_url(f"{desk}/editor/back")
    save(page)
    expect(page.get_by_role("heading", name="Bài viết chưa được lưu")).to_be_visible()
    assert "Bài của Minh" not in page.content()


def test_logging_out_on_the_portal_ends_the_session_everywhere(
    service: Any, desk: str, log_in_by_hand: Callable[[str], None], page: Page
) -> None:
    page.goto(f"{desk}/editor/")
    log_in_by_hand("lan")
    page.get_by_role("link", name="Đăng xuất").click()
    assert_accessible(page)
    page.get_by_role("main").get_by_role("button", name="Đăng xuất").click()
    page.wait_for_url(f"{desk}/dvauth/logout?done=all")
    expect(page.get_by_role("heading", name="Bạn đã đăng xuất")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("link", name="Về trang chủ").click()
    page.wait_for_url(f"{desk}/")
    expect(page.get_by_role("link", name="Đăng nhập")).to_be_visible()
    page.goto(f"{desk}/editor/")
    page.wait_for_url(f"{service.url}/login?*")
    page.goto(f"{service.url}/account/")
    page.wait_for_url(f"{service.url}/login?return_to=/account/")


@pytest.mark.proves("AX11", "AX12", "AX13")
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("width", [320, 1280])
def test_portal_is_accessible_fits_and_keeps_its_own_strict_policy(
    desk: str, log_in_by_hand: Callable[[str], None], page: Page, language: str, width: int
) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: said.type in {"error", "warning"} and complaints.append(said.text))
    page.set_viewport_size({"width": width, "height": 640})
    page.goto(f"{desk}/editor/")
    log_in_by_hand("minh")
    for path in ("/", "/article/mua-nuoc-noi-va-nhung-nguoi-giu-de", "/section/economy", "/editor/", "/editor/new"):
        page.goto(f"{desk}{path}?lang={language}")
        assert page.locator("html").get_attribute("lang") == language
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert complaints == []
