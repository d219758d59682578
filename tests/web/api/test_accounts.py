"""Accounts, by programs."""

import re
from typing import Any

import pytest

from tests.web.api.conftest import Ask, Recorded

LINK = re.compile(r"https://auth\.example\.vn/setup/[\w-]{43}")


def added(ask: Ask, username: str = "mai", **fields: Any) -> dict[str, Any]:
    answer = ask("POST", "accounts", {"username": username, **fields})
    assert answer.status_code == 201
    account: dict[str, Any] = answer.json
    return account


@pytest.mark.proves("AZ3", "AZ7")
def test_adds_an_account_whose_owner_chooses_the_password(ask: Ask, site: Any, recorded: Recorded) -> None:
    account = added(ask, name="Mai Nguyễn", roles=["editor", "reader"])
    assert (account["name"], account["roles"], account["has_password"]) == ("Mai Nguyễn", ["editor", "reader"], False)
    assert LINK.fullmatch(account["setup_link"])
    assert site.parts.setup_links.peek(account["setup_link"].rpartition("/")[2]).id == account["id"]
    answer = ask("GET", f"accounts/{account['id']}")
    assert "Mai Nguyễn" in answer.text
    shown = answer.json
    assert shown == {name: value for name, value in account.items() if not name.startswith("setup_link")}
    assert not {"password_hash", "setup_link"} & shown.keys()
    assert [about for about, _ in recorded("user_created")] == [account["id"]]


def test_every_account_is_on_one_page(ask: Ask) -> None:
    for number in range(8):
        added(ask, f"person{number}", roles=["reader"])
    seen, cursor, pages = [], "", 0
    while pages == 0 or cursor:
        page = ask("GET", f"accounts?most=3{cursor and f'&cursor={cursor}'}").json
        seen += [each["username"] for each in page["accounts"]]
        cursor, pages = page["next"], pages + 1
    assert seen == ["alice", "bob", "charlie", *(f"person{number}" for number in range(8))]
    assert pages == 4


def test_is_searched_as_the_page_is(ask: Ask) -> None:
    mai = added(ask, name="Mai Nguyễn", roles=["editor"])
    ask("PUT", f"accounts/{mai['id']}/enabled", {"enabled": False})

    def found(query: str) -> list[str]:
        return [each["username"] for each in ask("GET", f"accounts?{query}").json["accounts"]]

    assert found("text=nguyen") == found("state=disabled") == ["mai"]
    assert found("role=editor") == ["bob", "mai"]
    assert found("role=editor&state=enabled") == ["bob"]
    assert found("text=nobody") == []


def test_a_retry_after_a_lost_answer_adds_no_second_account(ask: Ask, site: Any) -> None:
    body = {"username": "mai", "roles": ["editor"]}
    lost = ask("POST", "accounts", body, Idempotency_Key="mai-1")
    again = ask("POST", "accounts", body, Idempotency_Key="mai-1")
    assert (again.status_code, again.json["id"]) == (201, lost.json["id"])
    assert again.json["setup_link"] != lost.json["setup_link"]
    tokens = [answer.json["setup_link"].rpartition("/")[2] for answer in (lost, again)]
    assert [site.parts.setup_links.peek(token) is not None for token in tokens] == [False, True]
    other = ask("POST", "accounts", {**body, "username": "lan"}, Idempotency_Key="mai-1")
    assert other.status_code == 422
    assert "“mai-1” was used for another request" in other.json["detail"]
    assert ask("POST", "accounts", body).status_code == 409
    assert ask("POST", "accounts", body, Idempotency_Key="mai-2").status_code == 409


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 201])
def test_a_key_is_what_the_description_says(ask: Ask, key: str) -> None:
    """Else two programs that have none, or one cut off, would have the same."""
    refused = ask("POST", "accounts", {"username": "mai"}, Idempotency_Key=key)
    assert (refused.status_code, "1 to 200 visible" in refused.json["detail"]) == (422, True)
    assert ask("POST", "accounts", {"username": "mai"}, Idempotency_Key="x" * 200).status_code == 201


def test_a_refused_request_uses_no_key_up(ask: Ask) -> None:
    assert ask("POST", "accounts", {"username": "alice"}, Idempotency_Key="one").status_code == 409
    assert ask("POST", "accounts", {"username": "alina"}, Idempotency_Key="one").status_code == 201


@pytest.mark.proves("AZ7")
def test_changes_one_thing_at_a_time(ask: Ask, site: Any, recorded: Recorded) -> None:
    alice = site.people["alice"]
    site.browser().log_in("alice")
    path = f"accounts/{alice.id}"
    assert ask("PUT", f"{path}/name", {"name": "An"}).json["name"] == "An"
    assert ask("PUT", f"{path}/roles", {"roles": ["editor"]}).json["roles"] == ["editor"]
    assert ask("PUT", f"{path}/enabled", {"enabled": False}).json["enabled"] is False
    assert not site.parts.keeper.sessions_of(alice.id)
    assert ask("PUT", f"{path}/enabled", {"enabled": True}).json["enabled"] is True
    assert LINK.fullmatch(ask("POST", f"{path}/invitation").json["setup_link"])
    told = [(about, details["change"]) for about, details in recorded("user_updated")]
    assert told == [
        (alice.id, "setup link issued"),
        (alice.id, "enabled"),
        (alice.id, "disabled"),
        (alice.id, "renamed"),
    ]
    ((about, details),) = recorded("authz_change")
    assert (about, details["before"], details["after"]) == (alice.id, "reader", "editor")


