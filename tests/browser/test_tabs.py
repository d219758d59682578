"""Several tabs of one browser: they follow each other, and no two sessions are mixed."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from dvauth.parts import connected
from tests.browser.conftest import Portal, Service, Visitor
from tests.browser.watching import LOGGED_OUT, Traffic, answer_with, cover, dialog, left, question, reason, visit

# Says on the page's own clock when the dialog opened or closed last.
NOTE_CHANGES = """
for (const act of ["showModal", "close"]) {
    const native = HTMLDialogElement.prototype[act];
    HTMLDialogElement.prototype[act] = function () {
        window[act + "At"] = performance.timeOrigin + performance.now();
        return native.call(this);
    };
}
"""

ANSWERED_AT = """() => {
    const [last] = performance.getEntriesByType("resource").filter(({ name }) => name.includes("/session")).slice(-1);
    return performance.timeOrigin + last.responseEnd;
}"""


@pytest.fixture
def tabs(context: BrowserContext) -> list[Page]:
    context.add_init_script(NOTE_CHANGES)
    return [context.new_page() for _ in range(2)]


@pytest.mark.firefox_too
@pytest.mark.proves("P7", "TO10")
def test_an_extension_in_one_tab_closes_the_prompt_of_the_other_at_once(
    tabs: list[Page], portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("warned")
    for tab in tabs:
        visit(tab, portal.page())
    first, second = tabs
    expect(question(first)).to_be_visible()
    expect(question(second)).to_be_visible()
    traffic = Traffic(first)
    question(second).get_by_role("button").click()
    expect(dialog(first)).to_have_count(0)
    assert first.evaluate("closeAt") - second.evaluate(ANSWERED_AT) <= 100
    assert traffic.lines == []


@pytest.mark.proves("P8", "TO10")
@pytest.mark.parametrize("way", ["hidden", "hidden and deaf", "frozen"])
def test_a_tab_that_missed_the_extension_ends_nothing(
    tabs: list[Page], context: BrowserContext, portal: Portal, log_in: Callable[[str], Visitor], way: str
) -> None:
    log_in("brisk")
    missing, answering = tabs
    if "deaf" in way:
        missing.add_init_script("delete window.BroadcastChannel")
    for tab in tabs:
        visit(tab, portal.page())
    traffic = Traffic(missing)
    lifecycle = context.new_cdp_session(missing)
    if way == "frozen":
        lifecycle.send("Page.setWebLifecycleState", {"state": "frozen"})
    else:
        hide(missing)
    for _ in range(2):
        expect(question(answering)).to_be_visible(timeout=8000)
        answering.keyboard.press("Enter")
        expect(dialog(answering)).to_have_count(0)
    lifecycle.send("Page.setWebLifecycleState", {"state": "active"})
    expect(cover(missing)).to_have_count(0)
    time.sleep(0.5)
    expect(cover(missing)).to_have_count(0)
    expect(missing.locator("h1")).to_be_visible()
    assert traffic.keep_alives == []


def hide(page: Page) -> None:
    page.evaluate("""() => {
        Object.defineProperty(Document.prototype, "hidden", { configurable: true, get: () => true });
        document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    }""")


@pytest.mark.proves("P8")
def test_a_late_answer_ends_no_page_that_is_known_to_be_alive(
    tabs: list[Page], portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    log_in("warned")
    for tab in tabs:
        visit(tab, portal.page())
    first, second = tabs
    expect(question(first)).to_be_visible()
    expect(question(second)).to_be_visible()
    first.route("**/session", hold, times=1)
    with first.expect_request("**/session"):
        first.evaluate("dispatchEvent(new Event('focus'))")
    question(second).get_by_role("button").click()
    expect(dialog(first)).to_have_count(0)
    with first.expect_request_finished(lambda request: request != held[0].request, timeout=5000) as asked_again:
        answer_with(portal.origin, json={"state": "anonymous", "reason": None})(held[0])
    response = asked_again.value.response()
    assert response
    assert response.json()["state"] == "active"
    expect(cover(first)).to_have_count(0)


@pytest.mark.firefox_too
@pytest.mark.proves("P9", "TO10", "CO16")
def test_a_logout_in_one_tab_covers_the_other_at_once_without_a_request(
    tabs: list[Page], portal: Portal, service: Service, log_in: Callable[[str], Visitor]
) -> None:
    log_in("calm")
    for tab in tabs:
        visit(tab, portal.page())
    first, second = tabs
    traffic = Traffic(first)
    second.goto(f"{service.url}/logout")
    second.get_by_role("main").get_by_role("button").click()
    second.wait_for_load_state()
    with second.expect_response("**/session"):
        second.goto(portal.page())
    expect(reason(first)).to_contain_text(LOGGED_OUT)
    assert first.evaluate("showModalAt") - second.evaluate(ANSWERED_AT) <= 200
    assert traffic.lines == []


@pytest.mark.firefox_too
@pytest.mark.proves("P10")
def test_another_account_in_one_tab_gives_the_other_a_fresh_page_and_none_of_its_time(
    tabs: list[Page], portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("calm")
    first, second = tabs
    visit(first, portal.page())
    first.evaluate("document.querySelector('h1').textContent = 'Bản thảo của người thứ nhất'")
    traffic = Traffic(first)
    log_in("calm")
    with first.expect_navigation():
        second.goto(portal.page())
    expect(first.locator("h1")).to_have_text("Tin tức")
    assert traffic.keep_alives == []


@pytest.mark.proves("P17")
def test_ten_tabs_left_alone_ask_four_times_at_most(
    context: BrowserContext, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("steady")
    tabs = [context.new_page() for _ in range(10)]
    for tab in tabs:
        visit(tab, portal.page())
    traffic = Traffic(context)
    for tab in tabs:
        expect(cover(tab)).to_contain_text("Hết hạn", timeout=25_000)
    assert len(traffic.lines) <= 4, traffic.lines


IDLE = 900  # seconds, as installed


class Stand:
    """Answers as the service would, by a clock that goes as fast as that of the pages. Times in seconds."""

    def __init__(self, origin: str) -> None:
        self.now = self.active = 0.0
        self.asked: list[str] = []
        self._origin = origin

    def answer(self, route: Route) -> None:
        self.asked.append(route.request.method)
        if route.request.method == "POST":
            self.active = self.now - route.request.post_data_json["idle_seconds"]
        tags = {"session": "s", "account": "a", "seq": len(self.asked), "ends_by": "idle", "reason": None}
        left = IDLE - (self.now - self.active)
        status = {"state": "active", "expires_in_seconds": left, "warn_before_seconds": 60, **tags}
        answer_with(self._origin, json=status)(route)


@pytest.mark.proves("P18")
def test_an_hour_of_work_in_one_of_ten_tabs_costs_twelve_requests_at_most(
    context: BrowserContext, portal: Portal
) -> None:
    stand, step = Stand(portal.origin), 15
    context.clock.install()
    context.route(lambda url: "/session" in url, stand.answer)
    tabs = [context.new_page() for _ in range(10)]
    for tab in tabs:
        visit(tab, portal.page())
    stand.asked.clear()
    for _ in range(0, 3600, step):
        tabs[0].keyboard.press("a")
        context.clock.run_for(step * 1000)
        stand.now += step
    assert 1 < len(stand.asked) <= 12, stand.asked
    assert [tab.evaluate("dvauth.status().state") for tab in tabs] == ["active"] * 10


@pytest.mark.firefox_too
@pytest.mark.proves("P46")
def test_work_in_one_portal_keeps_the_other_from_prompting(
    context: BrowserContext, portal: Portal, service: Service, log_in: Callable[[str], Visitor]
) -> None:
    log_in("steady")
    idle, working = context.new_page(), context.new_page()
    visit(idle, portal.page())
    visit(working, service.sibling.page(body="<textarea></textarea>"))
    for _ in range(18):  # seconds; the prompt would come after 15
        working.locator("textarea").press("a")
        time.sleep(1)
        assert dialog(idle).count() == 0


@pytest.mark.firefox_too
@pytest.mark.proves("P44")
def test_changed_timeouts_reach_open_pages_with_the_next_answer(
    tabs: list[Page], portal: Portal, service: Service, log_in: Callable[[str], Visitor]
) -> None:
    log_in("changed")
    first, second = tabs
    visit(first, portal.page())
    first.evaluate("window.here = true")
    with connected(service.settings) as parts:
        parts.policy_book.change_override("role", "changed", idle_timeout=timedelta(seconds=30))
    time.sleep(2)  # every process judges by the new policy within that time
    visit(second, portal.page())
    expect(question(first)).to_be_visible()
    assert 20 < left(first) <= 28
    assert first.evaluate("window.here")
