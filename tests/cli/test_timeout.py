"""``dvauth timeout``: changed at a terminal, in force everywhere."""

import json
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from dvauth.parts import Parts
from dvauth.policies.models import PolicyChangeRow
from dvauth.sessions.record import Principal
from tests.cli.conftest import AuditRows, Dvauth


def test_shows_defaults_and_overrides(dvauth: Dvauth) -> None:
    shown = json.loads(dvauth("timeout", "show", "--json").stdout)
    assert shown["default"]["idle_timeout_seconds"] == 900
    assert shown["roles"]["admin"]["idle_timeout_seconds"] == 300
    assert "15m" in dvauth("timeout", "show").stdout


@pytest.mark.proves("AT4", "CO9")
def test_change_reaches_another_process_and_its_live_sessions_within_two_seconds(dvauth: Dvauth, parts: Parts) -> None:
    cookie = parts.keeper.open(Principal(account_id="alice")).cookie
    assert dvauth("timeout", "set", "--idle", "2m", "--warn", "30s").exit_code == 0
    began = time.monotonic()
    while parts.keeper.check(cookie).verdict.idle_remaining > timedelta(minutes=2):  # type: ignore[union-attr]
        assert time.monotonic() - began < 2
        time.sleep(0.05)


def test_explains_who_set_each_value(dvauth: Dvauth) -> None:
    dvauth("timeout", "set", "--role", "editor", "--idle", "1h30m")
    dvauth("timeout", "set", "--role", "clerk", "--new-role", "--idle", "10m")
    explained = json.loads(dvauth("timeout", "explain", "--role", "editor", "--role", "clerk", "--json").stdout)
    assert explained["idle_timeout_seconds"] == {"value": 600.0, "set_by": "role:clerk"}
    assert explained["absolute_timeout_seconds"]["set_by"] == "default"
    assert "role clerk" in dvauth("timeout", "explain", "--role", "clerk").stdout


@pytest.mark.proves("AX1", "TO14")
@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--idle", "soon"], "soon"),
        (["--idle", "15"], "15"),
        (["--warn", "19s"], "19s is less than 20s"),
        (["--idle", "60s"], "--warn of 1m is not less than --idle of 1m"),
        (["--absolute", "10m"], "--absolute of 10m is less than --idle of 15m"),
        (["--absolute", "31d"], "more than 30d"),
        (["--remember", "401d"], "more than 400d"),
        (["--max-sessions", "0"], "0"),
        (["--role", "amdin", "--idle", "5m"], "There is no role “amdin”; there are reader, editor, admin."),
        (["--role", "Boss", "--new-role", "--idle", "5m"], "“Boss” cannot be a role"),
        (["--idle", "999999d999999d"], "is no duration"),
        (["--portal", "nowhere", "--idle", "5m"], "nowhere"),
        (["--portal", "news", "--max-sessions", "1"], "--max-sessions cannot be set for a portal"),
        ([], "Nothing to set"),
        (["--new-role", "--idle", "5m"], "--new-role needs the --role"),
        (["--role", "a", "--portal", "b", "--idle", "5m"], "not both"),
    ],
)
def test_refused_values_are_named_and_nothing_is_changed(dvauth: Dvauth, words: list[str], named: str) -> None:
    dvauth("portal", "add", "news", "--name", "Báo tỉnh", "--origin", "https://news.example.vn")
    before = dvauth("timeout", "show", "--json").stdout
    refused = dvauth("timeout", "set", *words)
    assert refused.exit_code in {1, 2}
    assert named in refused.stderr
    assert dvauth("timeout", "show", "--json").stdout == before


def test_mistake_of_the_default_is_not_told_again_of_each_override(dvauth: Dvauth) -> None:
    dvauth("timeout", "set", "--role", "editor", "--absolute", "9h")
    refused = dvauth("timeout", "set", "--idle", "30s").stderr
    assert refused == "Error: default: --warn of 1m is not less than --idle of 30s.\n"


def test_override_can_be_taken_back_whole_or_in_part(dvauth: Dvauth) -> None:
    dvauth("portal", "add", "news", "--name", "Báo tỉnh", "--origin", "https://news.example.vn")
    for scope, name in (("role", "admin"), ("portal", "news")):
        dvauth("timeout", "set", f"--{scope}", name, "--idle", "4m", "--absolute", "9h", "--warn", "30s")
        part = dvauth("timeout", "unset", f"--{scope}", name, "--idle", "--json")
        assert json.loads(part.stdout)[f"{scope}s"][name] == {
            "absolute_timeout_seconds": 32400,
            "warn_before_seconds": 30,
        }
        whole = dvauth("timeout", "unset", f"--{scope}", name, "--json")
        assert json.loads(whole.stdout)[f"{scope}s"][name] == {}
        assert f"Nothing is set for “{name}”" in dvauth("timeout", "unset", f"--{scope}", name).stderr
    assert "either --role or --portal" in dvauth("timeout", "unset").stderr


