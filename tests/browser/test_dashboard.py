"""The overview: it fits, it is read to everybody, colour is not needed; and prompts are counted as people see them."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dvauth.audit.counts import EVERYWHERE, Figure, hour_of
from dvauth.parts import connected, utc_now
from tests.browser.conftest import Service, Visitor
from tests.browser.test_pages import assert_accessible, assert_fits
from tests.browser.watching import dialog, question, visit
from tests.waiting import eventually

TABLE = "Các con số dưới dạng bảng"


@pytest.fixture
def counted(service: Service) -> None:
    """Something to draw in every hour of the last week."""
    with connected(service.settings) as parts:
        for age in range(24 * 7):
            hour = hour_of(utc_now()) - timedelta(hours=age)
            for number, figure in enumerate(Figure):
                numbers = {EVERYWHERE: 40 * number + age % 24, "portal": 20 * number}
                parts.hourly_counts.raise_to(hour, figure, numbers)


@pytest.mark.proves("AX11", "AX12")
@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (360, "light"), (1280, "dark"), (1280, "light")])
def test_the_overview_fits_and_axe_finds_nothing(
    service: Service, log_in: Callable[[str], Visitor], page: Page, width: int, scheme: Any, language: str
) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: said.type in {"error", "warning"} and complaints.append(said.text))
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    log_in("admin")
    for query in ("range=24h", "range=7d", "range=30d", "portal=portal"):
        page.goto(f"{service.url}/admin?{query}&lang={language}")
        for summary in page.locator("summary").all():
            summary.press("Enter")
        assert_accessible(page)
        assert_fits(page)
    assert complaints == []


@pytest.mark.usefixtures("counted")
def test_plots_say_what_the_table_says_and_need_no_colour(
    service: Service, log_in: Callable[[str], Visitor], page: Page
) -> None:
    log_in("admin")
    page.goto(f"{service.url}/admin?range=7d")
    drawn = page.locator("canvas").evaluate_all(
        "canvases => canvases.map((canvas) => Chart.getChart(canvas).data.datasets)"
    )
    assert [len(lines) for lines in drawn] == [1, 2, 3]
    for lines in drawn:
        assert len({line["pointStyle"] for line in lines}) == len({str(line["borderDash"]) for line in lines})
        assert len({line["pointStyle"] for line in lines}) == len(lines)
        assert all(line["label"] for line in lines)
    rows = page.locator("#numbers tbody tr")
    assert rows.count() == len(drawn[1][0]["data"])
    newest = rows.first.locator("[data-figure=logins]")
    assert newest.get_attribute("data-value") == str(drawn[1][0]["data"][-1])


@pytest.mark.usefixtures("counted")
def test_the_table_is_printed_though_it_is_closed(
    service: Service, log_in: Callable[[str], Visitor], page: Page
) -> None:
    log_in("admin")
    page.goto(f"{service.url}/admin")
    table = page.locator("#numbers table")
    expect(table).not_to_be_visible()
    page.emulate_media(media="print")
    expect(table).to_be_visible()


@pytest.mark.usefixtures("counted")
def test_paper_is_light_whatever_the_screen_is(service: Service, log_in: Callable[[str], Visitor], page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    log_in("admin")
    page.goto(f"{service.url}/admin")
    canvas = page.locator("canvas").first
    expect(canvas).to_have_css("color", "rgb(232, 236, 241)")
    expect(canvas).to_have_css("filter", "none")
    page.emulate_media(color_scheme="dark", media="print")
    expect(canvas).to_have_css("color", "rgb(27, 36, 48)")
    expect(canvas).to_have_css("filter", "invert(1) hue-rotate(180deg)")


@pytest.mark.usefixtures("counted")
def test_a_portal_is_chosen_and_the_table_opened_by_keyboard_alone(service: Service, administrator: Page) -> None:
    page = administrator
    page.goto(f"{service.url}/account/")
    page.get_by_role("link", name="Quản trị").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tổng quan")
    page.get_by_label("Cổng thông tin").focus()
    page.keyboard.type("portal")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="24 giờ qua: portal")).to_be_visible()
    page.get_by_text(TABLE).press("Enter")
    expect(page.get_by_role("table")).to_be_visible()


def shown(service: Service) -> list[int]:
    """Prompts everywhere, on the portal and on its sibling: of the hour, and of the next, in which one may open."""
    with connected(service.settings) as parts:
        now = parts.clock.now()
        of_hours = [parts.prompts.shown(now + timedelta(hours=age), [None, "portal", "sibling"]) for age in (0, 1)]
    return [sum(numbers) for numbers in zip(*of_hours, strict=True)]


def test_one_prompt_in_several_tabs_and_portals_is_one(
    service: Service, context: BrowserContext, log_in: Callable[[str], Visitor]
) -> None:
    before = shown(service)
    log_in("busy")
    tabs = [context.new_page() for _ in range(3)]
    for tab, portal in zip(tabs, (service.portal, service.portal, service.sibling), strict=True):
        visit(tab, portal.page())
    assert shown(service) == before
    for tab in tabs:
        expect(question(tab)).to_be_visible(timeout=10_000)
    assert eventually(lambda: shown(service) == [number + 1 for number in before])
    time.sleep(1)
    assert shown(service) == [number + 1 for number in before]


def test_whoever_goes_on_typing_has_no_prompt_and_none_is_counted(
    service: Service, page: Page, log_in: Callable[[str], Visitor]
) -> None:
    before = shown(service)
    log_in("busy")
    visit(page, service.portal.page(body="<textarea></textarea>"))
    page.locator("textarea").focus()
    until = time.monotonic() + 13
    while time.monotonic() < until:
        page.keyboard.type("a")
        page.wait_for_timeout(400)
        expect(dialog(page)).to_have_count(0)
    time.sleep(1)
    assert shown(service) == before
    expect(question(page)).to_be_visible(timeout=10_000)
    assert eventually(lambda: shown(service)[0] == before[0] + 1)
