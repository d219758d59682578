"""What counts as a person being there, and what does not."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Portal, Service, Visitor
from tests.browser.watching import Traffic, dialog, question, visit

TALL = "<h1>Tin tức</h1><textarea></textarea><div style='height:9000px'></div>"

BY_HAND: dict[str, Callable[[Page, int], None]] = {
    "typing": lambda page, _: page.keyboard.press("a"),
    "wheel": lambda page, _: page.mouse.wheel(0, 40),
    "pointer": lambda page, step: page.mouse.move(100 + step, 100),
}


@pytest.mark.firefox_too
@pytest.mark.proves("P19", "CO12")
@pytest.mark.parametrize("how", BY_HAND)
def test_a_person_at_work_sees_no_prompt(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor], how: str
) -> None:
    log_in("brisk")
    visit(page, portal.page(body=TALL))
    for step in range(12):
        BY_HAND[how](page, step)
        time.sleep(0.4)
        assert dialog(page).count() == 0


@pytest.mark.proves("P20", "P41")
def test_what_no_person_did_is_no_activity(
    page: Page, context: BrowserContext, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("brisk")
    page.mouse.move(50, 50)
    visit(page, portal.page(body=TALL))
    traffic = Traffic(page)
    page.evaluate("""() => setInterval(() => {
        for (const type of ["keydown", "pointerdown", "wheel", "touchstart"])
            document.body.dispatchEvent(new Event(type, { bubbles: true }));
        document.body.dispatchEvent(new PointerEvent("pointermove", { movementX: 5, bubbles: true }));
        document.querySelector("textarea").click();
        scrollBy(0, 10);
    }, 100)""")
    pointer = context.new_cdp_session(page)
    deadline = time.monotonic() + 10
    while not dialog(page).count() and time.monotonic() < deadline:
        pointer.send("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": 50, "y": 50})
        time.sleep(0.1)
    expect(question(page)).to_be_visible()
    assert traffic.keep_alives == []


@pytest.mark.firefox_too
@pytest.mark.proves("P21")
def test_moving_the_mouse_does_not_answer_the_prompt(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("warned")
    visit(page, portal.page())
    expect(question(page)).to_be_visible()
    traffic = Traffic(page)
    for step in range(15):
        page.mouse.move(10 + 5 * step, 20)
        page.mouse.wheel(0, 20)
        time.sleep(0.1)
    page.mouse.click(5, 5)
    expect(question(page)).to_be_visible()
    assert traffic.keep_alives == []


@pytest.mark.proves("P41")
def test_a_page_that_reloads_itself_ends_on_time(
    page: Page, portal: Portal, service: Service, log_in: Callable[[str], Visitor]
) -> None:
    log_in("brisk")
    started = time.monotonic()
    traffic = Traffic(page)
    page.goto(portal.page("/ticker", head="<meta http-equiv=refresh content=1>"))
    time.sleep(max(0, started + 6.5 - time.monotonic()))
    other = page.context.new_page()
    with other.expect_response("**/session") as answered:
        other.goto(portal.page())
    assert answered.value.json()["state"] == "ended"
    assert traffic.keep_alives == []
