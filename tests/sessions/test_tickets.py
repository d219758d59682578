"""Tickets: one use, thirty seconds, for one portal and one browser."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from dvauth.sessions.cookie import Credential
from dvauth.sessions.record import SessionRef
from dvauth.sessions.tickets import Ticket, TicketOffice, challenge

TICKET = Ticket(
    credential=Credential(SessionRef("7f", "p7QxAbCdEfGhIjKl"), b"\x00\xff" * 16),
    portal_id=1,
    challenge=challenge("the browser's nonce"),
    return_to="http://portal.example/bài-viết?số=1",
)


@pytest.fixture
def office(desk: Any) -> TicketOffice:
    return TicketOffice(desk.connection)


def test_ticket_is_good_once(desk: Any, office: TicketOffice) -> None:
    code = office.issue(TICKET)
    assert office.redeem(code, desk.news, "the browser's nonce") == TICKET
    assert office.redeem(code, desk.news, "the browser's nonce") is None


def test_several_tickets_may_be_on_their_way(desk: Any, office: TicketOffice) -> None:
    other = replace(TICKET, portal_id=2)
    codes = [office.issue(TICKET), office.issue(other)]
    assert office.redeem(codes[0], desk.news, "the browser's nonce") == TICKET
    assert office.redeem(codes[1], desk.bank, "the browser's nonce") == other


def test_ticket_is_good_for_thirty_seconds(desk: Any, office: TicketOffice) -> None:
    office.issue(TICKET)
    redis = desk.connection.client
    (key,) = redis.scan_iter()
    assert 29_000 < redis.pttl(key) <= 30_000


@pytest.mark.proves("AT15")
def test_somebody_elses_ticket_is_used_up_but_opens_nothing(desk: Any, office: TicketOffice) -> None:
    for portal, nonce in ((desk.bank, "the browser's nonce"), (desk.news, "another nonce"), (desk.news, "")):
        code = office.issue(TICKET)
        assert office.redeem(code, portal, nonce) is None
        assert office.redeem(code, desk.news, "the browser's nonce") is None
        assert desk.connection.client.dbsize() == 0


def test_codes_are_random_and_redis_holds_only_their_digests(desk: Any, office: TicketOffice) -> None:
    codes = {office.issue(TICKET) for _ in range(100)}
    assert len(codes) == 100
    assert {len(code) for code in codes} == {43}
    held = repr([(key, desk.connection.client.get(key)) for key in desk.connection.client.scan_iter()])
    assert not any(code in held for code in codes)
    assert "the browser's nonce" not in held


@pytest.mark.parametrize("code", ["", "x", "*", "Phiên", "\x00", "a" * 8192])
def test_unknown_codes_are_refused(desk: Any, office: TicketOffice, code: str) -> None:
    assert office.redeem(code, desk.news, "the browser's nonce") is None


def test_of_parallel_redemptions_one_wins(desk: Any, office: TicketOffice) -> None:
    with ThreadPoolExecutor(8) as browsers:
        for number in range(50):
            ticket = replace(TICKET, return_to=str(number))
            code = office.issue(ticket)
            tries = [browsers.submit(office.redeem, code, desk.news, "the browser's nonce") for _ in range(8)]
            assert [found for redeemed in tries if (found := redeemed.result())] == [ticket]
