"""Sessions of other people, by programs."""

from typing import Any

import pytest

from tests.web.api.conftest import Ask, Recorded


@pytest.fixture
def alice(site: Any) -> Any:
    """Her browser, where she is logged in; Bob is, too, twice."""
    alice, bob = site.browser(), site.browser()
    bob.log_in("bob")
    site.browser().log_in("bob")
    site.pass_time(seconds=1)
    alice.log_in("alice")
    site.keep_house()
    return alice


def found(ask: Ask, query: str = "") -> list[dict[str, Any]]:
    sessions: list[dict[str, Any]] = ask("GET", f"sessions?{query}").json["sessions"]
    return sessions


@pytest.mark.proves("AZ3")
def test_finds_them_as_the_page_does(ask: Ask, site: Any, alice: Any) -> None:
    assert [each["username"] for each in found(ask)] == ["alice", "bob", "bob"]
    (hers,) = found(ask, "account=alice")
    assert hers["account_id"] == site.people["alice"].id
    assert found(ask, "address=127.0.0.1") == found(ask)
    assert found(ask, "address=192.0.2.1") == found(ask, "portal=news") == []
    cookie = alice.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    assert cookie.split(".")[2] not in str(found(ask))


def test_every_session_is_on_one_page(ask: Ask, alice: Any) -> None:
    first = ask("GET", "sessions?most=2").json
    second = ask("GET", f"sessions?most=2&cursor={first['next']}").json
    assert [len(first["sessions"]), len(second["sessions"])] == [2, 1]
    assert second["next"] is None
    assert first["sessions"] + second["sessions"] == found(ask)


@pytest.mark.proves("TE4", "AZ7")
def test_ends_one_all_of_an_account_and_everybodys(ask: Ask, site: Any, alice: Any, recorded: Recorded) -> None:
    (hers,) = found(ask, "account=alice")
    assert ask("DELETE", f"sessions/{hers['id']}").status_code == 204
    assert alice.status()["reason"] == "revoked"
    assert ask("DELETE", f"sessions/{hers['id']}").status_code == 404
    ended = ask("DELETE", "sessions?account=bob")
    assert (ended.status_code, ended.json) == (200, {"sessions": 2, "ended": True})
    alice.log_in("alice")
    assert ask("DELETE", "sessions?portal=news").json == {"sessions": 0, "ended": False}
    ordered = ask("DELETE", "sessions?everybody=true")
    assert (ordered.status_code, ordered.json["ended"]) == (202, False)
    for _ in range(10):  # on a busy machine a round has no time for all of them
        site.keep_house()
    assert alice.status()["reason"] == "revoked"
    assert [details["action"] for _, details in recorded("authz_admin")] == [
        "all sessions ended",
        "sessions of the portal ended",
        "sessions of the account ended",
        "session ended",
    ]


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("DELETE", "sessions", 422, "Give one of account, portal, everybody=true."),
        ("DELETE", "sessions/", 422, "Give one of"),
        ("DELETE", "sessions?account=", 404, "There is no account “”."),
        ("DELETE", "sessions?everybody=false", 422, '"everybody" is "false"'),
        ("DELETE", "sessions?account=bob&everybody=true", 422, "Give one of"),
        ("DELETE", "sessions?portal=nowhere", 404, "There is no portal “nowhere”."),
        ("GET", "sessions?account=bob&device=firefox", 422, "Give one of account, portal, address, device."),
        ("GET", "sessions?account=nobody", 404, "There is no account “nobody”."),
        ("GET", "sessions?cursor=next", 422, "“next” is no cursor"),
    ],
)
def test_says_what_is_wrong_and_ends_nothing(
    ask: Ask, alice: Any, method: str, path: str, status: int, said: str
) -> None:
    refused = ask(method, path)
    assert refused.status_code == status
    assert said in refused.json["detail"]
    assert len(found(ask)) == 3
