"""The pages for administrators as they meet them: on a phone, in the dark, with a screen reader."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.test_pages import assert_fits, in_language

PAGES = (
    "/admin/portals",
    "/admin/portals/portal",
    "/admin/portals/portal/remove",
    "/admin/audit",
    "/admin/audit?event=",
)


@pytest.mark.proves("AX11", "AX13", "HD2")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(service: Any, log_in: Callable[[str], Any], page: Page, scheme: Any) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: said.type in {"error", "warning"} and complaints.append(said.text))
    page.emulate_media(color_scheme=scheme)
    log_in("admin")
    for path in PAGES:
        for language in ("vi", "en"):
            in_language(page, service.url + path.partition("?")[0], language)
            page.goto(service.url + path)
            results = Axe().run(page)
            assert results.violations_count == 0, (path, results.generate_report())
    page.goto(f"{service.url}/admin/portals")
    page.get_by_role("main").get_by_role("button").last.click()
    expect(page.locator("[aria-invalid]")).to_have_count(3)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert [text for text in complaints if "status of 4" not in text] == []


@pytest.mark.proves("AX12")
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_pages_fit_and_targets_are_large_enough(
    service: Any, log_in: Callable[[str], Any], page: Page, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    log_in("admin")
    for path in PAGES:
        page.goto(service.url + path)
        assert_fits(page)


def test_a_tag_is_copied_by_one_button(service: Any, log_in: Callable[[str], Any], page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=service.url)
    log_in("admin")
    page.goto(f"{service.url}/admin/portals/portal?lang=en")
    page.get_by_role("button", name="Copy: With an integrity value").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "integrity=" in page.evaluate("navigator.clipboard.readText()")


@pytest.mark.proves("AZ7")
@pytest.mark.parametrize("width", [360, 1280])
def test_the_prompt_is_shown_while_its_words_and_colour_are_typed(
    service: Any, log_in: Callable[[str], Any], page: Page, width: int
) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: said.type in {"error", "warning"} and complaints.append(said.text))
    page.set_viewport_size({"width": width, "height": 900})
    log_in("admin")
    page.goto(f"{service.url}/admin/portals/portal?lang=en")
    shown = page.get_by_role("figure", name="As it will look, in Vietnamese")
    answer = shown.locator(".answer")
    expect(answer).to_have_text("Bấm vào đây để duy trì trạng thái đăng nhập")
    ours = answer.evaluate("element => getComputedStyle(element).backgroundColor")
    page.get_by_label("Heading, in Vietnamese").fill("Anh chị còn ở đây không?")
    page.get_by_label("Button, in Vietnamese", exact=True).fill("<b>Ở lại</b>")
    expect(shown.locator(".title")).to_have_text("Anh chị còn ở đây không?")
    expect(answer).to_have_text("<b>Ở lại</b>")
    assert answer.evaluate("element => getComputedStyle(element).backgroundColor") == ours == "rgb(15, 108, 189)"
    colour = page.get_by_label("Colour of the button")
    colour.fill("red")
    expect(page.get_by_text("This is no colour.")).to_be_visible()
    page.get_by_label("Or choose it").fill("#a61b1b")
    expect(colour).to_have_value("#a61b1b")
    expect(page.get_by_text("This is no colour.")).to_be_hidden()
    colour.fill("#ffcc00")
    expect(page.get_by_text("This colour is too light for white words.")).to_be_visible()
    assert answer.evaluate("element => getComputedStyle(element).backgroundColor") != ours
    results = Axe().run(page)  # its contrast among the rest
    assert results.violations_count == 0, results.generate_report()
    assert_fits(page)
    page.get_by_label("Button, in Vietnamese", exact=True).fill("")
    expect(answer).to_have_text("Bấm vào đây để duy trì trạng thái đăng nhập")
    assert complaints == []
