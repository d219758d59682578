"""The pages as people meet them: by keyboard, on a phone, in the dark, with a screen reader."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

STRANGERS = ("/login", "/logged-out", "/nowhere", "/setup/unknown")
PERSONS = ("/account/", "/account/password", "/account/sessions", "/logout", "/nowhere")

TARGETS = """() => [...document.querySelectorAll('button, input, select, textarea, .plain, .subnav a, .brand')]
    .map(element => ({name: element.id || element.textContent.trim(), box: element.getBoundingClientRect()}))
    .filter(({box}) => box.width > 0)
    .map(({name, box}) => [name, Math.round(box.width), Math.round(box.height)])"""
LABELLED = {"remember", "mounted"}  # their labels are part of the target
FOCUS = """() => {
    const element = document.activeElement, box = element.getBoundingClientRect(), style = getComputedStyle(element);
    const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return inside && outlined ? null : element.outerHTML; }"""


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser's console complains of, such as violations of the Content Security Policy."""
    found: list[str] = []
    page.on("console", lambda said: said.type in {"error", "warning"} and found.append(said.text))
    return found


def assert_accessible(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def in_language(page: Page, url: str, language: str) -> None:
    page.goto(f"{url}?lang={language}")
    assert page.locator("html").get_attribute("lang") == language


@pytest.mark.proves("AX11", "AX13", "HD2")
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(
    service: Any, log_in_by_hand: Callable[[str], None], page: Page, complaints: list[str], scheme: Any, language: str
) -> None:
    page.emulate_media(color_scheme=scheme)
    titles = set()
    for path in STRANGERS:
        in_language(page, service.url + path, language)
        assert_accessible(page)
        titles.add(page.title())
    in_language(page, f"{service.url}/login", language)
    page.get_by_role("main").get_by_role("button").last.click()
    expect(page.locator("[aria-invalid]")).to_have_count(2)
    assert_accessible(page)
    in_language(page, f"{service.url}/login", "vi")
    log_in_by_hand("mai")
    for path in PERSONS:
        in_language(page, service.url + path, language)
        assert_accessible(page)
        titles.add(page.title())
    assert len(titles) == len({*STRANGERS, *PERSONS})
    assert [text for text in complaints if "status of 4" not in text] == []


def test_page_of_a_wrong_address_looks_like_the_others(service: Any, page: Page, complaints: list[str]) -> None:
    page.goto(service.url.replace("auth.dvauth.localhost", "127.0.0.1") + "/login")
    expect(page.get_by_role("heading", name="Hệ thống ở địa chỉ khác")).to_be_visible()
    assert page.locator(".sheet").evaluate("element => getComputedStyle(element).borderTopStyle") == "solid"
    assert_accessible(page)
    assert [text for text in complaints if "status of 4" not in text] == []
    page.get_by_role("link", name="Đến địa chỉ đúng").click()
    page.wait_for_url(f"{service.url}/login?return_to=/account/")


@pytest.mark.proves("AX11")
def test_forced_colours_keep_every_edge(service: Any, page: Page) -> None:
    page.emulate_media(forced_colors="active")
    page.goto(f"{service.url}/login")
    for look in (".sheet", "#username", ".btn-primary"):
        assert page.locator(look).evaluate("element => getComputedStyle(element).borderTopStyle") == "solid"


@pytest.mark.proves("AX12")
@pytest.mark.parametrize("width", [320, 360, 1280, 1600])
def test_pages_fit_and_targets_are_large_enough(
    service: Any, log_in_by_hand: Callable[[str], None], page: Page, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    page.goto(f"{service.url}/login")
    assert_fits(page)
    log_in_by_hand("mai")
    for path in PERSONS:
        page.goto(service.url + path)
        assert_fits(page)


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    small = [target for target in page.evaluate(TARGETS) if min(target[1:]) < 44 and target[0] not in LABELLED]
    assert small == [], page.url


@pytest.mark.proves("AX10")
@pytest.mark.parametrize("width", [320, 1280])
def test_focus_is_always_to_be_seen(
    service: Any, log_in_by_hand: Callable[[str], None], page: Page, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 480})
    log_in_by_hand("mai")
    page.goto(f"{service.url}/account/password")
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUS) is None


