"""The handshake: a portal's own host gets a cookie of its own, in the right browser and nowhere else."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest


def _ticket_url(browser: Any, page: str) -> str:
    """The address that carries the ticket, taken out of the browser before it gets there."""
    begun = browser.on_desk(f"/enter?return_to={page}")
    issued = browser.get(begun.headers["Location"].removeprefix("https://auth.example.vn"))
    return str(issued.headers["Location"].removeprefix("https://desk.example.vn/dvauth"))


def test_silent_where_the_person_is_logged_in_at_the_centre(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    arrived = browser.enter(f"{site.desk}/editor")
    assert arrived.headers["Location"] == f"{site.desk}/editor"
    assert browser.verify().status_code == 200


def test_asks_to_log_in_where_nobody_is(site: Any, browser: Any) -> None:
    begun = browser.on_desk(f"/enter?return_to={site.desk}/editor")
    at_centre = browser.get(begun.headers["Location"].removeprefix(site.centre))
    assert at_centre.status_code == 303
    assert urlsplit(at_centre.headers["Location"]).path == "/login"
    assert parse_qs(urlsplit(at_centre.headers["Location"]).query) == {"return_to": [f"{site.desk}/editor"]}


@pytest.mark.proves("AT15", "CO27")
def test_ticket_works_once_and_in_the_browser_that_began_alone(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    ticket_url = _ticket_url(browser, f"{site.desk}/editor")
    victim = site.browser()
    assert victim.on_desk(ticket_url).status_code == 403
    assert victim.verify().status_code == 401

    ticket_url = _ticket_url(browser, f"{site.desk}/editor")
    other_flow = site.browser()
    other_flow.on_desk(f"/enter?return_to={site.desk}/")
    assert other_flow.on_desk(ticket_url).status_code == 403

    ticket_url = _ticket_url(browser, f"{site.desk}/editor")
    assert browser.on_desk(ticket_url).status_code == 303
    assert browser.on_desk(ticket_url).status_code == 403


def test_two_tabs_may_enter_at_once(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    first, second = (_ticket_url(browser, f"{site.desk}/{page}") for page in ("a", "b"))
    assert browser.on_desk(first).headers["Location"] == f"{site.desk}/a"
    assert browser.on_desk(second).headers["Location"] == f"{site.desk}/b"


def test_ticket_is_neither_referred_nor_stored(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    begun = browser.on_desk(f"/enter?return_to={site.desk}/editor")
    issued = browser.get(begun.headers["Location"].removeprefix(site.centre))
    redeemed = browser.on_desk(issued.headers["Location"].removeprefix(f"{site.desk}/dvauth"))
    for answer in (issued, redeemed):
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"


def test_ticket_of_a_session_that_ended_meanwhile_opens_nothing(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    ticket_url = _ticket_url(browser, f"{site.desk}/editor")
    site.parts.accounts.disable(site.people["bob"].id)
    assert browser.on_desk(ticket_url).status_code == 403
    assert browser.verify().status_code == 401


@pytest.mark.proves("XO9", "AT11")
@pytest.mark.parametrize(
    "page", ["https://evil.test/", "//evil.test", "https://news.example.vn/", "javascript:alert(1)"]
)
def test_leads_only_to_the_portal_itself(site: Any, browser: Any, page: str) -> None:
    browser.log_in("bob")
    assert browser.enter(page).headers["Location"] == f"{site.desk}/"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?return_to=https://evil.test/&challenge=" + "0" * 64 + "&flow=abcdefgh",
        "?return_to=https://news.example.vn/&challenge=" + "0" * 64 + "&flow=abcdefgh",  # has no /dvauth/ of its own
        "?return_to=https://desk.example.vn/&challenge=x&flow=abcdefgh",
        "?return_to=https://desk.example.vn/&challenge=" + "0" * 64 + "&flow=../../..",
    ],
)
def test_centre_refuses_questions_that_no_portal_asked(site: Any, browser: Any, query: str) -> None:
    browser.log_in("bob")
    assert browser.get(f"/enter{query}").status_code == 400


@pytest.mark.parametrize(
    ("query", "status"),
    [("?ticket=x", 403), ("?ticket=x&flow=abcdefgh", 403), ("?ticket=&flow=", 403), ("?ticket=x&flow=%00", 400)],
)
def test_invented_tickets_are_refused(site: Any, browser: Any, query: str, status: int) -> None:
    assert browser.on_desk(f"/enter{query}").status_code == status


def test_ticket_is_used_up_even_where_it_is_refused(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    ticket_url = _ticket_url(browser, f"{site.desk}/editor")
    refused = site.browser().on_desk(ticket_url)
    assert refused.status_code == 403
    assert refused.headers["Referrer-Policy"] == "no-referrer"
    assert browser.on_desk(ticket_url).status_code == 403


@pytest.mark.proves("AT5")
def test_ticket_from_before_a_password_change_opens_nothing(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    ticket_url = _ticket_url(browser, f"{site.desk}/editor")
    changed = browser.post("/account/password", {"current": site.password, "new": "một câu mật khẩu khác hẳn"})
    assert changed.status_code == 303
    assert browser.on_desk(ticket_url).status_code == 403
    assert browser.verify().status_code == 401


@pytest.mark.parametrize("destination", ["iframe", "image", "script", "empty"])
def test_nothing_but_a_page_takes_part(site: Any, browser: Any, destination: str) -> None:
    browser.log_in("bob")
    embedded = {"Sec-Fetch-Dest": destination}
    begun = browser.on_desk(f"/enter?return_to={site.desk}/editor", headers=embedded)
    assert begun.status_code == 403
    assert "Set-Cookie" not in begun.headers
    query = f"?return_to={site.desk}/&challenge={'0' * 64}&flow=abcdefgh"
    assert browser.get(f"/enter{query}", headers=embedded).status_code == 403


@pytest.mark.proves("SM3")
def test_portals_cookie_that_was_stolen_opens_nothing_after_the_next_login(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    browser.enter(f"{site.desk}/editor")
    thief = site.script()
    stolen = {"Cookie": f"__Host-dvauth={browser.client.get_cookie('__Host-dvauth', domain='desk.example.vn').value}"}
    assert thief.verify(**stolen).status_code == 200
    again = browser.post("/login", {"username": "bob", "password": site.password}, page="/account/")
    assert again.status_code == 303
    assert thief.verify(**stolen).status_code == 401
    assert browser.enter(f"{site.desk}/editor").headers["Location"] == f"{site.desk}/editor"
    assert browser.verify().status_code == 200
