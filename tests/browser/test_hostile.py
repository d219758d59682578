"""Pages that do strange things before, after and around the script."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Portal, Service, Visitor
from tests.browser.watching import ENDED, Traffic, cover, dialog, left, question, title, visit

NODE_MODULES = Path(__file__).parents[1] / "embed" / "node_modules"

MODAL = """<dialog id=modal><p>Chọn ảnh</p><input></dialog>
<div id=shadow></div>
<script>
    const root = document.querySelector("#shadow").attachShadow({ mode: "open" });
    root.append(document.createElement("dialog"));
    root.firstChild.append(document.createElement("input"));
    const modal = { light: document.querySelector("#modal"), shadow: root.firstChild };
</script>"""


@pytest.mark.firefox_too
@pytest.mark.proves("P27")
@pytest.mark.parametrize("where", ["light", "shadow"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_it_is_usable_above_a_modal_dialog_of_the_page(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor], where: str, when: str
) -> None:
    log_in("warned")
    visit(page, portal.page(body=MODAL))
    if when == "before":
        page.evaluate(f"modal.{where}.showModal()")
    expect(question(page)).to_be_visible()
    if when == "after":
        page.evaluate(f"modal.{where}.showModal()")
    expect(question(page).get_by_role("button")).to_be_focused()
    page.mouse.click(5, 5)  # on the backdrop: nothing of the page gets it
    question(page).get_by_role("button").click(timeout=2000)
    expect(dialog(page)).to_have_count(0)
    expect(page.locator("#modal" if where == "light" else "#shadow dialog")).to_be_visible()
    page.keyboard.type("a")
    assert page.evaluate(f"modal.{where}.querySelector('input').value") == "a"


OVERRIDES = """
    window.fetch = () => Promise.reject(new Error("the page's own fetch"));
    window.setTimeout = window.setInterval = () => 0;
    window.Date = class { static now() { return 0 } };
    performance.now = () => 0;
    Object.prototype.extend = Object.prototype["a b"] = function () {};
    Object.prototype.method = "DELETE";
    Array.prototype.remove = function () {};
