"""The service or the way to it fails: the prompt says so, keeps trying and claims nothing that it does not know."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from dvauth.timeouts.judge import Reason
from tests.browser.conftest import Portal, Service, Visitor
from tests.browser.watching import (
    BY_ADMINISTRATOR,
    KEPT,
    TIMED_OUT,
    UNREACHABLE,
    WARNING,
    Traffic,
    answer_with,
    cover,
    dialog,
    left,
    names_told,
    question,
    reason,
    visit,
    wait_for_title,
)

KEEP_ALIVE = "**/session/keep-alive"


@pytest.fixture
def prompted(page: Page, portal: Portal, log_in: Callable[[str], Visitor]) -> Page:
    """A page whose prompt has just opened, with a minute to answer."""
    log_in("warned")
    visit(page, portal.page())
    expect(question(page)).to_be_visible()
    return page


@pytest.mark.firefox_too
@pytest.mark.proves("P1")
def test_a_server_error_keeps_the_prompt_and_is_told(prompted: Page, portal: Portal) -> None:
    prompted.route(KEEP_ALIVE, answer_with(portal.origin, status=500))
    question(prompted).get_by_role("button").click()
    expect(question(prompted)).to_contain_text(UNREACHABLE)
    time.sleep(2)
    expect(question(prompted)).to_contain_text(UNREACHABLE)
    assert left(prompted) < 60


@pytest.mark.firefox_too
@pytest.mark.proves("P2")
def test_a_dropped_connection_is_tried_again_by_itself(prompted: Page) -> None:
    lost: list[Route] = []

    def drop_two(route: Route) -> None:
        lost.append(route)
        if len(lost) <= 2:
            route.abort("connectionreset")
        else:
            route.continue_()

    prompted.route(KEEP_ALIVE, drop_two)
    question(prompted).get_by_role("button").click()
    expect(dialog(prompted)).to_have_count(0)
    assert len(lost) == 3


@pytest.mark.firefox_too
@pytest.mark.proves("P3")
@pytest.mark.parametrize(
    "answer",
    [
        {"status": 200, "content_type": "text/html", "body": "<!doctype html><title>Đăng nhập</title>"},
        {"status": 303, "headers": {"Location": "/login"}},
    ],
    ids=["login page", "redirect"],
)
def test_a_login_page_is_no_success(prompted: Page, portal: Portal, answer: dict[str, object]) -> None:
    prompted.route(KEEP_ALIVE, answer_with(portal.origin, **answer))
    question(prompted).get_by_role("button").click()
    expect(question(prompted)).to_contain_text(UNREACHABLE)


@pytest.mark.firefox_too
@pytest.mark.proves("P4", "P45")
def test_a_session_that_was_ended_is_over_at_once_with_the_reason(
    page: Page, portal: Portal, service: Service, log_in: Callable[[str], Visitor]
) -> None:
    someone = log_in("warned")
    visit(page, portal.page(body="<h1>Bản thảo mật</h1>"))
    expect(question(page)).to_be_visible()
    service.end(someone.account_id, Reason.REVOKED)
    page.keyboard.press("Enter")
    expect(reason(page)).to_have_text(BY_ADMINISTRATOR)
    expect(page).to_have_title("Phiên đăng nhập đã kết thúc")  # the page's own went with it (WCAG 2.4.2)
    assert page.locator("body").count() == 0


@pytest.mark.proves("P5", "TO8")
def test_the_prompt_is_on_time_when_the_network_was_down_before_it(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("brisk")
    answer = visit(page, portal.page())
    due = time.monotonic() + answer["expires_in_seconds"] - answer["warn_before_seconds"]
    page.route("**/session", lambda route: route.abort("internetdisconnected"))
    wait_for_title(page, WARNING)
    assert abs(time.monotonic() - due) < 0.4  # 250 ms, and what the measuring takes


@pytest.mark.proves("P6", "TE7")
def test_offline_through_the_deadline_covers_claims_nothing_and_recovers(
    page: Page, context: BrowserContext, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("brisk")
    visit(page, portal.page())
    expect(question(page)).to_be_visible()
    context.set_offline(True)
    expect(cover(page)).to_contain_text(UNREACHABLE)
    time.sleep(1)
    expect(cover(page)).not_to_contain_text("đăng xuất")
    expect(cover(page)).not_to_contain_text("Hết hạn")
    expect(cover(page)).not_to_contain_text("kết thúc")
    expect(page.locator("h1")).to_be_hidden()
    assert "Tin tức" not in names_told(page)
    page.emulate_media(media="print")
    expect(page.locator("h1")).to_be_hidden()
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    context.set_offline(False)
    expect(reason(page)).to_have_text(f"{TIMED_OUT} {KEPT}")


@pytest.mark.proves("P6")
def test_a_session_that_lived_on_elsewhere_gives_the_page_back(
    page: Page, context: BrowserContext, portal: Portal, service: Service, log_in: Callable[[str], Visitor]
) -> None:
    someone = log_in("brisk")
    visit(page, portal.page())
    expect(question(page)).to_be_visible()
    context.set_offline(True)
    time.sleep(2)
    service.keep_alive(someone.cookie)
    expect(cover(page)).to_contain_text(UNREACHABLE)
    context.set_offline(False)
    expect(dialog(page)).to_have_count(0)
    expect(page.locator("h1")).to_be_visible()


@pytest.mark.proves("P34")
def test_asking_extends_nothing(page: Page, portal: Portal, service: Service, log_in: Callable[[str], Visitor]) -> None:
    log_in("brisk")
    visit(page, portal.page())
    traffic = Traffic(page)
    expect(question(page)).to_be_visible()
    for _ in range(6):
        page.evaluate("(url) => fetch(url, {credentials: 'include'})", f"{service.url}/session")
        time.sleep(0.4)
    expect(reason(page)).to_contain_text(TIMED_OUT)
    assert traffic.keep_alives == []
