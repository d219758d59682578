"""Tokens for programs: administrators make them, see them all, and revoke them."""

import re
from typing import Any

import pytest

from dvauth.administration.api_tokens import TokenRefused
from dvauth.audit.trail import Wanted

PAGE = "/admin/tokens"
WRITTEN = re.compile(r"dvauth_([0-9a-f]{12})_[\w-]{43}")
CHOSEN = {"name": "danh bạ", "scopes": "accounts:read", "days": "90"}


@pytest.mark.proves("AZ7")
def test_a_token_is_shown_once_and_acts_for_who_made_it(site: Any, charlie: Any) -> None:
    answer = charlie.post(PAGE, CHOSEN)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    (text,) = {found[0] for found in WRITTEN.finditer(answer.text)}
    admitted = site.parts.administration.api_tokens.admit(text, "192.0.2.7")
    assert (admitted.actor.name, admitted.scopes) == (site.people["charlie"].id, ("accounts:read",))
    page = charlie.get(PAGE).text
    assert "danh bạ" in page
    assert not WRITTEN.search(page)
    site.parts.audit.flush()
    (made,) = site.parts.audit_trail.newest(Wanted(event="authn_token_created"))
    assert (made.actor, made.details["token"]) == (site.people["charlie"].id, admitted.actor.token)


@pytest.mark.proves("AZ7")
def test_a_token_is_revoked_after_a_question(site: Any, charlie: Any) -> None:
    text = WRITTEN.search(charlie.post(PAGE, CHOSEN).text)
    assert text
    question = f"{PAGE}/{text[1]}/revoke"
    assert "danh bạ" in charlie.get(question).text
    answer = charlie.post(question, {})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}?done=revoked")
    with pytest.raises(TokenRefused):
        site.parts.administration.api_tokens.admit(text[0], "192.0.2.7")
    again = charlie.post(question, {}, page=PAGE)
    assert again.headers["Location"] == f"{PAGE}?done=gone"
    assert charlie.get(question).status_code == 404
    site.parts.audit.flush()
    (revoked,) = site.parts.audit_trail.newest(Wanted(event="authn_token_revoked"))
    assert (revoked.actor, revoked.details["token"]) == (site.people["charlie"].id, text[1])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "Enter a name"),
        ({"name": "x" * 101}, "cannot be a token"),
        ({"scopes": ""}, "There is no scope “”"),
        ({"scopes": "audit:write"}, "There is no scope “audit:write”"),
        ({"days": "3650"}, "Not a valid choice"),
    ],
)
def test_says_what_is_wrong(site: Any, charlie: Any, changed: dict[str, str], said: str) -> None:
    refused = charlie.post(PAGE, CHOSEN | changed, headers={"Accept-Language": "en"})
    assert refused.status_code == 422
    assert said in refused.text
    assert not site.parts.administration.api_tokens.all().tokens


def test_without_a_scope_none_is_made(site: Any, charlie: Any) -> None:
    refused = charlie.post(PAGE, {"name": "x", "days": "30"}, headers={"Accept-Language": "en"})
    assert (refused.status_code, "choose at least one" in refused.text) == (422, True)
    assert not site.parts.administration.api_tokens.all().tokens


@pytest.mark.proves("AZ3")
def test_a_field_that_nobody_asked_for_is_refused(site: Any, charlie: Any) -> None:
    assert charlie.post(PAGE, CHOSEN | {"account": "bob"}).status_code == 422
    assert not site.parts.administration.api_tokens.all().tokens


def test_a_token_is_made_by_a_fresh_login_alone(site: Any, charlie: Any) -> None:
    site.pass_time(minutes=4)
    charlie.get("/account/")
    for _ in range(9):
        site.pass_time(minutes=4)
        charlie.get("/account/")
    answer = charlie.get(PAGE)
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/confirm")
