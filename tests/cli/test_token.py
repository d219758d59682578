"""``dvauth token``: by which programs may use the API."""

import json
from typing import Any

import pytest

from dvauth.parts import Parts
from tests.cli.conftest import AuditRows, Dvauth


@pytest.fixture
def charlie(dvauth: Dvauth) -> str:
    account_id: str = json.loads(dvauth("account", "add", "charlie", "--role", "admin", "--json").stdout)["id"]
    return account_id


def made(dvauth: Dvauth, *words: str) -> dict[str, Any]:
    options = ("--account", "charlie", "--scope", "accounts:read", "--lasts", "90d", "--json")
    answer: dict[str, Any] = json.loads(dvauth("token", "add", "sync", *options, *words).stdout)
    return answer


@pytest.mark.proves("AZ7")
def test_makes_lists_and_revokes(dvauth: Dvauth, parts: Parts, charlie: str, audit_rows: AuditRows) -> None:
    token = made(dvauth, "--scope", "audit:read")
    admitted = parts.administration.api_tokens.admit(token["token"], "192.0.2.7")
    assert (admitted.actor.name, admitted.actor.token) == (charlie, token["id"])
    (listed,) = json.loads(dvauth("token", "list", "--json").stdout)
    assert (listed["username"], listed["scopes"], listed["open"]) == ("charlie", ["accounts:read", "audit:read"], True)
    assert listed["last_used_at"]
    assert "sync" in dvauth("token", "list").stdout
    assert "sync" in dvauth("token", "revoke", token["id"]).stdout
    assert "no tokens" in dvauth("token", "list").stdout
    assert "no token" in dvauth("token", "revoke", token["id"]).stderr
    told = [(row.event, row.account, row.actor, row.details["token"]) for row in audit_rows() if "token" in row.event]
    assert told == [
        ("authn_token_created", charlie, "cli", token["id"]),
        ("authn_token_revoked", charlie, "cli", token["id"]),
    ]


def test_the_token_is_shown_once_and_for_people_too(dvauth: Dvauth, charlie: str) -> None:
    options = ("--account", "charlie", "--scope", "audit:read", "--lasts", "1d")
    shown = dvauth("token", "add", "night export", *options).stdout.splitlines()
    assert "“night export” acts for charlie" in shown[0]
    assert shown[1].startswith("dvauth_")
    assert shown[1].split("_", 2)[2] not in dvauth("token", "list").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("x", "--account", "alice", "--scope", "audit:read", "--lasts", "1d"), "no active administrator"),
        (("x", "--account", "nobody", "--scope", "audit:read", "--lasts", "1d"), "no account “nobody”"),
        (("x", "--account", "charlie", "--scope", "audit:write", "--lasts", "1d"), "no scope “audit:write”"),
        (("x", "--account", "charlie", "--scope", "audit:read", "--lasts", "366d"), "at most 365 days"),
        (("x", "--account", "charlie", "--scope", "audit:read", "--lasts", "0s"), "at least a minute"),
        ((" ", "--account", "charlie", "--scope", "audit:read", "--lasts", "1d"), "cannot be a token's name"),
    ],
)
def test_says_what_is_wrong(dvauth: Dvauth, charlie: str, words: tuple[str, ...], said: str) -> None:
    dvauth("account", "add", "alice")
    refused = dvauth("token", "add", *words)
    assert refused.exit_code == 1
    assert said in refused.stderr
    assert "no tokens" in dvauth("token", "list").stdout
