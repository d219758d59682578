"""The dialog itself: its words, its manners with keyboard and screen reader, its look."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import Portal, Visitor
from tests.browser.watching import (
    BY_TIME_LIMIT,
    EN,
    LIMIT,
    VI,
    Traffic,
    accessible,
    colours,
    contrast,
    dialog,
    left,
    names_told,
    question,
    reason,
    sentence,
    title,
    visit,
)

MARKUP = """
<h1>Tin tức</h1>
<a href="/" tabindex="3">Trang chủ</a>
<div contenteditable>Đang soạn</div>
<details open><summary>Mục lục</summary><button>Mục một</button></details>
<iframe srcdoc="<button>Quảng cáo</button>"></iframe>
<video controls tabindex="0"></video>
"""


@pytest.fixture
def prompted(page: Page, portal: Portal, log_in: Callable[[str], Visitor]) -> Page:
    log_in("warned")
    visit(page, portal.page(body=MARKUP))
    expect(question(page)).to_be_visible()
    return page


@pytest.mark.firefox_too
@pytest.mark.proves("P42", "CO3")
@pytest.mark.parametrize(("lang", "words"), [("vi", VI), ("en", EN)])
def test_the_sentence_of_the_regulation_counts_down_from_sixty(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor], lang: str, words: str
) -> None:
    log_in("warned")
    visit(page, portal.page(lang=lang))
    expect(question(page)).to_be_visible()
    assert sentence(page) == words.format(60)
    expect(question(page).locator("b")).to_have_text("58")
    assert sentence(page) == words.format(58)
    button = question(page).get_by_role("button")
    assert button.evaluate("element => element.tagName") == "BUTTON"
    assert (button.text_content() or "") in words
    button.click()
    expect(dialog(page)).to_have_count(0)


@pytest.mark.proves("P23", "AX3")
def test_it_is_an_alert_dialog_with_name_and_description(prompted: Page) -> None:
    (found,) = [node for node in accessible(prompted) if node["role"]["value"] == "alertdialog"]
    assert found["name"]["value"] == "Sắp hết thời gian chờ"
    description = " ".join(found["description"]["value"].split()).replace(" .", ".")
    description = re.sub(r"\d+ giây", "60 giây", description)
    assert description == VI.format(60)
    for label in ("#title", "#text"):
        expect(dialog(prompted).locator(label)).to_be_visible()
    assert dialog(prompted).evaluate("element => element.matches(':modal')")
    assert Axe().run(prompted, context="dvauth-prompt").response["violations"] == []


@pytest.mark.proves("P24", "AX3")
def test_nothing_behind_it_can_be_reached(prompted: Page) -> None:
    for _ in range(12):
        prompted.keyboard.press("Tab")
        assert prompted.evaluate(
            "[document.body, document.querySelector('dvauth-prompt')].includes(document.activeElement)"
        )
    assert not names_told(prompted) & {"Tin tức", "Trang chủ", "Mục lục", "Mục một", "Quảng cáo", "Đang soạn"}


@pytest.mark.proves("P22")
def test_escape_three_times_extends_once_and_closes_only_then(prompted: Page) -> None:
    held: list[Route] = []

    def held_back(route: Route) -> None:
        held.append(route)

    prompted.route("**/session/keep-alive", held_back)
    traffic = Traffic(prompted)
    for _ in range(3):
        prompted.keyboard.press("Escape")
        time.sleep(0.1)
    expect(question(prompted)).to_be_visible()
    assert [sent["cause"] for sent in traffic.keep_alives] == ["prompt"]
    held[0].continue_()
    expect(dialog(prompted)).to_have_count(0)


@pytest.mark.proves("AX1")
def test_ten_extensions_in_a_row(page: Page, portal: Portal, log_in: Callable[[str], Visitor]) -> None:
    log_in("warned")
    visit(page, portal.page())
    for _ in range(10):
        expect(question(page)).to_be_visible()
        page.keyboard.press("Enter")
        expect(dialog(page)).to_have_count(0)


EDITOR = """
<input value="Lễ hội mùa thu"><div id=shadow></div>
<script>
    document.querySelector("#shadow").attachShadow({ mode: "open" }).append(document.createElement("textarea"));
