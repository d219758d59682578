"""Timeouts, by programs: look, see what a change would do, change, and take back."""

from typing import Any

import pytest

from tests.web.api.conftest import Ask, Recorded

ADMIN = {"idle_timeout_seconds": 300.0, "absolute_timeout_seconds": 43200.0}


def idle(seconds: int) -> dict[str, Any]:
    return {"default": {"idle_timeout_seconds": seconds}}


def test_tells_what_is_in_force(ask: Ask) -> None:
    answer = ask("GET", "timeouts")
    assert answer.headers["ETag"] == '"0"'
    assert answer.json == {
        "version": 0,
        "default": {
            "idle_timeout_seconds": 900.0,
            "absolute_timeout_seconds": 86400.0,
            "warn_before_seconds": 60.0,
            "remember_for_seconds": 0.0,
            "max_sessions": 10,
        },
        "roles": {"admin": ADMIN},
        "portals": {},
        "assurance_level": 1,
        "reason": None,
    }


@pytest.mark.proves("TO1", "AZ7")
def test_a_change_reaches_sessions_that_exist_and_is_taken_back(ask: Ask, site: Any, recorded: Recorded) -> None:
    browser = site.browser()
    browser.log_in("alice")
    body = {
        **idle(600),
        "roles": {"reader": {"idle_timeout_seconds": 420}},
        "portals": {"news": {"warn_before_seconds": 30}},
    }
    changed = ask("PATCH", "timeouts", body, If_Match='"0"')
    assert (changed.status_code, changed.headers["ETag"], changed.json["version"]) == (200, '"1"', 1)
    assert changed.json["roles"]["reader"] == {"idle_timeout_seconds": 420.0}
    site.parts.watch.beat()
    status = browser.status()
    assert (status["idle_remaining_seconds"], status["warn_before_seconds"]) == (420, 30)
    cleared = ask("PATCH", "timeouts", {"roles": {"reader": {"idle_timeout_seconds": None}}}, If_Match='"1"')
    assert cleared.json["roles"]["reader"] == {}
    back = ask("POST", "timeouts/take-back", If_Match='"2"')
    assert (back.status_code, back.json["roles"]["reader"]) == (200, {"idle_timeout_seconds": 420.0})
    told = [(details["before"], details["after"]) for _, details in recorded("authz_admin")]
    assert told[:2] == [("idle_timeout=unset", "idle_timeout=7m"), ("idle_timeout=7m", "idle_timeout=unset")]
    assert sorted(told[2:]) == [
        ("idle_timeout=15m", "idle_timeout=10m"),
        ("idle_timeout=unset", "idle_timeout=7m"),
        ("warn_before=unset", "warn_before=30s"),
    ]


def test_of_two_that_change_at_once_the_second_looks_again(ask: Ask) -> None:
    seen = ask("GET", "timeouts").headers["ETag"]
    assert ask("PATCH", "timeouts", idle(600), If_Match=seen).status_code == 200
    for method, path, body in (("PATCH", "timeouts", idle(1200)), ("POST", "timeouts/take-back", None)):
        for version in (seen, '"7"', '"x"', 'W/"1"', '"0", "7"', '""', '"1", ""'):
            refused = ask(method, path, body, If_Match=version)
            assert refused.status_code == 412, (path, version)
            assert "changed since" in refused.json["detail"]
        assert ask(method, path, body).status_code == 428
    assert ask("GET", "timeouts").json["default"]["idle_timeout_seconds"] == 600
    assert ask("PATCH", "timeouts", idle(1200), If_Match="*").json["version"] == 2


def test_shows_what_a_change_would_do_and_makes_it_not(ask: Ask, site: Any) -> None:
    site.browser().log_in("alice")
    site.pass_time(minutes=6)
    impact = ask("POST", "timeouts/impact", idle(300)).json
    assert (impact["sessions"], impact["ended"], impact["exact"]) == (1, 1, True)
    assert ask("POST", "timeouts/impact", idle(390)).json["warned"] == 1
    assert ask("GET", "timeouts").json["version"] == 0


def test_explains_and_tells_what_was_changed(ask: Ask, site: Any) -> None:
    ask("PATCH", "timeouts", {"portals": {"news": {"idle_timeout_seconds": 240}}}, If_Match="*")
    ask("PATCH", "timeouts", {"assurance_level": 2, "reason": "cổng chỉ để đọc"}, If_Match="*")
    on_news = ask("GET", "timeouts/effective?account=charlie&portal=news").json
    assert on_news["idle_timeout_seconds"] == {"value": 240.0, "set_by": "portal:news"}
    assert on_news["absolute_timeout_seconds"] == {"value": 43200.0, "set_by": "role:admin"}
    assert on_news["max_sessions"] == {"value": 10, "set_by": "default"}
    level, portal = ask("GET", "timeouts/changes").json["changes"]
    assert (portal["version"], portal["actor"]) == (1, site.people["charlie"].id)
    assert portal["differences"] == [
        {"whose": "portal:news", "field": "idle_timeout_seconds", "before": None, "after": 240.0}
    ]
    assert level["differences"] == [
        {"whose": "assurance", "field": "assurance_level", "before": "AAL1", "after": "AAL2"}
    ]


@pytest.mark.parametrize(
    ("body", "status", "field", "said"),
    [
        (
            idle(30),
            422,
            "default.warn_before_seconds",
            "warn_before_seconds of 60 is not less than",
        ),
        (idle(-1), 422, "default.idle_timeout_seconds", '"default.idle_timeout_seconds" is -1'),
        (idle(10**30), 422, "default.idle_timeout_seconds", "less than or equal to"),
        ({"default": {"idle_timeout_seconds": "15m"}}, 422, "default.idle_timeout_seconds", 'is "15m"'),
        ({"default": {"idle_timeout_seconds": 60.5}}, 422, "default.idle_timeout_seconds", "is 60.5"),
        ({"default": {"idle_timeout_seconds": None}}, 422, "default.idle_timeout_seconds", "null"),
        ({"default": {"idle": 600}}, 422, "default.idle", "There is no such field here."),
        (
            {"roles": {"editor": {"idle_timeout_seconds": True}}},
            422,
            "roles.editor.idle_timeout_seconds",
            '"roles.editor.idle_timeout_seconds" is true',
        ),
        (
            {"portals": {"news": {"remember_for_seconds": 100_000}}},
            422,
            "portals.news.remember_for_seconds",
            "cannot be set for a portal",
        ),
        ({"portals": {"nowhere": {"idle_timeout_seconds": 60}}}, 404, None, "There is no portal “nowhere”."),
        ({"roles": {"Big Boss": {"idle_timeout_seconds": 600}}}, 422, None, "“Big Boss” cannot be a role"),
        ({"assurance_level": 3}, 422, "default.absolute_timeout_seconds", "the most at the assurance level AAL3"),
        ({"assurance_level": 7}, 422, "assurance_level", '"assurance_level" is 7'),
        ({"default": {"idle_timeout_seconds": 7200}, "assurance_level": 2}, 422, "reason", "say why in “reason”"),
    ],
)
def test_says_what_is_wrong_before_and_when_it_is_saved(
    ask: Ask, body: Any, status: int, field: str | None, said: str
) -> None:
    for refused in (ask("POST", "timeouts/impact", body), ask("PATCH", "timeouts", body, If_Match="*")):
        assert refused.status_code == status
        assert said in refused.json["detail"]
        assert [each["field"] for each in refused.json.get("errors", [])] == ([field] if field else [])
    assert ask("GET", "timeouts").json["version"] == 0
