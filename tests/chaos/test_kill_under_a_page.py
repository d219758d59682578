"""Parts of the service are killed while people write in a browser: nothing untrue is told, and no text is lost."""

import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from dvauth.parts import connected
from tests.browser.conftest import demo_portal, hand_over
from tests.browser.watching import BY_ADMINISTRATOR, WARNING, dialog, reason, visit, wait_for_title
from tests.chaos.conftest import RunningService
from tests.chaos.test_kill import kill

IDLE, WARN = 8.0, 4.0  # seconds
TEXT = "Lễ hội mùa thu"

NOTE_TITLES = """
window.titles = [];
(function look() {
    const open = document.querySelector("dvauth-prompt")?.shadowRoot.querySelector("dialog[open] h2");
    if (open && titles.at(-1) !== open.textContent) titles.push(open.textContent);
    if (open) window.warnedAt ??= performance.now();
    requestAnimationFrame(look);
})();
"""

SLOWEST_ANSWER = """
const asked = performance.getEntriesByType("resource").filter((one) => /session/.test(one.name));
Math.max(0, ...asked.map((one) => one.duration))
"""


@pytest.fixture(scope="session")
def desk(the_service: RunningService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    timeouts = {"idle_timeout": timedelta(seconds=IDLE), "warn_before": timedelta(seconds=WARN)}
    with connected(the_service.settings) as parts:
        parts.policy_book.change_override("role", "editor", **timeouts)
    with demo_portal(the_service, tmp_path_factory.mktemp("desk")) as origin:
        yield origin


class Writer(NamedTuple):
    """Somebody with a new article open, in a browser of their own; the session ends at ``expires_at`` (monotonic)."""

    page: Page
    expires_at: float


@pytest.fixture
def writer(browser: Browser, service: RunningService, desk: str) -> Iterator[Callable[[str], Writer]]:
    contexts, errors = [], []

    def act(name: str) -> Writer:
        context = browser.new_context(locale="vi-VN")
        contexts.append(context)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        context.add_init_script(NOTE_TITLES)
        hand_over(service.log_in(name, "editor"), context, service)
        page = context.new_page()
        page.goto(f"{desk}/dvauth/enter?return_to={desk}/")
        answer = visit(page, f"{desk}/editor/new")
        return Writer(page, time.monotonic() + answer["expires_in_seconds"])

    yield act
    for context in contexts:
        context.close()
    assert errors == []


def worker(service: RunningService) -> None:
    kill(service.workers()[0])


def server(service: RunningService) -> None:
    kill(*service.children("gunicorn"))


def reaper(service: RunningService) -> None:
    kill(*service.children("reaper"))


def redis(service: RunningService) -> None:
    kill(*service.children("redis-server"))


def anybody(service: RunningService) -> None:
    for _ in range(3):
        kill(random.choice(service.everybody()))
        time.sleep(0.3)


def supervisor(service: RunningService) -> None:
    kill(service.supervisor.pid)
    service.supervisor.wait()
    service.start()


def everybody(service: RunningService) -> None:
    service.kill_group()
    service.start()


@pytest.mark.flaky(reruns=1)  # it measures tenths of a second
@pytest.mark.parametrize("kill_what", [worker, server, reaper, redis, anybody, supervisor, everybody])
def test_people_who_write_are_told_the_truth_and_keep_their_text(
    service: RunningService, desk: str, writer: Callable[[str], Writer], kill_what: Callable[[RunningService], None]
) -> None:
    minh, lan = writer("minh").page, writer("lan")
    text = lan.page.get_by_label("Nội dung")
    text.press_sequentially(TEXT)
    typed_at = time.monotonic()
    service.end_sessions("minh")
    kill_what(service)

    wait_for_title(lan.page, WARNING)
    warned_at = time.monotonic() - lan.page.evaluate("performance.now() - warnedAt") / 1000
    # A question may wait while the service starts, and its answer counts from when it was asked: early, never late.
    early = lan.page.evaluate(SLOWEST_ANSWER) / 1000
    assert lan.expires_at - WARN - early - 0.4 < warned_at < typed_at + IDLE - WARN + 0.4
    with lan.page.expect_response(lambda answer: answer.url.endswith("/keep-alive") and answer.ok):
        lan.page.keyboard.press("Enter")
    expect(dialog(lan.page)).to_have_count(0)
    assert lan.page.evaluate("titles") == [WARNING]
    expect(text).to_have_value(TEXT)

    expect(reason(minh)).to_have_text(BY_ADMINISTRATOR)
    assert minh.locator("textarea").count() == 0
    minh.goto(f"{desk}/editor/new")
    expect(minh.get_by_label("Mật khẩu", exact=True)).to_be_visible()
    lan.page.get_by_label("Tiêu đề").fill(TEXT)
    lan.page.get_by_label("Tóm tắt").fill(TEXT)
    lan.page.get_by_role("button", name="Lưu bài viết").click()
    expect(lan.page.get_by_role("status")).to_contain_text(TEXT)
