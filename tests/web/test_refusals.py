"""What somebody was refused stands in the log afterwards: who, from where, and what they wanted."""

import json
from typing import Any

import pytest


@pytest.fixture
def told(site: Any, capsys: Any) -> Any:
    """The lines of one event."""

    def of(event: str) -> list[dict[str, Any]]:
        site.parts.audit.flush()
        lines = (json.loads(line) for line in capsys.readouterr().out.splitlines())
        return [line for line in lines if line["event"] == event]

    return of


@pytest.mark.proves("LG5")
@pytest.mark.parametrize("path", ["/admin/timeouts/", "/admin/audit/", "/admin/accounts/"])
def test_who_wants_what_their_roles_do_not_allow(site: Any, browser: Any, told: Any, path: str) -> None:
    browser.log_in("bob")
    told("authz_fail")
    assert browser.get(path).status_code == 403
    (line,) = told("authz_fail")
    assert (line["level"], line["account"], line["details"]["resource"]) == ("CRITICAL", site.people["bob"].id, path)
    assert line["address"] == "127.0.0.1"


@pytest.mark.proves("LG5")
def test_who_wants_to_end_somebody_elses_session(site: Any, browser: Any, told: Any) -> None:
    alice = site.browser()
    alice.log_in("alice")
    (record,) = site.parts.keeper.sessions_of(site.people["alice"].id)
    browser.log_in("bob")
    told("authz_fail")
    browser.post("/account/sessions", {"end": record.ref.session_id})
    (line,) = told("authz_fail")
    assert (line["level"], line["account"]) == ("CRITICAL", site.people["bob"].id)
    assert alice.status(None)["state"] == "active"


@pytest.mark.proves("LG5")
def test_a_form_without_its_proof(site: Any, browser: Any, told: Any) -> None:
    browser.log_in("bob")
    told("malicious_csrf")
    answer = browser.client.post("/logout", base_url=site.centre, headers={"Origin": "https://evil.test"})
    assert answer.status_code == 403
    (line,) = told("malicious_csrf")
    assert (line["level"], line["address"]) == ("WARN", "127.0.0.1")


@pytest.mark.proves("LG5")
def test_a_page_of_an_unknown_origin(browser: Any, told: Any) -> None:
    assert browser.fetch("/session", origin="https://evil.test").status_code == 403
    (line,) = told("malicious_cors")
    assert (line["level"], line["details"]["origin"]) == ("WARN", "https://evil.test")


@pytest.mark.proves("LG5")
def test_who_used_up_the_attempts_from_an_address(browser: Any, told: Any) -> None:
    for number in range(40):
        browser.log_in(f"person-{number}", "wrong")
    (line,) = told("excess_rate_limit_exceeded")
    assert (line["level"], line["details"]["limit"], line["address"]) == ("WARN", "address", "127.0.0.1")