</script>
"""
FIELDS = {
    "input": "document.querySelector('input')",
    "shadow root": "document.querySelector('#shadow').shadowRoot.querySelector('textarea')",
}


@pytest.mark.firefox_too
@pytest.mark.proves("P25", "AX4")
@pytest.mark.parametrize("where", FIELDS)
@pytest.mark.parametrize("by", ["keyboard", "mouse"])
def test_focus_and_selection_come_back(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor], where: str, by: str
) -> None:
    log_in("warned")
    visit(page, portal.page(body=EDITOR))
    page.evaluate(f"""() => {{
        const field = {FIELDS[where]};
        field.value = "Lễ hội mùa thu";
        field.focus();
        field.setSelectionRange(3, 6);
    }}""")
    expect(question(page)).to_be_visible()
    expect(question(page).get_by_role("button")).to_be_focused()
    if by == "keyboard":
        page.keyboard.press("Enter")
    else:
        question(page).locator("h2").click()
        question(page).get_by_role("button").click()
    expect(dialog(page)).to_have_count(0)
    active = (
        "(root => root.activeElement?.shadowRoot ? root.activeElement.shadowRoot.activeElement : root.activeElement)"
    )
    assert page.evaluate(f"{active}(document) === {FIELDS[where]}")
    assert page.evaluate(f"[{FIELDS[where]}.selectionStart, {FIELDS[where]}.selectionEnd]") == [3, 6]


@pytest.mark.firefox_too
@pytest.mark.proves("P33")
def test_the_title_of_the_tab_marks_the_prompt(prompted: Page) -> None:
    assert prompted.title() == "(!) Cổng thông tin"
    prompted.keyboard.press("Enter")
    expect(prompted).to_have_title("Cổng thông tin")


@pytest.fixture
def spoken(context: BrowserContext) -> Callable[[Page], list[str]]:
    """What live regions were given to say."""
    context.add_init_script("""
        const attach = Element.prototype.attachShadow;
        Element.prototype.attachShadow = function (options) {
            const root = attach.call(this, options);
            const note = (records) => {
                for (const { target } of records) {
                    const live = target.closest?.("[role=status], [role=alert]");
                    if (live?.textContent) (window.spoken ??= []).push(live.textContent);
                }
            };
            new MutationObserver(note).observe(root, { subtree: true, childList: true });
            return root;
        };
    """)
    return lambda page: list(page.evaluate("window.spoken ?? []"))


@pytest.mark.proves("P26", "AX5")
def test_a_screen_reader_hears_of_it_at_thirty_fifteen_and_five_seconds(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor], spoken: Callable[[Page], list[str]]
) -> None:
    log_in("soon")
    visit(page, portal.page())
    expect(question(page)).to_be_visible()
    assert left(page) > 30
    expect(question(page).get_by_role("timer")).to_have_text(str(left(page)))
    expect(question(page).locator("b")).to_have_text("4", timeout=35_000)
    assert spoken(page) == [f"Thời gian chờ: {seconds} giây" for seconds in (30, 15, 5)]


@pytest.mark.proves("P35", "TO8")
def test_the_absolute_end_is_announced_without_a_button_to_stay(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor], spoken: Callable[[Page], list[str]]
) -> None:
    log_in("limited")
    visit(page, portal.page(body="<textarea></textarea>"))
    traffic = Traffic(page)
    page.locator("textarea").press_sequentially("ab", delay=1200)
    expect(title(page)).to_have_text(LIMIT)
    expect(dialog(page)).to_contain_text("đăng nhập lại")
    expect(dialog(page)).not_to_contain_text("duy trì")
    traffic.forget()
    dialog(page).get_by_role("button", name="Quay lại trang").click()
    expect(dialog(page)).to_have_count(0)
    assert spoken(page) == []
    page.locator("textarea").press_sequentially("c")
    expect(reason(page)).to_contain_text(BY_TIME_LIMIT)
    assert traffic.keep_alives == []


@pytest.mark.proves("P39", "AX11", "AX12")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_narrow_screen_with_large_targets_and_contrast(prompted: Page, scheme: Any) -> None:
    prompted.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    prompted.set_viewport_size({"width": 320, "height": 256})
    box = dialog(prompted).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
    assert dialog(prompted).evaluate("element => element.scrollWidth <= element.clientWidth")
    button = question(prompted).get_by_role("button")
    button.scroll_into_view_if_needed()
    expect(button).to_be_in_viewport(ratio=1)
    prompted.set_viewport_size({"width": 800, "height": 600})  # its words on one line
    target = button.bounding_box()
    assert target is not None
    assert min(target["width"], target["height"]) >= 44
    assert contrast(*colours(prompted, "button")) >= 4.5
    assert contrast(*colours(prompted, "h2", "dialog")) >= 4.5
    assert contrast(colours(prompted, "button")[1], colours(prompted, "h2", "dialog")[1]) >= 3
