"""The script as a guest of other people's pages: it takes nothing, breaks nothing and leaves nothing behind."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Portal, Service, Visitor
from tests.browser.watching import ENDED, Traffic, cover, dialog, question, title, visit

BLUE = "rgb(15, 108, 189)"


@pytest.mark.firefox_too
@pytest.mark.proves("P28")
def test_it_works_under_the_strictest_policy_without_a_violation(
    page: Page, portal: Portal, service: Service, log_in: Callable[[str], Visitor]
) -> None:
    log_in("brisk")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    policy = (
        f"default-src 'none'; script-src {service.url}; connect-src {service.url}; style-src 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    visit(page, portal.page("/strict", Content_Security_Policy=policy))
    expect(question(page).get_by_role("button")).to_have_css("background-color", BLUE)
    expect(title(page)).to_have_text(ENDED)
    expect(page.locator("h1")).to_be_hidden()
    assert [text for text in complaints if "Content Security Policy" in text or "Trusted" in text] == []


@pytest.mark.firefox_too
@pytest.mark.proves("P29")
def test_hostile_styles_change_nothing(page: Page, portal: Portal, log_in: Callable[[str], Visitor]) -> None:
    log_in("warned")
    hostile = "* { display: none !important; color: red !important; all: unset !important; font-size: 90px !important }"
    visit(page, portal.page(head=f"<style>{hostile} dvauth-prompt {{ opacity: 0 !important }}</style>"))
    expect(question(page)).to_be_visible()
    expect(question(page).get_by_role("button")).to_have_css("background-color", BLUE)
    expect(title(page)).to_have_css("font-size", "24px")
    assert page.locator("dvauth-prompt").evaluate("element => getComputedStyle(element).opacity") == "1"


@pytest.mark.firefox_too
@pytest.mark.proves("P40")
def test_an_anonymous_visitor_costs_one_request_and_sees_nothing(page: Page, portal: Portal) -> None:
    traffic = Traffic(page)
    assert visit(page, portal.page())["state"] == "anonymous"
    page.keyboard.press("a")
    page.wait_for_timeout(3000)
    assert traffic.lines == ["GET session"]
    assert page.locator("dvauth-prompt").count() == 0
    assert "Bạn đã không sử dụng" not in page.content()
    assert page.evaluate("document.adoptedStyleSheets.length") == 0


@pytest.mark.proves("P34")
def test_no_foreign_page_can_keep_alive(
    page: Page, portal: Portal, service: Service, stranger: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("brisk")
    visit(page, portal.page())
    foreign = page.context.new_page()
    foreign.goto(stranger.page(tag=""))
    foreign.evaluate(
        """(url) => {
            const attempt = (headers, mode) => fetch(url, {
                method: "POST", credentials: "include", headers, mode, body: '{"cause":"prompt"}',
            }).catch(() => {});
            window.attempts = setInterval(() => {
                attempt({ "content-type": "application/json" }, "cors");
                attempt({ "content-type": "text/plain" }, "no-cors");
            }, 300);
        }""",
        f"{service.url}/session/keep-alive",
    )
    expect(title(page)).to_have_text(ENDED, timeout=8000)


@pytest.mark.firefox_too
@pytest.mark.proves("P38")
def test_without_channel_locks_and_storage_it_is_still_right(
    context: BrowserContext, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    context.add_init_script("""
        const refuse = () => { throw new DOMException("blocked", "SecurityError") };
        Object.defineProperty(window, "localStorage", { get: refuse });
        window.BroadcastChannel = refuse;
        Object.defineProperty(navigator, "locks", { value: undefined });
    """)
    log_in("busy")
    tabs = [context.new_page() for _ in range(2)]
    for tab in tabs:
        visit(tab, portal.page())
    first, second = tabs
    expect(question(first)).to_be_visible(timeout=10_000)
    expect(question(second)).to_be_visible()
    first.keyboard.press("Enter")
    expect(dialog(first)).to_have_count(0)
    expect(cover(second)).to_have_count(0)
    expect(dialog(second)).to_have_count(0, timeout=8000)


@pytest.mark.firefox_too
@pytest.mark.proves("P43")
def test_the_page_may_not_hold_up_the_end_nor_does_it_lose_its_own_question(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("brisk")
    visit(page, portal.page(body="<h1>Tin tức</h1><script>onbeforeunload = () => 'Chưa lưu'</script>"))
    page.locator("h1").click()
    expect(title(page)).to_have_text(ENDED, timeout=15_000)
    assert page.evaluate("typeof onbeforeunload") == "function"


@pytest.mark.firefox_too
@pytest.mark.proves("P49")
def test_it_sends_two_kinds_of_request_in_all_its_life(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("brisk")
    sent: set[str] = set()
    page.on("request", lambda request: sent.add(f"{request.method} /{request.url.split('/', 3)[3]}"))
    visit(page, portal.page())
    page.keyboard.press("a")
    expect(question(page)).to_be_visible()
    page.keyboard.press("Enter")
    expect(title(page)).to_have_text(ENDED, timeout=15_000)
    expected = {"GET /", "GET /embed.js", "GET /favicon.ico", "GET /session", "POST /session/keep-alive"}
    assert sent - {"GET /favicon.ico"} == expected - {"GET /favicon.ico"}


# What the page may call by our name, and what is in it by the name of what we have there.
NAMESAKES = {
    "a form": "<form id=dvauth name=dvauth><input name=activity></form>",
    "images": "<img name=dvauth><img id=activity name=dvauth>",
    "a frame": "<iframe name=dvauth srcdoc='<p id=activity>'></iframe>",
    "a frame of a stranger": "<iframe name=dvauth src={stranger}></iframe>",
}


@pytest.mark.proves("HD9")
@pytest.mark.parametrize("what", NAMESAKES)
def test_the_page_may_have_something_by_our_name(
    page: Page, portal: Portal, stranger: Portal, log_in: Callable[[str], Visitor], what: str
) -> None:
    log_in("warned")
    body = NAMESAKES[what].format(stranger=stranger.page(tag=""))
    visit(page, portal.page(body=body, head="<title><img onerror=x></title>"))
    expect(question(page)).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog(page)).to_have_count(0)
    assert page.evaluate("dvauth.status().state") == "active"


@pytest.mark.proves("HD9")
def test_a_frame_has_its_own_prompt_where_only_a_form_around_it_has_our_name(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("warned")
    portal.page("/frame")
    around = f"{NAMESAKES['a form']}<iframe src=/frame width=600 height=400></iframe>"
    visit(page, portal.page("/around", around, tag=""))
    expect(page.frame_locator("iframe").locator("dvauth-prompt dialog[open]")).to_be_visible()