"""


def test_what_a_page_puts_in_place_of_the_browsers_own_is_not_used(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("brisk")
    visit(page, portal.page())
    page.evaluate(OVERRIDES)
    expect(question(page)).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog(page)).to_have_count(0)
    expect(title(page)).to_have_text(ENDED, timeout=10_000)


# Each hides what the document itself has by that name.
NAMES = ["title", "hidden", "documentElement", "adoptedStyleSheets", "createElement", "currentScript", "prerendering"]


@pytest.mark.parametrize("name", NAMES)
def test_forms_and_images_may_have_any_name(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor], name: str
) -> None:
    log_in("brisk")
    visit(page, portal.page(body=f"<form name={name}></form><h1>Tin tức</h1>"))
    expect(question(page)).to_be_visible()
    first = left(page)
    expect(dialog(page).locator("b")).not_to_have_text(str(first))  # it counts by the second
    marked = page.locator("title")
    assert (marked.text_content() or "").startswith("(!) ")
    page.keyboard.press("Enter")
    expect(dialog(page)).to_have_count(0)
    assert marked.text_content() == "Cổng thông tin"
    expect(title(page)).to_have_text(ENDED, timeout=10_000)
    expect(page.locator("h1")).to_be_hidden()


def test_covered_is_covered_whatever_the_pages_styles_say(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("brisk")
    stubborn = "html body h1#secret { visibility: visible !important; opacity: 1 !important }"
    visit(page, portal.page(head=f"<style>{stubborn}</style>", body="<h1 id=secret>Bản thảo mật</h1>"))
    expect(title(page)).to_have_text(ENDED, timeout=10_000)
    expect(page.locator("h1")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator("h1")).to_be_hidden()


# How each puts the body of another page in place.
SWAPS = {
    "turbo": ("@hotwired/turbo/dist/turbo.es2017-umd.js", "Turbo.visit('/second')"),
    "htmx": ("htmx.org/dist/htmx.min.js", "htmx.ajax('GET', '/second', { target: 'body', swap: 'outerHTML' })"),
}


@pytest.mark.skipif(not NODE_MODULES.exists(), reason="npm ci in tests/embed brings Turbo and htmx")
@pytest.mark.parametrize("library", SWAPS)
def test_a_body_that_is_swapped_does_not_take_the_prompt_away(
    page: Page, context: BrowserContext, portal: Portal, log_in: Callable[[str], Visitor], library: str
) -> None:
    path, swap = SWAPS[library]
    context.route("**/swap.js", lambda route: route.fulfill(path=NODE_MODULES / path))
    head = "<script src=/swap.js></script>"
    log_in("brisk")
    first = portal.page("/first", "<h1>Trang một</h1>", head=head)
    portal.page("/second", f"<h1>Trang hai</h1>{portal.tag}", head=head)  # with the tag once more
    visit(page, first)
    page.evaluate("window.here = true")
    page.evaluate(swap)
    expect(page.locator("h1")).to_have_text("Trang hai")
    expect(question(page)).to_be_visible()
    assert page.locator("dvauth-prompt").count() == 1
    portal.page("/third", "<h1>Trang ba</h1>", head=head)
    page.evaluate(swap.replace("second", "third"))
    expect(question(page)).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog(page)).to_have_count(0)
    expect(cover(page)).to_be_visible(timeout=10_000)
    assert page.evaluate("window.here")
    portal.page("/fourth", "<h1>Trang bốn</h1>", head=head)
    page.evaluate(swap.replace("second", "fourth"))
    page.wait_for_timeout(500)
    expect(cover(page)).to_be_visible()
    expect(page.locator("h1")).to_be_hidden()


def test_a_page_that_replaces_everything_has_its_prompt_back_with_the_next_event(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("warned")
    visit(page, portal.page())
    expect(question(page)).to_be_visible()
    page.evaluate("document.documentElement.replaceChildren(document.createElement('body'))")
    expect(question(page)).to_be_visible()
    assert left(page) > 50


def test_the_tag_twice_is_one_prompt(page: Page, portal: Portal, log_in: Callable[[str], Visitor]) -> None:
    log_in("warned")
    traffic = Traffic(page)
    visit(page, portal.page(head=portal.tag))
    expect(question(page)).to_be_visible()
    assert page.locator("dvauth-prompt").count() == 1
    assert traffic.lines.count("GET session") == 1
    page.keyboard.press("Enter")
    expect(dialog(page)).to_have_count(0)
    assert len(traffic.keep_alives) == 1


def test_a_frame_with_the_tag_leaves_the_prompt_to_the_page_around_it(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("busy")
    portal.page("/frame", "<textarea></textarea>")
    visit(page, portal.page("/around", "<h1>Tin tức</h1><iframe src=/frame width=600 height=400></iframe>"))
    frame = page.frame_locator("iframe")
    for _ in range(9):  # seconds; the prompt would come after 7
        frame.locator("textarea").press("a")
        page.wait_for_timeout(1000)
        assert dialog(page).count() == 0
    expect(question(page)).to_be_visible(timeout=10_000)
    assert frame.locator("dvauth-prompt").count() == 0
    expect(question(page).get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog(page)).to_have_count(0)


@pytest.mark.firefox_too
@pytest.mark.proves("P47", "CK4")
def test_across_sites_it_says_once_what_to_do_and_nothing_else(
    page: Page, elsewhere: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("brisk")
    said: list[str] = []
    page.on("console", lambda message: message.type == "error" and said.append(message.text))
    traffic = Traffic(page)
    assert visit(page, elsewhere.page())["reason"] == "cross-site"
    page.keyboard.press("a")
    page.wait_for_timeout(4000)
    assert page.locator("dvauth-prompt").count() == 0
    assert traffic.lines == ["GET session"]
    (told,) = [text for text in said if "dvauth" in text]  # the browser itself may miss an icon
    assert re.search("this page's site.*/dvauth/", told)


@pytest.mark.firefox_too
@pytest.mark.proves("XO6")
def test_messages_of_a_foreign_frame_change_nothing(
    page: Page, portal: Portal, stranger: Portal, service: Service, log_in: Callable[[str], Visitor]
) -> None:
    """It listens to no `message` event, and the channel of its tabs is closed to other origins."""
    log_in("calm")
    around = f"<h1>Tin tức</h1><iframe src={stranger.page(tag='')}></iframe>"
    counts = "<script>heard = []; addEventListener('message', ({ data }) => heard.push(data))</script>"
    told = visit(page, portal.page(body=around, head=counts))
    traffic = Traffic(page)
    forged = [
        told | {"state": "ended", "reason": "revoked"},
        told | {"account": "another", "seq": told["seq"] + 1},
        told | {"expires_in_seconds": 0, "seq": "2", "more": {}},
        {"state": "anonymous"},
        "ended",
        None,
    ]
    page.frames[1].evaluate(
        """([name, messages]) => {
            for (const message of messages) {
                parent.postMessage(message, "*");
                new BroadcastChannel(name).postMessage(message);
            }
        }""",
        [f"{service.url}/", forged],
    )
    page.wait_for_function("count => heard.length === count", arg=len(forged))
    assert page.evaluate("dvauth.status().state") == "active"
    assert dialog(page).count() == 0
    assert traffic.lines == []
