"""The routes in front of Flask: what must hold of them although no Flask looks after them."""

import re
from typing import Any

import pytest

from dvauth.sessions import keys


@pytest.fixture
def unreadable(site: Any, browser: Any, connection: Any) -> Any:
    """Bob's browser; somebody has broken his session in Redis."""
    browser.log_in("bob")
    browser.enter(f"{site.desk}/editor")
    (record,) = site.parts.keeper.sessions_of(site.people["bob"].id)
    connection.client.hset(keys.session(record.ref), keys.ACTIVITY, "yesterday")
    return browser


@pytest.mark.proves("HP6", "HP8")
def test_unexpected_error_is_a_problem_with_a_number_that_the_portal_may_read(
    site: Any, unreadable: Any, caplog: Any
) -> None:
    answer = unreadable.fetch("/session")
    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Access-Control-Allow-Origin"] == site.news
    number = re.search(r"logged under ([0-9a-f]{16})", answer.get_json()["detail"])
    assert number
    assert f"unexpected error {number[1]}" in caplog.text
    assert "yesterday" in caplog.text
    assert "yesterday" not in answer.text


@pytest.mark.proves("HP8")
def test_unexpected_error_lets_nobody_through(unreadable: Any, caplog: Any) -> None:
    answer = unreadable.verify()
    assert (answer.status_code, answer.headers["X-DVAuth-Reason"]) == (403, "failed")
    assert "unexpected error" in caplog.text


def test_head_is_answered_like_get_without_a_body(browser: Any) -> None:
    head, get = browser.fetch("/session", method="HEAD"), browser.fetch("/session")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert not head.data


@pytest.mark.parametrize("path", ["/session/", "/Session", "/session/keep-alive/", "/verify/"])
def test_only_the_exact_addresses_are_answered(browser: Any, path: str) -> None:
    assert browser.fetch(path).status_code == 404


@pytest.mark.parametrize("size", [1025, 20_000])
def test_large_body_is_refused_unread(browser: Any, size: int) -> None:
    answer = browser.fetch("/session/keep-alive", method="POST", json={"cause": "x" * size})
    assert answer.status_code == 413
    assert answer.content_type == "application/problem+json"


@pytest.mark.proves("HP2")
@pytest.mark.parametrize("method", ["PROPFIND", "POST", "CONNECT", "get"])
def test_verify_refuses_every_other_method_in_a_way_that_nginx_understands(browser: Any, method: str) -> None:
    answer = browser.client.open("/verify", method=method, environ_overrides={"REQUEST_METHOD": method})
    assert (answer.status_code, answer.headers["X-DVAuth-Reason"]) == (403, "wrong-method")


def test_host_of_no_portal_is_not_taken_for_the_centre(site: Any, browser: Any) -> None:
    """As after a portal was removed: its proxy goes on reporting the host."""
    browser.log_in("bob")
    cookie = browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    headers = {"X-Forwarded-Host": "gone.example.vn", "X-Forwarded-Proto": "https", "Cookie": f"__Host-dvauth={cookie}"}
    for path in ("/session", "/login"):
        answer = site.script().client.get(path, base_url="https://gone.example.vn", headers=headers)
        assert answer.status_code == 421
        assert "gone.example.vn was asked for" in answer.get_json()["detail"]


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_proxy_is_trusted_by_the_address_it_has_on_a_dual_stack(site: Any, address: str) -> None:
    headers = {"X-Forwarded-Proto": "https", "Origin": site.news}
    answer = site.script().client.get(
        "/session", base_url="http://auth.example.vn", headers=headers, environ_base={"REMOTE_ADDR": address}
    )
    assert answer.status_code == 200
