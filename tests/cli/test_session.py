"""``dvauth session``: who is logged in now, and an end to it."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from dvauth.housekeeping import Housekeeping
from dvauth.parts import Parts
from dvauth.sessions.record import Origin, Principal
from tests.cli.conftest import AuditRows, Dvauth


@pytest.fixture
def alice(dvauth: Dvauth, parts: Parts) -> str:
    """The id of her account; she is logged in on a telephone and on a desktop."""
    account_id: str = json.loads(dvauth("account", "add", "alice", "--json").stdout)["id"]
    for device in ("Firefox · Windows", "Chrome · Android"):
        origin = Origin(address="192.0.2.7", user_agent=device)
        parts.keeper.open(Principal(account_id=account_id, roles=("reader",)), origin=origin)
    Housekeeping(parts, monotonic=lambda: 0.0).round()
    return account_id


def found(dvauth: Dvauth, *words: str) -> list[dict[str, Any]]:
    sessions: list[dict[str, Any]] = json.loads(dvauth("session", "list", "--json", *words).stdout)["sessions"]
    return sessions


def test_lists_live_sessions_for_people_and_for_programs(dvauth: Dvauth, alice: str) -> None:
    assert [each["device"] for each in found(dvauth)] == ["Chrome · Android", "Firefox · Windows"]
    assert {(each["username"], each["account_id"], each["address"]) for each in found(dvauth)} == {
        ("alice", alice, "192.0.2.7")
    }
    assert "Chrome · Android" in dvauth("session", "list").stdout
    assert [each["device"] for each in found(dvauth, "--device", "FIREFOX")] == ["Firefox · Windows"]
    assert len(found(dvauth, "--account", "alice")) == len(found(dvauth, "--address", "192.0.2.7")) == 2
    assert "no such sessions" in dvauth("session", "list", "--address", "192.0.2.8").stdout


def test_pages_go_on_where_the_last_one_ended(dvauth: Dvauth, alice: str) -> None:
    first = json.loads(dvauth("session", "list", "--most", "1", "--json").stdout)
    second = json.loads(dvauth("session", "list", "--most", "1", "--after", first["next"], "--json").stdout)
    assert [page["sessions"][0]["device"] for page in (first, second)] == ["Chrome · Android", "Firefox · Windows"]
    assert second["next"] is None
    assert f"--after {first['next']}" in dvauth("session", "list", "--most", "1").stdout


@pytest.mark.proves("TE4", "AZ7")
def test_ends_one_all_of_an_account_and_all(dvauth: Dvauth, parts: Parts, alice: str, audit_rows: AuditRows) -> None:
    first, second = found(dvauth)
    assert "a page that is open is covered at its next question" in dvauth("session", "end", first["id"]).stdout
    assert [each["id"] for each in found(dvauth)] == [second["id"]]
    assert json.loads(dvauth("session", "end", "--account", "alice", "--json").stdout) == {"sessions": 1, "ended": True}
    parts.keeper.open(Principal(account_id=alice))
    told = json.loads(dvauth("session", "end", "--all", "--json").stdout)
    assert told == {"sessions": 1, "ended": False}
    Housekeeping(parts, monotonic=lambda: 0.0).round()
    assert not parts.keeper.sessions_of(alice)
    acts = [(row.actor, row.details["action"]) for row in audit_rows() if row.event == "authz_admin"]
    assert acts == [
        ("cli", "session ended"),
        ("cli", "sessions of the account ended"),
        ("cli", "all sessions ended"),
    ]


def test_ends_all_of_a_portal(dvauth: Dvauth, parts: Parts, alice: str) -> None:
    dvauth("portal", "add", "news", "--name", "News", "--origin", "https://news.example.vn")
    portal = parts.portals.directory().by_slug("news")
    there = parts.keeper.open(Principal(account_id=alice), portal=portal).record
    assert "Sessions to end" in dvauth("session", "end", "--portal", "news").stdout
    Housekeeping(parts, monotonic=lambda: 0.0).round()
    assert there.ref not in [record.ref for record in parts.keeper.sessions_of(alice)]
    assert len(parts.keeper.sessions_of(alice)) == 2


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["end"], 2, "Give a session's ID"),
        (["end", "x", "--all"], 2, "Give a session's ID"),
        (["list", "--account", "a", "--portal", "b"], 2, "Give one of"),
        (["end", "nothing"], 1, "There is no session “nothing”"),
        (["end", "--account", "nobody"], 1, "nobody"),
        (["end", "--portal", "nowhere"], 1, "nowhere"),
        (["list", "--account", "nobody"], 1, "nobody"),
        (["list", "--address", "foo"], 2, "“foo” is no IP address"),
    ],
)
def test_says_what_is_wrong(dvauth: Dvauth, words: list[str], code: int, told: str) -> None:
    answer = dvauth("session", *words)
    assert answer.exit_code == code
    assert told in answer.output


@pytest.mark.skipif(not os.path.ismount("/dev/pts"), reason="no pseudo-terminals here, as in a bare chroot")
@pytest.mark.parametrize("command", [["session", "end", "--all"], ["portal", "remove", "news"]])
def test_a_person_at_a_terminal_is_asked_before_much_is_gone(
    dvauth: Dvauth, parts: Parts, alice: str, environ: dict[str, str], command: list[str]
) -> None:
    dvauth("portal", "add", "news", "--name", "News", "--origin", "https://news.example.vn")

    def typed(answer: bytes, *words: str) -> int:
        ours, theirs = os.openpty()
        os.write(ours, answer)
        line = [sys.executable, "-m", "dvauth", *command, *words]
        environment = {"PATH": os.environ["PATH"], **environ}
        done = subprocess.run(line, env=environment, stdin=theirs, capture_output=True, timeout=30, check=False)
        os.close(ours)
        os.close(theirs)
        return done.returncode

    assert typed(b"n\n") == 1
    Housekeeping(parts, monotonic=lambda: 0.0).round()
    assert len(parts.keeper.sessions_of(alice)) == 2
    assert "news" in dvauth("portal", "list").stdout
    assert typed(b"", "--yes") == 0
