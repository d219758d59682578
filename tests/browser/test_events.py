"""What the page's own code is told, and what it may do: a dialog of its own, a draft saved, signs of life."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from dvauth.timeouts.judge import Reason
from tests.browser.conftest import Portal, Service, Visitor
from tests.browser.watching import BY_ADMINISTRATOR, MOVABLE_CLOCKS, Traffic, cover, dialog, question, reason, visit

NOTES = """<script>
    window.told = [];
    for (const name of ["warning", "extended", "error", "ended", "resumed"])
        addEventListener(`dvauth:${name}`, ({ type, detail }) => told.push(`${type} ${detail.state} ${detail.reason}`));
</script>"""


@pytest.mark.firefox_too
@pytest.mark.proves("P48")
def test_the_page_hears_of_warning_trouble_and_extension(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("warned")
    visit(page, portal.page(head=NOTES))
    expect(question(page)).to_be_visible()
    page.route("**/session/keep-alive", lambda route: route.abort())
    page.keyboard.press("Enter")
    page.wait_for_function("told.length === 2")
    page.unroute("**/session/keep-alive")
    expect(dialog(page)).to_have_count(0)
    told = page.evaluate("told")
    assert [line.split()[0] for line in told] == ["dvauth:warning", "dvauth:error", "dvauth:extended"]
    assert page.evaluate("dvauth.status().state") == "active"
    assert 0 < page.evaluate("dvauth.status().seconds") <= 62


@pytest.mark.proves("P48")
def test_the_page_may_show_a_dialog_of_its_own_and_answer_by_activity(
    page: Page, portal: Portal, log_in: Callable[[str], Visitor]
) -> None:
    log_in("brisk")
    own = "<script>addEventListener('dvauth:warning', (event) => { event.preventDefault(); warned = true })</script>"
    visit(page, portal.page(head=own))
    page.wait_for_function("window.warned")
    assert dialog(page).count() == 0
    assert page.title() == "Cổng thông tin"
    traffic = Traffic(page)
    page.keyboard.press("Enter")  # nothing of ours asks, so nothing of ours answers
    page.mouse.move(50, 60)
    assert page.evaluate("dvauth.status().state") == "warning"
    page.evaluate("dvauth.activity()")
    page.wait_for_function("dvauth.status().state === 'active'")
    assert [sent["cause"] for sent in traffic.keep_alives] == ["prompt"]
    expect(cover(page)).to_be_visible(timeout=10_000)


@pytest.mark.proves("P48")
def test_a_player_keeps_its_page_alive(page: Page, portal: Portal, log_in: Callable[[str], Visitor]) -> None:
    log_in("brisk")
    visit(page, portal.page(head="<script>setInterval(() => window.dvauth?.activity(), 300)</script>"))
    page.wait_for_timeout(4500)
    assert dialog(page).count() == 0


SAVES = """<script>
    addEventListener("dvauth:ended", (event) => event.waitUntil(new Promise((resolve) => setTimeout(() => {
        localStorage.draft = document.querySelector("textarea")?.value ?? "lost";
        resolve();
    }, %d))));
</script>"""


@pytest.mark.proves("P48")
@pytest.mark.parametrize(("takes_ms", "kept"), [(700, "Lễ hội mùa thu"), (4000, "lost")])
def test_the_end_waits_two_seconds_for_a_draft(
    page: Page, portal: Portal, service: Service, log_in: Callable[[str], Visitor], takes_ms: int, kept: str
) -> None:
    page.add_init_script(MOVABLE_CLOCKS)
    someone = log_in("calm")
    visit(page, portal.page(head=SAVES % takes_ms, body="<textarea>Lễ hội mùa thu</textarea>"))
    service.end(someone.account_id, Reason.REVOKED)  # after which nothing of the page is kept
    page.evaluate("skipWall(3000)")
    expect(reason(page)).to_have_text(f"{BY_ADMINISTRATOR} ", timeout=8000)
    expect(page.locator("textarea")).to_be_hidden()
    page.wait_for_function("localStorage.draft")
    assert page.evaluate("localStorage.draft") == kept
    expect(page.locator("body")).to_have_count(0)


@pytest.mark.firefox_too
@pytest.mark.proves("P48")
def test_the_page_hears_that_the_same_person_is_back(
    page: Page, portal: Portal, service: Service, people: dict[str, str], log_in_by_hand: Callable[[str], None]
) -> None:
    page.add_init_script(MOVABLE_CLOCKS)
    log_in_by_hand("mai")
    visit(page, portal.page(head=NOTES))
    service.end(people["mai"], Reason.EVICTED)
    page.evaluate("skipWall(3000)")
    expect(cover(page)).to_be_visible(timeout=8000)
    other = page.context.new_page()
    other.goto(f"{service.url}/login")
    other.get_by_label("Tên đăng nhập").fill("mai")
    other.get_by_label("Mật khẩu", exact=True).fill("một câu mật khẩu đủ dài")
    other.keyboard.press("Enter")
    other.wait_for_url(f"{service.url}/account/")
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(dialog(page)).to_have_count(0)
    assert page.evaluate("told") == ["dvauth:ended ended evicted", "dvauth:resumed active "]