def test_change_is_audited_with_what_it_changed(dvauth: Dvauth, audit_rows: AuditRows) -> None:
    assert dvauth("timeout", "set", "--idle", "20m", "--warn", "60s").stderr == ""
    dvauth("timeout", "set", "--role", "editor", "--idle", "10m")
    everybody, editors = (row.details for row in audit_rows())
    assert (everybody["before"], everybody["after"]) == ("idle_timeout=15m", "idle_timeout=20m")
    assert (editors["role"], editors["before"], editors["after"]) == (
        "editor",
        "idle_timeout=unset",
        "idle_timeout=10m",
    )


def test_override_that_is_looser_than_another_is_told_to_be_without_effect(dvauth: Dvauth) -> None:
    told = dvauth("timeout", "set", "--role", "editor", "--idle", "30m", "--absolute", "8h").stdout
    assert "--idle 30m has no effect: the strictest wins, and that is 15m (default)." in told
    assert "--absolute" not in told


def test_overrides_that_were_taken_back_are_not_shown(dvauth: Dvauth) -> None:
    dvauth("timeout", "unset", "--role", "admin")
    assert "admin" not in dvauth("timeout", "show").stdout


def test_explains_what_is_in_force_for_an_account(dvauth: Dvauth) -> None:
    dvauth("account", "add", "alice", "--role", "admin")
    explained = json.loads(dvauth("timeout", "explain", "--account", "alice", "--json").stdout)
    assert explained["idle_timeout_seconds"] == {"value": 300.0, "set_by": "role:admin"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--portal", "nowhere"], "There is no portal “nowhere”."),
        (["--account", "nobody"], "There is no account “nobody”."),
        (["--role", "amdin"], "There is no role “amdin”"),
    ],
)
def test_what_does_not_exist_cannot_be_explained(dvauth: Dvauth, words: list[str], sentence: str) -> None:
    result = dvauth("timeout", "explain", *words)
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_without_redis_the_change_stands_is_recorded_and_says_so(
    dvauth: Dvauth, environ: dict[str, str], audit_rows: AuditRows
) -> None:
    environ["DVAUTH_REDIS_URL"] = "unix:///no/such/redis.sock"
    result = dvauth("timeout", "set", "--idle", "20m", "--json")
    assert result.exit_code == 0
    assert "Redis does not answer. The change is made" in result.stderr
    assert "authz_admin" in {row.event for row in audit_rows()}
    assert json.loads(result.stdout)["default"]["idle_timeout_seconds"] == 1200


def test_the_last_change_is_taken_back_and_by_whom_is_recorded(dvauth: Dvauth, audit_rows: AuditRows) -> None:
    dvauth("timeout", "set", "--idle", "20m")
    dvauth("timeout", "set", "--role", "editor", "--idle", "10m")
    told = json.loads(dvauth("timeout", "take-back", "--json").stdout)
    assert (told["default"]["idle_timeout_seconds"], told["roles"].get("editor") or {}) == (1200, {})
    assert "Saved" in dvauth("timeout", "take-back").stdout  # of a take-back too: the editors' times are there again
    assert json.loads(dvauth("timeout", "show", "--json").stdout)["roles"]["editor"] == {"idle_timeout_seconds": 600}
    assert {row.actor for row in audit_rows()} == {"cli"}
    assert len(audit_rows()) == 4


def test_where_nothing_was_changed_nothing_is_taken_back(dvauth: Dvauth) -> None:
    refused = dvauth("timeout", "take-back")
    assert (refused.exit_code, refused.stderr) == (1, "Error: There is no change to take back.\n")


def test_a_change_that_no_longer_fits_is_not_brought_back(dvauth: Dvauth, parts: Parts) -> None:
    dvauth("timeout", "set", "--idle", "2m", "--warn", "30s")
    with parts.database.session() as sql:  # as a version with other bounds might have saved it
        made = sql.scalars(select(PolicyChangeRow)).one()
        made.before = {**made.before, "default": {**made.before["default"], "warn_before_seconds": 5}}
    refused = dvauth("timeout", "take-back")
    assert (refused.exit_code, "--warn of 5s is less than 20s" in refused.stderr) == (1, True)


def test_an_account_is_explained_with_its_own_roles_alone(dvauth: Dvauth) -> None:
    assert dvauth("timeout", "explain", "--account", "alice", "--role", "editor").exit_code == 2
