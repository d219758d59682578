"""Administrators make a token for a program: in a real browser, by the keyboard, on a phone and on a desk."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dvauth.parts import connected
from dvauth.sessions.record import Principal
from tests.browser.conftest import hand_over
from tests.browser.test_admin_accounts import assert_good


@pytest.fixture
def administrator(service: Any, context: BrowserContext) -> None:
    with connected(service.settings) as parts:
        found = parts.accounts.find("quan") or parts.accounts.add("quan", roles=["admin"])
        session = parts.keeper.open(Principal(account_id=found.id, roles=found.roles))
    hand_over(session.cookie, context, service)


@pytest.mark.proves("AX11", "AX12")
@pytest.mark.parametrize(("language", "scheme"), [("vi", "light"), ("en", "dark")])
def test_a_token_is_made_copied_and_revoked(
    service: Any, administrator: None, page: Page, language: str, scheme: Any
) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: said.type in {"error", "warning"} and complaints.append(said.text))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=service.url)
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{service.url}/admin/tokens?lang={language}")
    assert_good(page)
    page.locator("#name").press("Enter")
    expect(page.locator("[aria-invalid]")).to_have_count(1)
    assert_good(page)
    page.locator("#name").fill(f"danh bạ {language}")
    page.locator("#name").press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#scopes-0")).to_be_checked()
    page.locator("main form button.btn-primary").click()
    token = page.locator("#token").input_value()
    assert token.startswith("dvauth_")
    page.locator("[data-copy=token]").click()
    assert page.evaluate("navigator.clipboard.readText()") == token
    assert_good(page)
    page.goto(f"{service.url}/admin/tokens")
    assert_good(page)
    page.goto(f"{service.url}/admin/tokens/{token.split('_')[1]}/revoke")
    assert_good(page)
    page.locator("main button.btn-danger").click()
    expect(page.locator(".notice-done")).to_be_visible()
    assert [text for text in complaints if "status of 4" not in text] == []
