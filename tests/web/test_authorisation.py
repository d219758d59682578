"""Who may do what: a table of every route. A route that is not in it fails, and so does one that lets others in."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from dvauth.administration.actor import Actor
from dvauth.administration.api_tokens import Issued
from dvauth.api_tokens.models import ApiTokenRow
from dvauth.api_tokens.token import Scope
from dvauth.audit.trail import Wanted
from dvauth.web.way_back import own_page
from tests.web.test_rules import UNSAFE, Rule, _path, _rules

ANYBODY = {
    "/session",
    "/session/keep-alive",
    "/verify",
    "api-docs.openapi_json",
    "bootstrap.static",
    "embed.current",
    "embed.frozen",
    "enter.handshake",
    "health.live",
    "health.ready",
    "login.confirm_logout",
    "login.form",
    "login.log_in",
    "login.log_out",
    "login.logged_out",
    "login.start",
    "setup.choose",
    "setup.save",
    "static",
}
PERSONS = {
    "account.change_password",
    "account.end_sessions",
    "account.password",
    "account.profile",
    "account.sessions",
    "confirm.form",
    "confirm.prove",
}
ADMINISTRATORS = {
    "account_import.choose",
    "account_import.look_or_add",
    "accounts.add",
    "accounts.change",
    "accounts.export",
    "accounts.invite",
    "accounts.new",
    "accounts.overview",
    "accounts.rename",
    "accounts.set_roles",
    "accounts.show",
    "audit.export",
    "audit.overview",
    "dashboard.overview",
    "portals.add",
    "portals.back",
    "portals.change",
    "portals.change_look",
    "portals.confirm_removal",
    "portals.look_for_tag",
    "portals.overview",
    "portals.remove",
    "portals.show",
    "prompt_preview.index",
    "prompt_preview.keep_alive",
    "prompt_preview.login",
    "prompt_preview.script",
    "prompt_preview.show",
    "prompt_preview.status",
    "sessions.confirm_end",
    "sessions.end",
    "sessions.end_all",
    "sessions.overview",
    "timeouts.change",
    "timeouts.choose_assurance",
    "timeouts.choose_role",
    "timeouts.edit",
    "timeouts.explained",
    "timeouts.look_at_taking_back",
    "timeouts.overview",
    "timeouts.progress",
    "timeouts.take_back",
    "timeouts.use_preset",
    "tokens.add",
    "tokens.confirm_revocation",
    "tokens.overview",
    "tokens.revoke",
}

# By the scope that the token must have.
PROGRAMS = {
    "accounts:read": {"api_accounts.search", "api_accounts.show"},
    "accounts:write": {
        "api_accounts.add",
        "api_accounts.invite",
        "api_accounts.rename",
        "api_accounts.set_enabled",
        "api_accounts.set_roles",
        "api_accounts.unlock",
    },
    "sessions:read": {"api_sessions.search"},
    "sessions:write": {"api_accounts.end_sessions", "api_sessions.end", "api_sessions.end_many"},
    "portals:read": {"api_portals.overview", "api_portals.show"},
    "portals:write": {
        "api_portals.change",
        "api_portals.change_look",
        "api_portals.look_for_tag",
        "api_portals.put",
        "api_portals.remove",
    },
    "timeouts:read": {
        "api_timeouts.changes",
        "api_timeouts.effective",
        "api_timeouts.impact",
        "api_timeouts.overview",
    },
    "timeouts:write": {"api_timeouts.change", "api_timeouts.take_back"},
    "audit:read": {"api_audit.export", "api_audit.search"},
    "statistics:read": {"api_statistics.overview"},
}


def routes(site: Any, endpoints: set[str]) -> list[tuple[Rule, str]]:
    """Each route of these, with each of its methods."""
    return [
        (rule, method)
        for rule in _rules(site)
        if rule.endpoint in endpoints
        for method in sorted(rule.methods & {"GET", "POST"})
    ]


def ask(site: Any, browser: Any, rule: Rule, method: str, token: str) -> tuple[int, str]:
    """The status, and where it leads. With the form token of this browser, so that nothing but the role decides."""
    headers = site.navigation | ({"Origin": site.centre, "Sec-Fetch-Site": "same-origin"} if method == "POST" else {})
    data = {"csrf_token": token} if method == "POST" else None
    answer = browser.client.open(_path(rule), method=method, base_url=site.centre, headers=headers, data=data)
    answer.get_data()
    answer.close()
    return answer.status_code, answer.headers.get("Location", "")


@pytest.mark.proves("AZ1")
def test_every_route_stands_in_the_table_once(site: Any) -> None:
    tables = [ANYBODY, PERSONS, ADMINISTRATORS, *PROGRAMS.values()]
    assert {rule.endpoint for rule in _rules(site)} == set.union(*tables)
    assert sum(map(len, tables)) == len(set.union(*tables))


@pytest.mark.proves("AZ1")
def test_strangers_are_sent_to_the_login(site: Any) -> None:
    stranger = site.browser()
    token = stranger.token("/login")
    for rule, method in routes(site, PERSONS | ADMINISTRATORS):
        status, leads_to = ask(site, stranger, rule, method, token)
        assert (status, leads_to.partition("?")[0]) == (303, "/login"), (rule, method)


@pytest.mark.proves("AZ1")
@pytest.mark.parametrize("name", ["alice", "bob"])
def test_only_administrators_come_into_the_administration(site: Any, name: str) -> None:
    browser = site.browser()
    browser.log_in(name)
    token = browser.token("/account/password")
    for rule, method in routes(site, ADMINISTRATORS):
        assert ask(site, browser, rule, method, token)[0] == 403, (rule, method)
    charlie = site.browser()
    charlie.log_in("charlie")
    for rule, method in routes(site, ADMINISTRATORS):
        if method == "GET":
            status, leads_to = ask(site, charlie, rule, method, "")
            assert status != 403, rule
            assert not leads_to.startswith(("/login", "/confirm")), rule


def test_whoever_asked_for_a_page_of_the_administration_gets_there(site: Any) -> None:
    """By the login, and from plain HTTP."""
    by_http = site.navigation | {"X-Forwarded-Proto": "http"}
    pages = {rule.rule for rule, method in routes(site, ADMINISTRATORS) if method == "GET" and "<" not in rule.rule}
    with site.app.test_request_context():
        assert {page for page in pages if own_page(page) == page} == pages
    for page in pages:
        answer = site.browser().client.get(page, base_url=site.centre, headers=by_http)
        assert (answer.status_code, answer.headers.get("Location")) == (308, f"{site.centre}{page}")


def program(site: Any, *scopes: str, owner: str = "charlie") -> tuple[Issued, Callable[..., TestResponse]]:
    """A token with these scopes, and a program that asks with it."""
    desk = site.parts.administration.api_tokens
    issued = desk.add(Actor("cli"), owner, name="a program", scopes=scopes, lasts=timedelta(days=1))
    return issued, partial(asked, site, issued.text)


def asked(site: Any, token: str, rule: Rule, method: str) -> TestResponse:
    """What a program is answered, which has no cookies; what it sends fits no route, so that nothing is changed."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    client = site.app.test_client(use_cookies=False)
    answer: TestResponse = client.open(
        _path(rule), method=method, base_url=site.centre, headers=headers, json={"unheard-of": 1}
    )
    return answer


