"""``dvauth portal``, as an administrator at a terminal uses it."""

import json

import pytest

from dvauth.parts import Parts
from tests.cli.conftest import Dvauth

NEWS = ("portal", "add", "news", "--name", "Báo điện tử", "--origin", "https://news.example.vn")


def test_a_portal_is_registered_and_every_process_knows_it(dvauth: Dvauth, parts: Parts) -> None:
    result = dvauth(*NEWS, "--origin", "https://m.example.vn", "--activity", "any", "--json")
    assert json.loads(result.stdout) == {
        "id": 1,
        "slug": "news",
        "name": "Báo điện tử",
        "origins": ["https://news.example.vn", "https://m.example.vn"],
        "activity": "any",
        "mounted": False,
    }
    parts.watch.beat()
    known = parts.portal_directory().by_origin("https://m.example.vn")
    assert known
    assert known.slug == "news"


def test_a_mounted_portal_has_one_host(dvauth: Dvauth) -> None:
    assert json.loads(dvauth(*NEWS, "--mounted", "--json").stdout)["mounted"]
    refused = dvauth(
        "portal", "add", "desk", "--name", "Bàn", "--origin", "https://a.vn", "--origin", "https://b.vn", "--mounted"
    )
    assert refused.exit_code == 1
    assert "one host" in refused.stderr


def test_portals_are_listed_for_people_and_for_programs(dvauth: Dvauth) -> None:
    assert dvauth(*NEWS).stdout == "The portal “news” is registered.\n"
    assert [each["slug"] for each in json.loads(dvauth("portal", "list", "--json").stdout)] == ["news"]
    table = dvauth("portal", "list").stdout
    for text in ("news", "Báo điện tử", "https://news.example.vn", "navigation", "no"):
        assert text in table


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["news", "--name", "Báo", "--origin", "https://other.example.vn"], 1, "There is already a portal “news”."),
        (["other", "--name", "Báo", "--origin", "http://news.example.vn"], 1, "already belongs to the portal “news”."),
        (["other", "--name", "Báo", "--origin", "news.example.vn"], 1, "“news.example.vn” is not an origin"),
        (["Ô", "--name", "Báo", "--origin", "https://a.vn"], 1, "“Ô” cannot be a portal's short name"),
        (["other", "--name", " ", "--origin", "https://a.vn"], 1, "“ ” cannot be a portal's name"),
        (["other", "--name", "Báo"], 2, "--origin"),
        (["other", "--name", "Báo", "--origin", "https://a.vn", "--activity", "all"], 2, "'all'"),
    ],
)
def test_what_cannot_be_a_portal_is_told_in_a_sentence_with_the_value(
    dvauth: Dvauth, words: list[str], code: int, sentence: str
) -> None:
    dvauth(*NEWS)
    result = dvauth("portal", "add", *words)
    assert result.exit_code == code
    assert sentence in result.stderr


def test_what_the_administrator_did_is_recorded(dvauth: Dvauth) -> None:
    recorded = json.loads(dvauth(*NEWS).stderr)
    assert (recorded["type"], recorded["portal"]) == ("authz_admin:cli,portal added", "news")
