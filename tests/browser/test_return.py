"""After the end: the page waits under its cover for the same person, and for nobody else."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dvauth.timeouts.judge import Reason
from tests.browser.conftest import PASSWORD, Portal, Service
from tests.browser.watching import MOVABLE_CLOCKS, cover, dialog, title, visit

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
    visit(page, portal.page(body=FORM))
    page.locator("textarea").fill("Lễ hội mùa thu")
    service.end(people["mai"], Reason.EVICTED)
    page.evaluate("skipWall(3_600_000); dispatchEvent(new Event('focus'))")
    expect(title(page)).to_have_text("Phiên làm việc đã kết thúc vì có phiên mới hơn")
    return page


def log_in_again(page: Page, username: str) -> None:
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Đăng nhập lại").click()
    window = opened.value
    window.get_by_label("Tên đăng nhập").fill(username)
    window.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
    window.get_by_role("main").get_by_role("button", name="Đăng nhập").click()
    window.wait_for_url(page.url)
    window.close()
    page.evaluate("dispatchEvent(new Event('focus'))")


@pytest.mark.proves("P36", "AX7")
def test_the_same_account_goes_on_with_everything_typed(ended: Page, portal: Portal) -> None:
    portal.page("/saved", "<h1>Đã lưu</h1>")
    log_in_again(ended, "mai")
    expect(dialog(ended)).to_have_count(0)
    expect(ended.locator("textarea")).to_have_value("Lễ hội mùa thu")
    ended.get_by_role("button", name="Lưu").click()
    expect(ended.locator("h1")).to_have_text("Đã lưu")


@pytest.mark.proves("P37")
def test_another_account_sees_nothing_of_the_first(ended: Page) -> None:
    with ended.expect_navigation():
        log_in_again(ended, "minh")
    expect(cover(ended)).to_have_count(0)
    expect(ended.locator("textarea")).to_have_value("")