def operations(site: Any) -> Iterator[tuple[Rule, str, str]]:
    """Each route of the API with each of its methods, and the scope that it needs."""
    for scope, endpoints in PROGRAMS.items():
        for rule in _rules(site):
            if rule.endpoint in endpoints:
                for method in sorted(rule.methods & {"GET", *UNSAFE}):
                    yield rule, method, scope


@pytest.mark.proves("AZ1")
def test_a_token_opens_what_its_scopes_say_and_nothing_else(site: Any) -> None:
    programs = {scope: program(site, scope)[1] for scope in Scope}
    assert set(PROGRAMS) <= set(Scope)
    for rule, method, needed in operations(site):
        for scope, ask_with in programs.items():
            answer = ask_with(rule, method)
            assert answer.status_code < 500, (rule, method, answer.text)
            assert (answer.status_code != 403) is (scope == needed), (rule, method, scope)
            if scope != needed:
                assert answer.json["scope"] == needed
                assert f'error="insufficient_scope", scope="{needed}"' in answer.headers["WWW-Authenticate"]


@pytest.mark.proves("AZ1", "AZ4", "HP6")
def test_no_wrong_and_ended_tokens_open_nothing(site: Any) -> None:
    for name in ("dora", "eve"):
        site.people[name] = site.parts.accounts.add(name, roles=["admin"])
    revoked, with_revoked = program(site, *Scope)
    expired, with_expired = program(site, *Scope)
    _, with_demoted = program(site, *Scope, owner="dora")
    _, with_disabled = program(site, *Scope, owner="eve")
    desk = site.parts.administration.api_tokens
    desk.revoke(Actor("cli"), revoked.token.id)
    with site.parts.database.session() as sql:
        past = expired.token.created_at - timedelta(seconds=1)
        sql.execute(update(ApiTokenRow).where(ApiTokenRow.id == expired.token.id).values(expires_at=past))
    site.parts.accounts.set_roles(site.people["dora"].id, ["editor"])
    site.parts.accounts.disable(site.people["eve"].id)
    wrong = [partial(asked, site, text) for text in ("x", f"{expired.text[:-1]}!", "dvauth_0123456789ab_" + "x" * 43)]
    for rule, method, _scope in operations(site):
        nobody = asked(site, "", rule, method)
        assert (nobody.status_code, nobody.headers["WWW-Authenticate"]) == (401, 'Bearer realm="dvauth"')
        told = {
            (each.status_code, each.headers["WWW-Authenticate"], each.text)
            for each in (ask(rule, method) for ask in (with_revoked, with_expired, with_demoted, with_disabled, *wrong))
        }
        assert len(told) == 1, (rule, method)
        ((status, challenge, body),) = told
        assert (status, challenge) == (401, 'Bearer realm="dvauth", error="invalid_token"')
        assert json.loads(body)["status"] == 401


