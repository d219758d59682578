"""Portals, by programs."""

from typing import Any

import pytest

from dvauth.portals.embed_tag import integrity
from tests.web.api.conftest import Ask, Recorded

PARTY = {"name": "Cổng tỉnh", "origins": ["https://party.example.vn"]}


@pytest.mark.proves("AZ7")
def test_registers_changes_and_removes(ask: Ask, recorded: Recorded) -> None:
    made = ask("PUT", "portals/party", PARTY)
    assert (made.status_code, made.json["activity"], made.json["mounted"]) == (201, "navigation", False)
    assert integrity() in made.json["pinned_tag"]
    assert [ask("PUT", "portals/party", PARTY).status_code for _ in range(2)] == [200, 200]
    assert ask("PATCH", "portals/party", {"name": "Cổng"}).json["name"] == "Cổng"
    shown = ask("GET", "portals/party").json
    assert (shown["name"], shown["origins"]) == ("Cổng", PARTY["origins"])
    assert [each["slug"] for each in ask("GET", "portals").json["portals"]] == ["desk", "news", "party"]
    assert ask("DELETE", "portals/party").status_code == 204
    assert ask("DELETE", "portals/party").status_code == 404
    told = [(details["action"], details["after"]) for _, details in recorded("authz_admin")]
    assert told[0] == ("portal removed", "none")
    assert told[1] == ("portal changed", "name=Cổng")
    assert told[2][0] == "portal added"
    assert len(told) == 3


@pytest.mark.proves("AZ7")
def test_changes_the_words_and_the_colour_of_the_prompt(ask: Ask, recorded: Recorded) -> None:
    look = {"accent": "#a61b1b", "texts": {"vi": {"title": "Sắp hết giờ"}}}
    assert ask("PATCH", "portals/news/look", look).json["look"] == look
    assert ask("PATCH", "portals/news/look", {"accent": ""}).json["look"] == {"texts": look["texts"]}
    assert ask("PATCH", "portals/news/look", {"texts": {"vi": {"title": ""}}}).json["look"] == {}
    assert {details["action"] for _, details in recorded("authz_admin")} == {"prompt changed"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("PUT", "portals/Party", PARTY, 422, "“Party” cannot be a portal's short name"),
        ("PUT", "portals/party", PARTY | {"origins": ["party"]}, 422, "“party” is not an origin"),
        ("PUT", "portals/party", PARTY | {"origins": []}, 422, "needs at least one origin"),
        (
            "PUT",
            "portals/party",
            PARTY | {"origins": ["https://news.example.vn"]},
            409,
            "already belongs to the portal",
        ),
        ("PUT", "portals/party", PARTY | {"activity": "always"}, 422, "navigation, any, none"),
        ("PUT", "portals/party", PARTY | {"slug": "other"}, 422, '"slug" is "other": There is no such field'),
        ("PUT", "portals/desk", {"name": "x", "origins": ["https://desk.example.vn"]}, 409, "chosen once"),
        ("PATCH", "portals/nowhere", {"name": "x"}, 404, "There is no portal “nowhere”."),
        ("PATCH", "portals/news", {"activity": "any"}, 422, "There is no such field here."),
        ("PATCH", "portals/news/look", {"accent": "red"}, 422, "“red” is not a colour"),
        ("PATCH", "portals/news/look", {"accent": "#ffff00"}, 422, "could not be read"),
        ("PATCH", "portals/news/look", {"texts": {"de": {"title": "x"}}}, 422, '"texts.de"'),
        ("PATCH", "portals/news/look", {"texts": {"vi": {"html": "x"}}}, 422, '"texts.vi.html" is "x"'),
        ("POST", "portals/news/tag-check", {"url": "https://evil.example/"}, 422, "is no page of this portal"),
    ],
)
def test_says_what_is_wrong_and_changes_nothing(
    ask: Ask, method: str, path: str, body: Any, status: int, said: str
) -> None:
    before = ask("GET", "portals").json
    refused = ask(method, path, body)
    assert refused.status_code == status
    assert said in refused.json["detail"]
    assert ask("GET", "portals").json == before


def test_a_portal_saved_while_redis_is_away_is_told_of_later(frail_site: Any, frail_redis: Any, frail_ask: Ask) -> None:
    frail_redis.kill()
    frail_redis.wait()
    saved = frail_ask("PATCH", "portals/news", {"name": "Tin"})
    assert (saved.status_code, saved.json["name"]) == (202, "Tin")
    assert frail_ask("GET", "portals/news").json["name"] == "Tin"