def test_logging_in_and_out_by_keyboard_alone(service: Any, people: dict[str, str], page: Page) -> None:
    page.goto(f"{service.url}/login")
    expect(page.get_by_label("Tên đăng nhập")).to_be_focused()
    page.keyboard.type("mai")
    page.keyboard.press("Tab")
    page.keyboard.type("một câu mật khẩu đủ dài")
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/")
    for _ in range(4):  # past the same and on
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Đăng xuất")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/logged-out")


@pytest.mark.proves("AX13")
def test_error_summary_takes_the_focus_and_leads_to_the_field(service: Any, page: Page) -> None:
    page.goto(f"{service.url}/login")
    page.get_by_role("main").get_by_role("button", name="Đăng nhập").click()
    summary = page.get_by_role("group", name="Không đăng nhập được")
    expect(summary).to_be_focused()
    assert page.title().startswith("Lỗi: Đăng nhập")
    expect(page.get_by_label("Tên đăng nhập")).to_have_accessible_description("Lỗi: Hãy nhập tên đăng nhập")
    summary.get_by_role("link", name="Hãy nhập mật khẩu").click()
    expect(page.get_by_label("Mật khẩu", exact=True)).to_be_focused()


@pytest.mark.proves("AX9")
def test_username_waits_after_a_wrong_password(service: Any, page: Page) -> None:
    page.goto(f"{service.url}/login")
    page.get_by_label("Tên đăng nhập").fill("nobody-here")
    page.get_by_label("Mật khẩu", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Không đăng nhập được")).to_be_focused()
    expect(page.get_by_label("Tên đăng nhập")).to_have_value("nobody-here")
    expect(page.get_by_label("Mật khẩu", exact=True)).to_have_value("")


@pytest.mark.proves("AU6", "AX8")
def test_password_can_be_pasted_shown_and_kept_by_a_manager(service: Any, people: dict[str, str], page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=service.url)
    page.goto(f"{service.url}/login")
    username, password = page.get_by_label("Tên đăng nhập"), page.get_by_label("Mật khẩu", exact=True)
    expect(username).to_have_attribute("autocomplete", "username")
    expect(password).to_have_attribute("autocomplete", "current-password")
    for field, text in ((username, "mai"), (password, "một câu mật khẩu đủ dài")):
        page.evaluate("text => navigator.clipboard.writeText(text)", text)
        field.focus()
        page.keyboard.press("Control+V")
        expect(field).to_have_value(text)
    page.get_by_role("button", name="Hiện mật khẩu").click()
    expect(password).to_have_attribute("type", "text")
    page.get_by_role("button", name="Ẩn mật khẩu").click()
    expect(password).to_have_attribute("type", "password")
    assert page.locator("img, iframe, canvas").count() == 0
    page.keyboard.press("Enter")
    password.press("Enter")
    page.wait_for_url("**/account/")


@pytest.mark.proves("AU6")
def test_new_password_is_offered_to_the_manager_under_its_username(
    service: Any, log_in_by_hand: Callable[[str], None], page: Page
) -> None:
    log_in_by_hand("mai")
    page.goto(f"{service.url}/account/password")
    expect(page.get_by_label("Mật khẩu mới")).to_have_attribute("autocomplete", "new-password")
    expect(page.locator("input[autocomplete=username]")).to_have_value("mai")


def test_everything_works_without_scripts(service: Any, people: dict[str, str], browser: Browser) -> None:
    context = browser.new_context(locale="vi-VN", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{service.url}/login")
    expect(page.get_by_role("button", name="Hiện mật khẩu")).to_have_count(0)
    page.get_by_label("Tên đăng nhập").fill("mai")
    page.get_by_label("Mật khẩu", exact=True).fill("một câu mật khẩu đủ dài")
    page.get_by_role("main").get_by_role("button", name="Đăng nhập").click()
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("heading", name="Bạn đã đăng xuất")).to_be_visible()
    context.close()