@pytest.mark.proves("SM5", "AZ1")
def test_a_cookie_opens_no_api_and_a_token_no_page(site: Any) -> None:
    charlie = site.browser()
    charlie.log_in("charlie")
    for rule, method, _scope in operations(site):
        assert charlie.client.open(_path(rule), method=method, base_url=site.centre).status_code == 401, (rule, method)
    issued, _ = program(site, *Scope)
    stranger = site.browser()
    bearer = {"Authorization": f"Bearer {issued.text}"}
    for rule, method in routes(site, PERSONS | ADMINISTRATORS):
        answer = stranger.client.open(_path(rule), method=method, base_url=site.centre, headers=bearer)
        assert answer.status_code in {401, 403} or answer.headers["Location"].startswith("/login"), (rule, method)
    assert stranger.fetch("/session", origin=None, headers=bearer).get_json()["state"] == "anonymous"
    assert stranger.verify(Authorization=bearer["Authorization"]).status_code == 401


@pytest.mark.proves("SM5")
@pytest.mark.parametrize(
    "options",
    [
        {"query_string": {"access_token": "{}"}},
        {"query_string": {"token": "{}"}},
        {"headers": {"X-Api-Key": "{}"}},
        {"headers": {"Authorization": "Basic {}"}},
        {"headers": {"Authorization": "{}"}},
        {"headers": {"Cookie": "__Host-dvauth={}"}},
    ],
)
def test_a_token_is_read_from_its_one_header_alone(site: Any, options: dict[str, dict[str, str]]) -> None:
    issued, _ = program(site, *Scope)
    filled = {kind: {name: value.format(issued.text) for name, value in of.items()} for kind, of in options.items()}
    client = site.app.test_client(use_cookies=False)
    assert client.get("/api/v1/accounts", base_url=site.centre, **filled).status_code == 401


@pytest.mark.proves("XO9")
def test_the_api_is_at_the_centre_alone_and_by_no_foreign_page(site: Any) -> None:
    issued, _ = program(site, *Scope)
    bearer = {"Authorization": f"Bearer {issued.text}"}
    for rule, method, _scope in operations(site):
        assert site.browser().on_desk(_path(rule), method=method, headers=bearer).status_code == 404
    preflight = {"Origin": site.news, "Access-Control-Request-Method": "GET"}
    for headers, method in ((preflight, "OPTIONS"), (bearer | {"Origin": site.news}, "GET")):
        answer = site.browser().client.open("/api/v1/accounts", method=method, base_url=site.centre, headers=headers)
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]
        assert "Set-Cookie" not in answer.headers


@pytest.mark.proves("LG5", "LG3")
def test_refusals_are_recorded_and_cannot_fill_the_log(site: Any, capsys: Any) -> None:
    issued, ask_with = program(site, "accounts:write")
    (rule,) = (each for each in _rules(site) if each.endpoint == "api_accounts.search")
    ask_with(rule, "GET")
    for _ in range(20):
        asked(site, f"{issued.text[:-1]}!", rule, "GET")
    site.parts.audit.flush()
    rows = site.parts.audit_trail.newest(Wanted(event="authn_token_fail"))
    assert {(row.address, row.details["reason"]) for row in rows} == {("127.0.0.1", "unknown")}
    assert len(rows) <= 2  # where a new minute began meanwhile
    (refused,) = site.parts.audit_trail.newest(Wanted(event="authz_fail"))
    assert (refused.account, refused.details["token"]) == (issued.token.account_id, issued.token.id)
    assert (refused.details["resource"], refused.details["scope"]) == ("/api/v1/accounts", "accounts:read")
    out = capsys.readouterr().out
    assert out.count('"authn_token_fail"') == 20
    assert issued.text.split("_", 2)[2][:-1] not in out
