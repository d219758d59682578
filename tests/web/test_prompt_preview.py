"""``/admin/portals/…/prompt``: administrators look at the prompt of a portal."""

import re
from typing import Any

import pytest

INDEX = "/admin/portals/news/prompt"


@pytest.fixture
def charlie(site: Any) -> Any:
    browser = site.browser()
    browser.log_in("charlie")
    return browser


def base_of(page: Any) -> str:
    """Where the script on the page is loaded from."""
    found = re.search(rf'src="({INDEX}/\w+/\d+/)embed\.js"', page.text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "path", [INDEX, f"{INDEX}/warning", f"{INDEX}/warning/1/session", f"{INDEX}/warning/1/embed.js"]
)
def test_only_administrators_see_it(site: Any, browser: Any, path: str, capsys: Any) -> None:
    assert browser.get(path).status_code == 303
    browser.log_in("bob")
    assert browser.get(path).status_code == 403
    assert f'"resource": "{path}"' in capsys.readouterr().out


def test_every_scene_is_offered_and_runs_the_real_script(charlie: Any) -> None:
    page = charlie.get(INDEX)
    assert "Báo tỉnh" in page.text
    scenes = re.findall(rf'href="({INDEX}/\w+)"', page.text)
    assert len(scenes) == 4
    for scene in scenes:
        base = base_of(charlie.get(scene))
        assert charlie.get(f"{base}embed.js").data == charlie.fetch("/embed.js").data


@pytest.mark.parametrize(("scene", "ends_by"), [("warning", "idle"), ("unreachable", "idle"), ("limit", "absolute")])
def test_a_scene_opens_a_minute_before_its_end(charlie: Any, scene: str, ends_by: str) -> None:
    told = charlie.fetch(f"{base_of(charlie.get(f'{INDEX}/{scene}'))}session", origin=None).get_json()
    assert told["state"] == "active"
    assert told["ends_by"] == ends_by
    assert 55 < told["expires_in_seconds"] <= told["warn_before_seconds"] == 60


def test_the_answer_closes_the_prompt_where_the_service_answers(charlie: Any) -> None:
    bases = {scene: base_of(charlie.get(f"{INDEX}/{scene}")) for scene in ("warning", "unreachable")}
    kept = {
        scene: charlie.fetch(f"{base}session/keep-alive", origin=None, method="POST") for scene, base in bases.items()
    }
    assert kept["warning"].get_json()["expires_in_seconds"] == 900
    assert kept["unreachable"].status_code == 503


def test_an_old_scene_has_ended(charlie: Any) -> None:
    assert charlie.fetch(f"{INDEX}/ended/1/session", origin=None).get_json() == {"state": "ended", "reason": "idle"}
    assert charlie.get(f"{INDEX}/ended/1/login").headers["Location"] == INDEX


def test_it_shows_the_portals_look_and_spares_the_administrators_own_session(site: Any, charlie: Any) -> None:
    site.parts.portals.change_look("news", lambda look: look.with_accent("#a61b1b"))
    site.parts.watch.beat()
    site.pass_time(minutes=1)
    before = charlie.status()
    base = base_of(charlie.get(f"{INDEX}/warning", headers={"Sec-Fetch-User": "?0"}))
    assert charlie.fetch(f"{base}session", origin=None).get_json()["prompt"] == {"accent": "#a61b1b"}
    charlie.fetch(f"{base}session/keep-alive", origin=None, method="POST")
    assert charlie.status() | {"prompt": None} == before | {"prompt": None}


ABSENT = [
    "/admin/portals/nowhere/prompt",
    f"{INDEX}/nothing",
    f"{INDEX}/nothing/1/session",
    f"{INDEX}/warning/{10**20}/session",
]


@pytest.mark.parametrize("path", ABSENT)
def test_what_is_not_there_is_not_found(charlie: Any, path: str) -> None:
    assert charlie.get(path).status_code == 404


def test_administrators_find_it_from_their_own_page(charlie: Any, browser: Any) -> None:
    assert f'href="{INDEX}"' in charlie.get("/account/").text
    browser.log_in("bob")
    assert "/admin/" not in browser.get("/account/").text
