"""After the end: the page waits under its cover for the same person, and for nobody else."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, expect

from dvauth.parts import connected
from dvauth.timeouts.judge import Reason
from tests.browser.conftest import PASSWORD, Portal, Service
from tests.browser.watching import (
    BY_A_NEWER_SESSION,
    ENDED,
    MOVABLE_CLOCKS,
    cover,
    dialog,
    names_told,
    reason,
    title,
    visit,
)
from tests.conftest import CHROMIUM, SWITCHES

FORM = "<form action=/saved><textarea name=text></textarea><button>Lưu</button></form>"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    context.add_init_script(MOVABLE_CLOCKS)
    return context.new_page()


@pytest.fixture
def ended(
    page: Page, portal: Portal, service: Service, people: dict[str, str], log_in_by_hand: Callable[[str], None]
) -> Page:
    """Mai's page, with something typed, after her session has ended."""
    log_in_by_hand("mai")
    visit(page, f"{portal.page(body=FORM)}#draft")
    page.locator("textarea").fill("Lễ hội mùa thu")
    page.locator("textarea").evaluate("field => field.setSelectionRange(3, 6)")
    service.end(people["mai"], Reason.EVICTED)
    page.evaluate("skipWall(3_600_000); dispatchEvent(new Event('focus'))")
    expect(reason(page)).to_contain_text(BY_A_NEWER_SESSION)
    return page


def log_in_again(page: Page, username: str) -> None:
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Đăng nhập lại").click()
    window = opened.value
    window.get_by_label("Tên đăng nhập").fill(username)
    window.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
    window.get_by_role("main").get_by_role("button", name="Đăng nhập").click()
    window.wait_for_url(page.url)  # from where the page hears of it


@pytest.mark.firefox_too
@pytest.mark.proves("P25", "P36", "AX7")
def test_the_same_account_goes_on_with_everything_typed(ended: Page, portal: Portal) -> None:
    portal.page("/saved", "<h1>Đã lưu</h1>")
    log_in_again(ended, "mai")
    expect(dialog(ended)).to_have_count(0)
    expect(ended.locator("textarea")).to_have_value("Lễ hội mùa thu")
    ended.bring_to_front()
    expect(ended.locator("textarea")).to_be_focused()
    assert ended.locator("textarea").evaluate("field => [field.selectionStart, field.selectionEnd]") == [3, 6]
    ended.get_by_role("button", name="Lưu").click()
    expect(ended.locator("h1")).to_have_text("Đã lưu")


@pytest.mark.firefox_too
@pytest.mark.proves("P37")
def test_another_account_sees_nothing_of_the_first(ended: Page) -> None:
    with ended.expect_navigation():
        log_in_again(ended, "minh")
    expect(cover(ended)).to_have_count(0)
    expect(ended.locator("textarea")).to_have_value("")


@pytest.fixture
def mounted(context: BrowserContext, desk: str) -> str:
    """A page that asks by its own host, where the portal has a secret of its own; its address."""
    html = f'<!doctype html><html lang=vi><script src="/dvauth/embed.js" defer></script><body>{FORM}'
    context.route(f"{desk}/draft", lambda route: route.fulfill(content_type="text/html; charset=utf-8", body=html))
    return f"{desk}/draft"


@pytest.mark.proves("AX7")
def test_a_new_password_costs_nothing_that_was_typed(
    page: Page, desk: str, mounted: str, service: Service, log_in_by_hand: Callable[[str], None]
) -> None:
    with connected(service.settings) as parts:
        parts.accounts.set_password(parts.accounts.add("hoa", roles=["editor"]).id, PASSWORD)
    page.goto(f"{desk}/dvauth/enter?return_to={desk}/")
    log_in_by_hand("hoa")
    page.wait_for_url(f"{desk}/")
    visit(page, mounted)
    page.locator("textarea").fill("Lễ hội mùa thu")
    change_password(page.context.new_page(), service)
    page.evaluate("skipWall(3000)")  # so that it asks
    expect(title(page)).to_have_text(ENDED)
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Đăng nhập lại").click()
    opened.value.wait_for_url(mounted)  # the centre knows her still: no login, only a new secret for the portal
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(dialog(page)).to_have_count(0)
    expect(page.locator("textarea")).to_have_value("Lễ hội mùa thu")


def change_password(page: Page, service: Service) -> None:
    page.goto(f"{service.url}/account/password")
    page.get_by_label("Mật khẩu hiện tại").fill(PASSWORD)
    page.get_by_label("Mật khẩu mới").fill("một câu mật khẩu dài khác hẳn")
    page.get_by_role("button", name="Đổi mật khẩu").click()
    page.wait_for_url(f"{service.url}/account/sessions?*")


NOTE_RETURN = """
addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    const covered = () => !!document.querySelector("dvauth-prompt")?.shadowRoot.querySelector(".cover[open]");
    requestAnimationFrame(() => { window.coveredAtFirst = covered() });
});
"""


@pytest.fixture
def storing_page(browser: Browser) -> Iterator[Page]:
    """A page that the browser stores away whole when it is left (bfcache), which Playwright forbids otherwise."""
    storing: BrowserType = browser.browser_type
    chromium = storing.launch(
        executable_path=CHROMIUM, args=SWITCHES, ignore_default_args=["--disable-back-forward-cache"]
    )
    page = chromium.new_page(locale="vi-VN")
    page.add_init_script(NOTE_RETURN)
    yield page
    chromium.close()


@pytest.mark.proves("P30", "P31", "TE7")
def test_going_back_after_a_logout_never_shows_the_page(
    storing_page: Page, portal: Portal, service: Service, people: dict[str, str]
) -> None:
    page = storing_page
    page.goto(f"{service.url}/login")
    page.get_by_label("Tên đăng nhập").fill("mai")
    page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{service.url}/account/")
    visit(page, portal.page())
    page.goto(f"{service.url}/logout")
    page.get_by_role("main").get_by_role("button", name="Đăng xuất").click()
    page.wait_for_url(f"{service.url}/logged-out")
    page.evaluate("history.go(-2)")
    expect(title(page)).to_have_text(ENDED)
    assert page.evaluate("coveredAtFirst")
    expect(page.locator("h1")).to_be_hidden()
    assert "Tin tức" not in names_told(page)
