"""The index of sessions, on both databases."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from dvauth.administration.end_orders import EndOrder, EndOrders
from dvauth.administration.session_index import MOST_COUNTED, Position, Search, SessionIndex
from dvauth.sessions.record import SessionEvent, SessionRef
from dvauth.storage.sql import Database

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def event(number: int, name: str = "session_created", **details: str) -> SessionEvent:
    at = NOON + timedelta(milliseconds=number // 2)  # two of each moment
    return SessionEvent(
        event=name, ref=SessionRef("a1", f"session{number:03d}"), account_id="alice", at=at, details=details
    )


def test_pages_are_in_order_and_miss_nobody(any_database: Database) -> None:
    index = SessionIndex(any_database)
    index.keep(event(number, portal="news") for number in range(25))
    for search in (None, Search("account_id", ["alice"]), Search("portal", ["desk", "news"])):
        seen: list[Position] = []
        while page := index.find(search, seen[-1] if seen else None, 4):
            seen += [found.position for found in page]
        assert len(seen) == 25
        assert all(older < younger for younger, older in pairwise(seen))
        assert [Position.from_text(place.to_text()) for place in seen] == seen


@pytest.mark.parametrize("text", ["", "soon", "12", "²-x", "99999999999999999-x", "12-\0"])
def test_place_that_makes_no_sense_is_none(text: str) -> None:
    place = Position.from_text(text)
    assert place is None or place.session_id == ""


def test_what_has_ended_is_out_and_what_ended_at_a_portal_is_not(any_database: Database) -> None:
    index = SessionIndex(any_database)
    index.keep([event(1), event(2), event(3), event(4)])
    index.keep([event(1), event(5), event(5, "session_expired", reason="idle")])  # the first is told once more
    index.keep([event(2, "session_logout", reason="logout"), event(3, "session_expired", reason="revoked")])
    index.keep([event(4, "session_expired", reason="portal-idle", portal="news"), event(1, "session_renewed")])
    assert [found.ref.session_id for found in index.find(None, None, 9)] == ["session004", "session001"]
    assert index.get("session001") == SessionRef("a1", "session001")
    assert index.get("session002") is None
    assert index.of_bucket("a1") == {"session001", "session004"}


def test_counting_stops_where_it_is_enough(any_database: Database) -> None:
    index = SessionIndex(any_database)
    index.keep(event(number, portal="news") for number in range(MOST_COUNTED + 50))
    assert index.count(Search("portal", ["news"])) == MOST_COUNTED + 1
    assert index.count(Search("portal", ["desk"])) == 0


def test_orders_stand_until_they_are_forgotten(any_database: Database) -> None:
    orders = EndOrders(any_database)
    orders.add(EndOrder(portal_id=3, spared="mine", opened_until=NOON))
    orders.add(EndOrder(portal_id=None, spared=None, opened_until=NOON))
    first, second = orders.standing()
    assert (first.portal_id, first.spared, first.opened_until) == (3, "mine", NOON)
    orders.forget(first)
    assert orders.standing() == [second]
