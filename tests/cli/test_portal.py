"""``dvauth portal``, as an administrator at a terminal uses it."""

import json

import pytest

from dvauth.parts import Parts
from dvauth.portals.embed_tag import fingerprint, integrity
from tests.cli.conftest import AuditRows, Dvauth

TAG = '<script src="https://auth.example.vn/embed.js" defer></script>'
PINNED_TAG = (
    f'<script src="https://auth.example.vn/embed.{fingerprint()}.js" integrity="{integrity()}" crossorigin="anonymous" '
    "defer></script>"
)
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
        "look": {},
        "tag": TAG,
        "pinned_tag": PINNED_TAG,
    }
    parts.watch.beat()
    known = parts.portal_directory().by_origin("https://m.example.vn")
    assert known
    assert known.slug == "news"


def test_a_mounted_portal_has_one_host(dvauth: Dvauth) -> None:
    added = json.loads(dvauth(*NEWS, "--mounted", "--json").stdout)
    assert added["mounted"]
    assert added["tag"] == '<script src="/dvauth/embed.js" defer></script>'
    refused = dvauth(
        "portal", "add", "desk", "--name", "Bàn", "--origin", "https://a.vn", "--origin", "https://b.vn", "--mounted"
    )
    assert refused.exit_code == 1
    assert "one host" in refused.stderr


def test_portals_are_listed_for_people_and_for_programs(dvauth: Dvauth) -> None:
    assert dvauth(*NEWS).stdout.startswith("The portal “news” is registered.\n")
    assert [each["slug"] for each in json.loads(dvauth("portal", "list", "--json").stdout)] == ["news"]
    table = dvauth("portal", "list").stdout
    for text in ("news", "Báo điện tử", "https://news.example.vn", "navigation", "no"):
        assert text in table


def test_a_portals_tags_are_shown_to_be_pasted(dvauth: Dvauth, environ: dict[str, str]) -> None:
    environ["COLUMNS"] = "40"
    for shown in (dvauth(*NEWS).stdout, dvauth("portal", "show", "news").stdout):
        assert {TAG, PINNED_TAG} <= set(shown.splitlines())


def test_an_address_is_never_cut_off(dvauth: Dvauth, environ: dict[str, str]) -> None:
    environ["COLUMNS"] = "50"
    dvauth(*NEWS)
    assert "…" not in dvauth("portal", "list").stdout


def test_a_portal_that_is_not_there_cannot_be_shown(dvauth: Dvauth) -> None:
    result = dvauth("portal", "show", "news")
    assert (result.exit_code, result.stderr) == (1, "Error: There is no portal “news”.\n")


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


def test_what_the_administrator_did_is_recorded(dvauth: Dvauth, audit_rows: AuditRows) -> None:
    assert dvauth(*NEWS).stderr == ""
    dvauth("portal", "change", "news", "--name", "Báo tỉnh")
    dvauth("portal", "change", "news", "--name", "Báo tỉnh")  # changes nothing
    dvauth("portal", "remove", "news")
    added, changed, removed = audit_rows()
    assert {(row.event, row.actor, row.portal) for row in (added, changed, removed)} == {("authz_admin", "cli", "news")}
    facts = "origins=https://news.example.vn activity=navigation mounted=no accent=unset"
    assert added.details == {"action": "portal added", "before": "none", "after": f"name=Báo điện tử {facts}"}
    named = {"before": "name=Báo điện tử", "after": "name=Báo tỉnh"}
    assert changed.details == {"action": "portal changed", **named}
    assert removed.details == {"action": "portal removed", "before": f"name=Báo tỉnh {facts}", "after": "none"}


def test_a_portal_gets_other_origins_and_stays_the_same(dvauth: Dvauth) -> None:
    old = json.loads(dvauth(*NEWS, "--json").stdout)
    moved = dvauth("portal", "change", "news", "--origin", "https://bao.example.vn", "--json")
    assert json.loads(moved.stdout) == old | {"origins": ["https://bao.example.vn"]}
    assert dvauth("portal", "change", "news").exit_code == 2
    assert dvauth("portal", "change", "nowhere", "--name", "x").exit_code == 1


def test_a_removed_portal_is_gone(dvauth: Dvauth) -> None:
    dvauth(*NEWS)
    assert "“news” is removed" in dvauth("portal", "remove", "news").stdout
    assert json.loads(dvauth("portal", "list", "--json").stdout) == []
    assert dvauth("portal", "remove", "news").exit_code == 1


def test_a_portal_changes_its_prompt_and_goes_back(dvauth: Dvauth, audit_rows: AuditRows) -> None:
    dvauth(*NEWS)
    changed = dvauth("portal", "prompt", "news", "--accent", "#A61B1B", "--message", "Anh chị không sử dụng trang, ")
    assert "https://auth.example.vn/admin/portals/news/prompt" in changed.stdout
    english = dvauth("portal", "prompt", "news", "--language", "en", "--button", "Stay", "--json")
    look = {"accent": "#a61b1b", "texts": {"vi": {"message": "Anh chị không sử dụng trang,"}, "en": {"button": "Stay"}}}
    assert json.loads(english.stdout)["look"] == look
    assert audit_rows()[-1].details["action"] == "prompt changed"
    dvauth("portal", "prompt", "news", "--accent", "", "--message", "")
    back = dvauth("portal", "prompt", "news", "--language", "en", "--button", "", "--json")
    assert json.loads(back.stdout)["look"] == {}


def test_a_portals_own_prompt_is_shown_with_it(dvauth: Dvauth, environ: dict[str, str]) -> None:
    environ["COLUMNS"] = "80"
    dvauth(*NEWS)
    assert "--accent" not in dvauth("portal", "show", "news").stdout
    dvauth("portal", "prompt", "news", "--accent", "#a61b1b", "--language", "en", "--title", "Still there?")
    shown = dvauth("portal", "show", "news").stdout
    for text in ("--accent", "#a61b1b", "--title", "en", "Still there?"):
        assert text in shown


def test_a_prompt_nobody_could_read_is_refused(dvauth: Dvauth) -> None:
    dvauth(*NEWS)
    for value, sentence in (("red", "not a colour"), ("#ffcc00", "contrast is 1.5"), ("#12345", "not a colour")):
        refused = dvauth("portal", "prompt", "news", "--accent", value)
        assert refused.exit_code == 1
        assert sentence in refused.stderr
    for text in ("x" * 201, "hai\ndòng"):
        refused = dvauth("portal", "prompt", "news", "--title", text)
        assert refused.exit_code == 1
        assert "up to 200 visible characters" in refused.stderr
    assert dvauth("portal", "prompt", "nowhere", "--accent", "").exit_code == 1


def test_a_prompt_is_not_changed_by_nothing(dvauth: Dvauth) -> None:
    dvauth(*NEWS)
    refused = dvauth("portal", "prompt", "news")
    assert refused.exit_code == 2
    assert "Nothing to change" in refused.stderr
