"""Who may do what: a table of every route. A route that is not in it fails, and so does one that lets others in."""

from typing import Any

import pytest

from tests.web.test_rules import Rule, _path, _rules

ANYBODY = {
    "/session",
    "/session/keep-alive",
    "/verify",
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
    assert {rule.endpoint for rule in _rules(site)} == ANYBODY | PERSONS | ADMINISTRATORS
    assert len(ANYBODY) + len(PERSONS) + len(ADMINISTRATORS) == len(ANYBODY | PERSONS | ADMINISTRATORS)


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
