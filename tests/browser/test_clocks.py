"""Clocks that jump and computers that sleep."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Portal, Visitor
from tests.browser.watching import (
    ENDED,
    MOVABLE_CLOCKS,
    WARNING,
    Traffic,
    cover,
    dialog,
    left,
    question,
    until_covered,
    visit,
    wait_for_title,
)

HOUR = 3_600_000
NEVER_ANSWER = "**/session"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page whose wall clock the test can move; the monotonic one then stands still, as in sleep."""
    context.add_init_script(MOVABLE_CLOCKS)
    return context.new_page()


@pytest.mark.firefox_too
@pytest.mark.proves("P11")
def test_a_clock_set_ahead_ends_nothing(page: Page, portal: Portal, log_in: Callable[[str], Visitor]) -> None:
    log_in("calm")
    visit(page, portal.page())
    page.evaluate("window.here = true")
    traffic = Traffic(page)
    page.evaluate(f"skipWall({HOUR})")
    page.wait_for_event("request", lambda request: request.url.endswith("/session"))
    expect(dialog(page)).to_have_count(0)
    time.sleep(0.5)
    expect(dialog(page)).to_have_count(0)
    assert page.evaluate("window.here")
    assert traffic.lines == ["GET session"]


@pytest.mark.firefox_too
@pytest.mark.proves("P12")
def test_a_clock_set_back_delays_nothing(page: Page, portal: Portal, log_in: Callable[[str], Visitor]) -> None:
    log_in("brisk")
    answer = visit(page, portal.page())
    due = time.monotonic() + answer["expires_in_seconds"] - answer["warn_before_seconds"]
    page.evaluate(f"skipWall(-{HOUR})")
    wait_for_title(page, WARNING)
    assert abs(time.monotonic() - due) < 0.4
    wait_for_title(page, ENDED)
    assert abs(time.monotonic() - due - answer["warn_before_seconds"]) < 0.6


@pytest.mark.firefox_too
@pytest.mark.proves("P13", "TO9", "CO28")
def test_sleep_without_an_event_covers_within_five_seconds(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("calm")
    visit(page, portal.page())
    page.route(NEVER_ANSWER, lambda _: None)
    assert until_covered(page, f"skipWall({HOUR})") <= 5000
    expect(page.locator("h1")).to_be_hidden()


@pytest.mark.firefox_too
@pytest.mark.proves("P14", "TO9", "CO28")
def test_sleep_and_an_event_cover_within_a_tenth_of_a_second(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("calm")
    visit(page, portal.page())
    page.route(NEVER_ANSWER, lambda _: None)
    waking = f"skipWall({HOUR}); document.dispatchEvent(new Event('visibilitychange', {{ bubbles: true }}))"
    with page.expect_request(NEVER_ANSWER):
        assert until_covered(page, waking) <= 100
    expect(page.locator("h1")).to_be_hidden()


@pytest.mark.firefox_too
@pytest.mark.proves("P16", "TO9")
def test_the_countdown_is_right_on_coming_back(page: Page, portal: Portal, log_in: Callable[[str], Visitor]) -> None:
    log_in("warned")
    visit(page, portal.page())
    expect(question(page)).to_be_visible()
    show(page, hidden=True)
    before, at = left(page), time.monotonic()
    time.sleep(3.5)
    assert left(page) >= before - 1  # nobody looks, so nothing ticks
    show(page, hidden=False)
    assert abs(before - left(page) - (time.monotonic() - at)) <= 1.1
    expect(cover(page)).to_have_count(0)


def show(page: Page, *, hidden: bool) -> None:
    page.evaluate(
        """(hidden) => {
            Object.defineProperty(Document.prototype, "hidden", { configurable: true, get: () => hidden });
            document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
        }""",
        hidden,
    )
