"""Administrators at work with accounts: in a real browser, by its rules, on a phone and on a desk."""

import csv
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from dvauth.accounts.account import Account, Draft
from dvauth.parts import connected
from dvauth.sessions.record import Principal
from tests.browser.conftest import hand_over

ALL = "/admin/accounts"
PEOPLE = "username,display_name,roles\n{0}a,Đỗ Thị Hà,reader editor\n{0}b,Trần Văn Dũng,\n"
TARGETS = """() => [...document.querySelectorAll('button, input, select, .people a, .btn')]
    .map(element => element.type === 'checkbox' ? element.closest('.form-check') : element)
    .map(element => ({name: element.id || element.textContent.trim(), box: element.getBoundingClientRect()}))
    .filter(({box}) => box.width > 0 && box.height < 44).map(({name}) => name)"""


@pytest.fixture
def fresh() -> str:
    """The beginning of usernames that no other test has."""
    return f"p{secrets.token_hex(4)}"


@pytest.fixture
def administrator(service: Any, context: BrowserContext, fresh: str) -> Account:
    with connected(service.settings) as parts:
        added = parts.accounts.add(f"{fresh}-admin", display_name="Nguyễn Văn Quản", roles=["admin"])
        session = parts.keeper.open(Principal(account_id=added.id, roles=added.roles))
        parts.setup_links.invite([Draft(f"{fresh}-lan", "Trần Thị Lan", ("editor", "reader")), Draft(f"{fresh}-0")])
    hand_over(session.cookie, context, service)
    return added


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser's console complains of, such as violations of the Content Security Policy: nothing."""
    found: list[str] = []
    page.on("console", lambda said: said.type in {"error", "warning"} and found.append(said.text))
    yield found
    assert [text for text in found if "status of 4" not in text] == []


def assert_good(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (page.url, width)
        assert page.evaluate(TARGETS) == [], (page.url, width)


@pytest.mark.proves("AX11", "AX12")
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_for_everybody(
    service: Any, administrator: Account, page: Page, complaints: list[str], scheme: Any, language: str
) -> None:
    page.emulate_media(color_scheme=scheme)
    for path in ("", "/new", "/import", f"/{administrator.id}", "?text=nobody+at+all"):
        separator = "&" if "?" in path else "?"
        page.goto(f"{service.url}{ALL}{path}{separator}lang={language}")
        assert_good(page)
    page.goto(f"{service.url}{ALL}/new")
    page.locator("main button").last.click()
    expect(page.locator("[aria-invalid]")).to_have_count(1)
    assert_good(page)


def test_an_account_is_added_and_its_link_copied(
    service: Any, administrator: Account, context: BrowserContext, page: Page, fresh: str, complaints: list[str]
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=service.url)
    page.goto(f"{service.url}{ALL}")
    page.get_by_role("link", name="Thêm tài khoản").click()
    page.get_by_label("Tên đăng nhập").fill(f"{fresh}-hà")
    page.get_by_label("Tên hiển thị").fill("Đỗ Thị Hà")
    page.get_by_label("biên tập viên").check()
    page.get_by_role("button", name="Thêm", exact=True).click()
    link = page.get_by_label("Liên kết dùng một lần").input_value()
    assert link.startswith(f"{service.url}/setup/")
    page.get_by_role("button", name="Sao chép").click()
    expect(page.get_by_role("button", name="Đã sao chép")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == link
    assert_good(page)
    page.goto(f"{service.url}{ALL}")
    page.get_by_label("Tên hoặc tên đăng nhập").fill(f"{fresh} do ha")
    page.get_by_role("button", name="Tìm").click()
    page.get_by_role("link", name="Đỗ Thị Hà").click()
    expect(page.get_by_label("biên tập viên")).to_be_checked()


def test_many_are_added_by_a_file_and_their_links_saved(
    service: Any, administrator: Account, page: Page, fresh: str, tmp_path: Path, complaints: list[str]
) -> None:
    wrong, right = tmp_path / "wrong.csv", tmp_path / "right.csv"
    right.write_text(PEOPLE.format(fresh), "utf-8")
    wrong.write_text(PEOPLE.format(fresh) + f"{fresh}a,,boss\n", "utf-8")
    page.goto(f"{service.url}{ALL}/import")
    page.get_by_label("Tệp").set_input_files(wrong)
    page.get_by_role("button", name="Xem").click()
    expect(page.locator(".notice-error li")).to_have_count(2)
    assert_good(page)
    page.get_by_label("Tệp").set_input_files(right)
    page.get_by_role("button", name="Xem").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    assert_good(page)
    page.get_by_role("button", name="Thêm 2 tài khoản").click()
    assert_good(page)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="Tất cả tài khoản").click()
    expect(page.get_by_role("heading", name="Đã thêm các tài khoản")).to_be_visible()
    assert asked == ["beforeunload"]
    with page.expect_download() as saved:
        page.get_by_role("link", name="Lưu các liên kết thành CSV").click()
    rows = list(csv.reader(Path(saved.value.path()).read_text("utf-8-sig").splitlines()))
    assert [row[:2] for row in rows[1:]] == [[f"{fresh}a", "Đỗ Thị Hà"], [f"{fresh}b", "Trần Văn Dũng"]]
    page.get_by_role("link", name="Tất cả tài khoản").click()
    expect(page.get_by_role("heading", name="Tài khoản", exact=True)).to_be_visible()
    assert asked == ["beforeunload"]
    with page.expect_download() as saved:
        page.get_by_role("link", name="Tải tất cả về dạng CSV").click()
    assert f"{fresh}b" in Path(saved.value.path()).read_text("utf-8-sig")
