"""The prompt in all its states, in light, dark and forced colours, in both languages, with a portal's own look."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dvauth.timeouts.judge import Reason
from tests.browser.conftest import Portal, Service, Visitor
from tests.browser.watching import MOVABLE_CLOCKS, colours, contrast, cover, dialog, question, title, visit

SCHEMES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"forced_colors": "active"},
}

SAID = {"#title": "dialog", "#text": "dialog"}
WORDS = {  # and what they stand on
    "warning": {**SAID, "button": "button", "b": "dialog"},
    "failing": {**SAID, "button": "button", "[role=alert]": "dialog"},
    "checking": {"#title": "dialog"},
    "ended": {**SAID, "a": "a"},
}


@pytest.fixture
def states(page: Page, service: Service, log_in: Callable[[str], Visitor]) -> Callable[[str], Iterator[str]]:
    """Leads the page at an address through the states, one after the other."""

    def lead(url: str) -> Iterator[str]:
        page.add_init_script(MOVABLE_CLOCKS)
        someone = log_in("calm")
        visit(page, url)
        page.route("**/session", lambda _: None)  # no answer, for now
        page.route("**/session/keep-alive", lambda route: route.abort())
        page.evaluate("skipWall(845_000); dispatchEvent(new Event('focus'))")
        expect(question(page)).to_be_visible()
        yield "warning"
        page.keyboard.press("Enter")
        expect(question(page).get_by_role("alert")).not_to_be_empty()
        yield "failing"
        page.evaluate("skipWall(100_000); dispatchEvent(new Event('focus'))")
        expect(cover(page)).to_be_visible()
        yield "checking"
        service.end(someone.account_id, Reason.EVICTED)
        page.unroute("**/session")
        page.evaluate("location.hash = 'again'; skipWall(3000); dispatchEvent(new Event('online'))")
        expect(page.get_by_role("link")).to_be_visible(timeout=15_000)
        yield "ended"

    return lead


@pytest.mark.proves("P39", "AX11")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_in_any_state(
    page: Page, portal: Portal, states: Callable[[str], Iterator[str]], scheme: str
) -> None:
    page.emulate_media(**SCHEMES[scheme])
    for state in states(portal.page(body="<main><h1>Tin tức</h1></main>")):
        assert Axe().run(page).response["violations"] == [], state
        # Of words in a modal dialog axe leaves open whether they stand out.
        for words, ground in WORDS[state].items():
            assert contrast(*colours(page, words, ground)) >= 4.5, (state, words)


def test_a_portal_has_its_own_colour_and_words(
    page: Page, portal: Portal, service: Service, log_in: Callable[[str], Visitor]
) -> None:
    tag = portal.tag.replace("defer", 'defer data-accent="#a61b1b" data-text-title="Anh chị còn ở đó không?"')
    log_in("warned")
    visit(page, portal.page(tag=tag))
    expect(title(page)).to_have_text("Anh chị còn ở đó không?")
    assert drawn_colour(page) == [0xA6, 0x1B, 0x1B]


@pytest.mark.parametrize("pale", ["#ffee00", "#00ff00", "#ffffff", "#88ccff"])
def test_a_colour_too_light_for_white_words_is_darkened(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor], pale: str
) -> None:
    log_in("warned")
    visit(page, portal.page(tag=portal.tag.replace("defer", f'defer data-accent="{pale}"')))
    expect(question(page)).to_be_visible()
    assert Axe().run(page, context="dvauth-prompt").response["violations"] == []
    red, green, blue = drawn_colour(page)
    assert contrast((255, 255, 255), (red, green, blue)) >= 4.5


@pytest.mark.parametrize("bad", ["url(/x)", "red;color:red", "", "transparent) , url(x"])
def test_what_is_no_colour_changes_nothing(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor], bad: str
) -> None:
    log_in("warned")
    visit(page, portal.page(tag=portal.tag.replace("defer", f'defer data-accent="{bad}"')))
    expect(question(page).get_by_role("button")).to_have_css("background-color", "rgb(15, 108, 189)")


def drawn_colour(page: Page) -> list[int]:
    """Of the button, as it is drawn."""
    drawn: list[int] = (
        dialog(page)
        .get_by_role("button")
        .evaluate("""(button) => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
        const pen = canvas.getContext("2d");
        pen.fillStyle = getComputedStyle(button).backgroundColor;
        pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
    }""")
    )
    return drawn
