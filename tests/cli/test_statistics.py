"""``dvauth statistics``: how many are logged in, and what happened by hour."""

import json

import pytest

from dvauth.housekeeping import Housekeeping
from dvauth.parts import Parts
from dvauth.sessions.record import Principal
from tests.cli.conftest import Dvauth


@pytest.fixture
def busy(dvauth: Dvauth, parts: Parts) -> Parts:
    """Two logins on the portal ``news``, one elsewhere, and a failure there."""
    dvauth("portal", "add", "news", "--name", "Báo tỉnh", "--origin", "https://news.example.vn")
    parts.watch.beat()
    for portal in (parts.portal_directory().by_slug("news"), None, parts.portal_directory().by_slug("news")):
        parts.keeper.open(Principal(account_id="alice0000001"), portal=portal)
    parts.audit.record("authn_login_fail", portal="news")
    parts.audit.flush()
    Housekeeping(parts, monotonic=lambda: 0.0).round()
    parts.sweep_progress.note(parts.policies(), 0)
    return parts


def test_tells_programs_of_every_hour(dvauth: Dvauth, busy: Parts) -> None:
    told = json.loads(dvauth("statistics", "--hours", "30", "--json").stdout)
    assert len(told["hours"]) == 30
    zeros = dict.fromkeys(("prompts", "kept", "expired", "logouts", "ended"), 0)
    assert told["total"] == {"live": 3, "logins": 3, "failed_logins": 1, **zeros}
    assert told["portals"] == {"news": {"live": 2, "logins": 2, "failed_logins": 1, **zeros}}
    assert told["live"] == {"sessions": 3, "exact": True}
    assert told["hours"][0] == {"at": told["hours"][0]["at"], "live": None, "logins": 0, "failed_logins": 0, **zeros}
    assert told["hours"][0]["at"].endswith(":00:00+00:00")
    assert told["concerns"] == []


def test_tells_of_one_portal(dvauth: Dvauth, busy: Parts) -> None:
    told = json.loads(dvauth("statistics", "--portal", "news", "--json").stdout)
    assert (told["portal"], told["total"]["logins"], told["live"]["sessions"]) == ("news", 2, 2)
    assert told["portals"] == {}
    unknown = dvauth("statistics", "--portal", "nowhere")
    assert (unknown.exit_code, "nowhere" in unknown.stderr) == (1, True)


def test_shows_people_a_table_and_what_needs_attention(dvauth: Dvauth, busy: Parts) -> None:
    for _ in range(20):
        busy.audit.record("authn_login_fail")
    busy.audit.flush()
    shown = dvauth("statistics", "--hours", "2").stdout
    assert "21 logins failed and 3 succeeded" in shown
    assert "Live sessions now: 3" in shown
    assert "Failed" in shown
    assert "news" in shown
    assert dvauth("statistics", "--hours", "0").exit_code == 2
