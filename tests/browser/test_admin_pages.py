"""The pages for administrators: they fit, they are read to everybody, and the keyboard is enough."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dvauth.parts import connected
from tests.browser.test_pages import assert_accessible, assert_fits

EVERYBODY = "/admin/timeouts/default"
PAGES = ("/admin", "/admin/timeouts", EVERYBODY, "/admin/timeouts/role/admin", "/confirm?back=/admin/timeouts")


@pytest.fixture
def pauses(service: Any) -> Callable[[int], None]:
    """Makes people pause for so many minutes, a hundred times."""

    def make(minutes: int) -> None:
        with connected(service.settings) as parts:
            for _ in range(100):
                parts.pauses.note(timedelta(minutes=minutes))
            parts.pauses.hand_in()

    return make


@pytest.mark.proves("AX11", "AX12")
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_fits_and_axe_finds_nothing(
    service: Any, administrator: Page, pauses: Any, width: int, language: str
) -> None:
    page = administrator
    complaints: list[str] = []
    page.on("console", lambda said: said.type in {"error", "warning"} and complaints.append(said.text))
    pauses(3)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{service.url}/admin/timeouts?lang={language}")
    for path in PAGES:
        page.goto(service.url + path)
        assert page.locator("html").get_attribute("lang") == language
        assert_accessible(page)
        assert_fits(page)
    page.goto(service.url + EVERYBODY)
    page.locator("#idle_timeout").fill("soon")
    page.locator("button[value=preview]").click()
    expect(page.locator("[aria-invalid]")).to_have_count(1)
    assert_accessible(page)
    page.locator("#idle_timeout").fill("10m")
    page.locator("button[value=preview]").click()
    assert page.locator("canvas").evaluate("canvas => Chart.getChart(canvas).data.datasets[0].data.length") == 30
    page.locator("summary").click()
    assert_accessible(page)
    assert_fits(page)
    assert [text for text in complaints if "status of 422" not in text] == []


def test_people_are_logged_out_after_twenty_minutes_by_keyboard_alone(service: Any, administrator: Page) -> None:
    page = administrator
    page.goto(f"{service.url}/account/")
    page.get_by_role("link", name="Quản trị").press("Enter")
    page.get_by_role("link", name="Tự động đăng xuất").press("Enter")
    page.get_by_role("link", name="Thay đổi: Tất cả mọi người").press("Enter")
    idle = page.get_by_role("textbox", name="Đăng xuất khi không thao tác sau")
    expect(idle).to_have_value("15 phút")
    idle.press("Control+a")
    page.keyboard.type("20 phút")
    page.keyboard.press("Enter")
    expect(page.get_by_text("15 phút → 20 phút")).to_be_visible()
    page.get_by_role("button", name="Lưu thay đổi").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Đã lưu")
    expect(page.get_by_role("progressbar", name="Đang xem lại mọi phiên")).to_have_js_property(
        "value", 1, timeout=15_000
    )
    expect(page.get_by_role("status").last).to_contain_text("Mọi phiên đã được xem lại")
    assert_accessible(page)
    expect(page.get_by_role("main").get_by_text("20 phút", exact=True)).to_be_visible()
    page.get_by_role("button", name="Hoàn tác").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Đã hoàn tác")
    expect(page.get_by_role("main").get_by_text("15 phút", exact=True)).to_be_visible()