@pytest.mark.proves("AZ7", "TE4")
def test_helps_people_in_and_out(ask: Ask, site: Any, recorded: Recorded) -> None:
    bob, browser = site.people["bob"], site.browser()
    browser.log_in("bob", "not his password")
    assert ask("POST", f"accounts/{bob.id}/unlock").json == {"failures": 1}
    assert ask("POST", f"accounts/{bob.id}/unlock").json == {"failures": 0}
    browser.log_in("bob")
    assert ask("POST", f"accounts/{bob.id}/end-sessions").status_code == 200
    assert browser.status()["reason"] == "revoked"
    assert [details["change"] for _, details in recorded("user_updated")] == ["sessions ended", "unlocked", "unlocked"]


@pytest.mark.proves("AZ1")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "accounts", {"username": "mai", "roles": ["editor", "admin"]}),
        ("PUT", "accounts/{bob}/roles", {"roles": ["admin"]}),
        ("PUT", "accounts/{dora}/roles", {"roles": ["editor"]}),
        ("PUT", "accounts/{dora}/name", {"name": "Mai"}),
        ("PUT", "accounts/{dora}/enabled", {"enabled": False}),
        ("PUT", "accounts/{dora}/enabled", {"enabled": True}),
        ("POST", "accounts/{dora}/invitation", None),
        ("POST", "accounts/{dora}/unlock", None),
        ("POST", "accounts/{charlie}/invitation", None),
    ],
)
def test_a_program_does_not_become_an_administrator(ask: Ask, site: Any, method: str, path: str, body: Any) -> None:
    """By no account that it makes, promotes, or has a link of; nor does it lock administrators out."""
    site.people["dora"] = site.parts.accounts.add("dora", roles=["admin"])
    before = ask("GET", "accounts").json
    refused = ask(method, path.format(**{name: account.id for name, account in site.people.items()}), body)
    assert (refused.status_code, "setup_link" in refused.text) == (403, False)
    assert "No program" in refused.json["detail"]
    assert ask("GET", "accounts").json == before


def test_a_retry_has_no_link_of_an_account_that_administers_by_now(ask: Ask, site: Any) -> None:
    body = {"username": "mai", "roles": ["editor"]}
    mai = ask("POST", "accounts", body, Idempotency_Key="mai-1").json["id"]
    site.parts.accounts.set_roles(mai, ["admin"])
    assert ask("POST", "accounts", body, Idempotency_Key="mai-1").status_code == 403


@pytest.mark.proves("AZ3")
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field", "said"),
    [
        ("POST", "accounts", {"username": "mai", "is_admin": True}, 422, "is_admin", '"is_admin" is true'),
        ("POST", "accounts", {"username": "mai", "password": "x" * 20}, 422, "password", "no such field"),
        ("PUT", "accounts/{bob}/name", {"name": "B", "roles": ["admin"]}, 422, "roles", "no such field"),
        ("POST", "accounts", {}, 422, "username", "Missing"),
        ("POST", "accounts", {"username": 7}, 422, "username", '"username" is 7: Not a valid string.'),
        ("POST", "accounts", {"username": "x", "roles": ["editor", 1]}, 422, "roles.1", '"roles.1" is 1'),
        ("POST", "accounts", {"username": "a b"}, 422, None, "“a b” cannot be a username"),
        ("POST", "accounts", {"username": "BOB"}, 409, None, "already an account “BOB”"),
        ("POST", "accounts", {"username": "mai", "roles": ["king"]}, 422, None, "There is no role “king”"),
        ("PUT", "accounts/{bob}/enabled", {"enabled": "no"}, 422, "enabled", '"enabled" is "no"'),
        ("PUT", "accounts/{bob}/name", {"name": " "}, 422, None, "cannot be a name"),
        ("GET", "accounts/0123456789ab", None, 404, None, "There is no account “0123456789ab”"),
        ("GET", "accounts/%00", None, 400, None, "the character NUL"),
        ("GET", "accounts?most=0", None, 422, "most", '"most" is "0"'),
        ("GET", "accounts?rolle=admin", None, 422, "rolle", '"rolle" is "admin"'),
        ("GET", "accounts?text=%00", None, 400, None, "the character NUL"),
        ("POST", "accounts", {"username": "\ud800"}, 422, "username", "a character that cannot be kept"),
        ("POST", "accounts", ["mai"], 422, "", "Send a JSON object"),
    ],
)
def test_says_what_is_wrong(
    ask: Ask, site: Any, method: str, path: str, body: Any, status: int, field: str | None, said: str
) -> None:
    refused = ask(method, path.format(bob=site.people["bob"].id), body)
    assert refused.status_code == status
    assert said in refused.json["detail"]
    assert [each["field"] for each in refused.json.get("errors", [])] == ([] if field is None else [field])
