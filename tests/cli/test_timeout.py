"""``dvauth timeout``: changed at a terminal, in force everywhere."""

import json
import time
from datetime import timedelta

import pytest

from dvauth.parts import Parts
from dvauth.sessions.record import Principal
from tests.cli.conftest import Dvauth


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
    dvauth("timeout", "set", "--role", "clerk", "--idle", "10m")
    explained = json.loads(dvauth("timeout", "explain", "--role", "editor", "--role", "clerk", "--json").stdout)
    assert explained["idle_timeout"] == {"value": 600.0, "set_by": "role:clerk"}
    assert explained["absolute_timeout"]["set_by"] == "default"
    assert "role:clerk" in dvauth("timeout", "explain", "--role", "clerk").stdout


@pytest.mark.proves("AX1", "TO14")
@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--idle", "soon"], "soon"),
        (["--idle", "15"], "15"),
        (["--warn", "19s"], "19 s is less than 20 s"),
        (["--idle", "60s"], "warn_before of 60 s is not less than idle_timeout of 60 s"),
        (["--absolute", "10m"], "absolute_timeout of 600 s is less than idle_timeout of 900 s"),
        (["--absolute", "31d"], "more than 30 days"),
        (["--remember", "401d"], "more than 400 days"),
        (["--max-sessions", "0"], "0"),
        (["--portal", "nowhere", "--idle", "5m"], "nowhere"),
        (["--portal", "news", "--max-sessions", "1"], "max_sessions cannot be set for a portal"),
        ([], "Nothing to set"),
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
    assert "either --role or --portal" in dvauth("timeout", "unset").stderr


def test_change_is_audited_with_before_and_after(dvauth: Dvauth) -> None:
    line = dvauth("timeout", "set", "--idle", "20m").stderr
    assert '"authz_admin"' in line
    assert "900.0" in line
    assert "1200.0" in line


def test_without_redis_the_change_stands_is_recorded_and_says_so(dvauth: Dvauth, environ: dict[str, str]) -> None:
    environ["DVAUTH_REDIS_URL"] = "unix:///no/such/redis.sock"
    result = dvauth("timeout", "set", "--idle", "20m", "--json")
    assert result.exit_code == 0
    assert "Redis does not answer. The change is made" in result.stderr
    assert '"authz_admin"' in result.stderr
    assert json.loads(result.stdout)["default"]["idle_timeout_seconds"] == 1200
