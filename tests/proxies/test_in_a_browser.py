"""Portals behind the proxies in real Chromium, by https and HTTP/2: what the shipped files are for."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.watching import LOGGED_OUT, TIMED_OUT, Traffic, cover, dialog, question, reason
from tests.proxies.conftest import HEARD

pytestmark = pytest.mark.flaky(reruns=1)  # seconds are measured, and the machine may be busy with something else

DOCS = Path(__file__).parents[2] / "docs" / "embedding.md"
HTML = (
    "<!doctype html><html lang=vi><meta charset=utf-8><title>Cổng</title>"
    '<script src="{tag}" defer></script><h1>Bàn biên tập</h1><textarea></textarea>'
)


@pytest.fixture(autouse=True)
def pages(site: Any) -> None:
    """Mounted portals have the script of their own host, the other one that of the centre."""
    site.programs.pages["/"] = site.programs.pages["/editor/bai"] = HTML.format(tag="/dvauth/embed.js")
    site.programs.pages["/plain"] = HTML.format(tag=site.url("auth", "/embed.js"))


def open_editor(page: Page, site: Any, log_in_by_hand: Callable[[Page, str], None], role: str) -> None:
    page.goto(site.url("news", "/editor/bai?a=1&b=%26"))
    log_in_by_hand(page, role)
    with page.expect_response("**/dvauth/session"):
        page.wait_for_url(site.url("news", "/editor/bai?a=1&b=%26"))


@pytest.mark.proves("CO21")
def test_to_the_login_and_back_to_the_page_that_was_asked_for(
    site: Any, page: Page, log_in_by_hand: Callable[[Page, str], None]
) -> None:
    open_editor(page, site, log_in_by_hand, "calm")
    expect(page.get_by_role("heading", name="Bàn biên tập")).to_be_visible()
    assert page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
    page.evaluate("document.cookie = 'mine=1'")
    site.programs.asked.clear()
    page.goto(site.url("news", "/editor/echo"))
    (echo,) = [asked for asked in site.programs.asked if asked["target"] == "/editor/echo"]
    seen = {name.lower(): value for name, value in echo["headers"]}
    assert seen["cookie"].strip("; ") == "mine=1"
    assert seen["x-dvauth-roles"] == "calm"


def test_the_prompt_is_asked_for_and_answered_on_the_portals_own_host(
    site: Any, page: Page, log_in_by_hand: Callable[[Page, str], None]
) -> None:
    traffic = Traffic(page)
    open_editor(page, site, log_in_by_hand, "brisk")
    expect(question(page)).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog(page)).to_have_count(0)
    assert "POST dvauth/session/keep-alive" in traffic.lines
    assert {request.url.split("/dvauth/")[0] for request in traffic.requests} == {site.url("news", "")}


def test_logging_in_again_in_a_new_window_brings_the_page_back(
    site: Any, page: Page, log_in_by_hand: Callable[[Page, str], None]
) -> None:
    open_editor(page, site, log_in_by_hand, "brisk")
    page.locator("textarea").fill("Đoạn văn chưa lưu")
    expect(cover(page)).to_be_visible(timeout=15_000)
    expect(reason(page)).to_contain_text(TIMED_OUT)
    with page.context.expect_page() as opened:
        cover(page).get_by_role("link").click()
    log_in_by_hand(opened.value, "brisk")
    opened.value.wait_for_url(site.url("news", "/editor/bai?a=1&b=%26"))
    opened.value.close()
    page.bring_to_front()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(cover(page)).to_have_count(0)
    expect(page.locator("textarea")).to_have_value("Đoạn văn chưa lưu")


def test_logging_out_on_the_portal_ends_the_session_everywhere(
    site: Any, page: Page, log_in_by_hand: Callable[[Page, str], None]
) -> None:
    open_editor(page, site, log_in_by_hand, "calm")
    page.goto(site.url("news", "/dvauth/logout"))
    page.get_by_role("main").get_by_role("button").click()
    expect(page.get_by_role("heading", name=LOGGED_OUT)).to_be_visible()
    page.goto(site.url("news", "/editor/bai"))
    page.wait_for_url(f"{site.url('auth')}login?*")


def test_whoever_is_logged_in_at_the_centre_meets_no_login_page(
    site: Any, page: Page, log_in_by_hand: Callable[[Page, str], None]
) -> None:
    page.goto(f"{site.url('auth')}login?return_to={site.url('plain', '/plain')}")
    log_in_by_hand(page, "calm")
    page.wait_for_url(site.url("plain", "/plain"))
    page.goto(site.url("news", "/editor/bai"))
    page.wait_for_url(site.url("news", "/editor/bai"))


@pytest.fixture
def two_portals(site: Any, context: BrowserContext, log_in_by_hand: Callable[[Page, str], None]) -> Any:
    """One session, open on a portal with its own ``/dvauth/`` and on a sibling that only embeds the script."""

    def act(role: str) -> tuple[Page, Page]:
        mounted, embedding = context.new_page(), context.new_page()
        open_editor(mounted, site, log_in_by_hand, role)
        with embedding.expect_response("**/session") as answered:
            embedding.goto(site.url("plain", "/plain"))
        assert answered.value.json()["state"] == "active"
        return mounted, embedding

    return act


@pytest.mark.proves("P46")
@pytest.mark.parametrize("works_in", [0, 1])
def test_work_in_one_portal_keeps_the_other_from_prompting(two_portals: Any, works_in: int) -> None:
    portals = two_portals("busy")
    working, idle = portals[works_in], portals[1 - works_in]
    for _ in range(10):  # seconds; the prompt would come after 7
        working.locator("textarea").press("a")
        working.wait_for_timeout(1000)
        assert dialog(idle).count() == 0
    expect(question(idle)).to_be_visible(timeout=10_000)


@pytest.mark.parametrize("leaves", [0, 1])
def test_logging_out_of_one_portal_covers_the_other(site: Any, two_portals: Any, leaves: int) -> None:
    portals = two_portals("busy")
    stays = portals[1 - leaves]
    portals[leaves].goto(site.url(*[("news", "/dvauth/logout"), ("auth", "/logout")][leaves]))
    portals[leaves].get_by_role("main").get_by_role("button").click()
    stays.bring_to_front()
    expect(reason(stays)).to_contain_text(LOGGED_OUT, timeout=10_000)


@pytest.fixture
def strict_news(site: Any) -> Iterator[None]:
    book = site.parts.policy_book
    book.change_override("portal", "news", idle_timeout=timedelta(seconds=6), warn_before=timedelta(seconds=3))
    time.sleep(HEARD)
    yield
    book.change_override("portal", "news", idle_timeout=None, warn_before=None)
    time.sleep(HEARD)


def test_a_portal_may_end_earlier_while_the_session_lives_on_elsewhere(
    site: Any, two_portals: Any, strict_news: None, log_in_by_hand: Callable[[Page, str], None]
) -> None:
    mounted, embedding = two_portals("calm")
    expect(reason(mounted)).to_contain_text(TIMED_OUT, timeout=15_000)
    assert dialog(embedding).count() == 0
    with embedding.expect_response("**/session") as answered:
        embedding.reload()
    assert answered.value.json()["state"] == "active"


def test_the_documented_page_and_policy_are_enough(
    site: Any, page: Page, log_in_by_hand: Callable[[Page, str], None]
) -> None:
    documented = DOCS.read_text("utf-8").replace("https://auth.example.vn", site.url("auth", ""))
    (html,) = re.findall(r"^```html\n(<!doctype.*?)^```$", documented, re.DOTALL | re.MULTILINE)
    (policy,) = re.findall(r"^Content-Security-Policy: (.*)$", documented, re.MULTILINE)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    site.programs.pages["/documented"] = html.replace("<head>", f"<head>{meta}")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{site.url('auth')}login?return_to={site.url('plain', '/documented')}")
    log_in_by_hand(page, "brisk")
    expect(question(page)).to_be_visible()
    assert page.url == site.url("plain", "/documented")
    assert said == []
