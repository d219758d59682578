"""The audit log, by programs."""

import json
from typing import Any

import pytest

from tests.web.api.conftest import Ask, Recorded


@pytest.fixture
def happened(site: Any, ask: Ask) -> None:
    """Seven people were added, by the program."""
    for number in range(7):
        ask("POST", "accounts", {"username": f"person{number}"})
    site.parts.audit.flush()


def test_every_event_is_on_one_page(ask: Ask, happened: None) -> None:
    seen, query, pages = [], "", 0
    while pages == 0 or query:
        page = ask("GET", f"audit?most=3&event=user_created{query}").json
        seen += page["events"]
        query, pages = page["next"] and f"&cursor={page['next'].replace('+', '%2B')}", pages + 1
    assert pages == 3
    assert seen == ask("GET", "audit?event=user_created").json["events"]
    assert len({each["id"] for each in seen}) == 7


def test_is_filtered_as_the_page_is(ask: Ask, site: Any, happened: None) -> None:
    def number(query: str) -> int:
        return len(ask("GET", f"audit?{query}").json["events"])

    charlie = site.people["charlie"].id
    assert number("actor=charlie") == number(f"actor={charlie}") == number("address=127.0.0.1") == 7
    assert number("account=person3") == 1
    assert number("account=charlie") == 1  # that the token was made
    assert number("since=2999-01-01T00:00:00Z") == number("until=2020-01-01T00:00:00%2B07:00") == 0


@pytest.mark.proves("AZ7")
def test_is_taken_along_and_that_is_recorded(ask: Ask, happened: None, recorded: Recorded) -> None:
    answer = ask("GET", "audit/export?event=user_created")
    assert answer.mimetype == "application/jsonl"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines == ask("GET", "audit?event=user_created").json["events"]
    ((_, details),) = recorded("authz_admin")
    assert (details["action"], details["rows"]) == ("audit exported", "event=user_created")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=yesterday", '"since" is "yesterday"'),
        ("since=2026-03-02T08:00:00", "Not a valid"),  # by which clock?
        ("since=0001-01-01T00:00:00%2B14:00", "Not a valid"),  # no such moment in UTC
        ("until=9999-12-31T23:00:00-07:00", "Not a valid"),
        ("event=login", '"event" is "login"'),
        ("cursor=x", "“x” is no cursor"),
        ("who=me", "There is no such field here."),
    ],
)
def test_says_what_is_wrong(ask: Ask, query: str, said: str) -> None:
    refused = ask("GET", f"audit?{query}")
    assert refused.status_code == 422
    assert said in refused.json["detail"]
