"""Whose address it is: what a trusted proxy saw, never what a visitor claims."""

from typing import Any

import pytest

PROXY = "127.0.0.1"  # the site trusts it
STRANGER = "203.0.113.50"


@pytest.mark.proves("AT10", "HP3")
@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        (STRANGER, None, STRANGER),
        (STRANGER, "198.51.100.7", STRANGER),
        (STRANGER, PROXY, STRANGER),
        (PROXY, None, PROXY),
        (PROXY, "198.51.100.7", "198.51.100.7"),
        (PROXY, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (PROXY, f"203.0.113.9, 198.51.100.7, {PROXY}", "198.51.100.7"),
        (PROXY, f"{PROXY}, 198.51.100.7", "198.51.100.7"),
        (PROXY, "2001:db8::7", "2001:db8::7"),
        (PROXY, "198.51.100.7, nowhere", PROXY),
        (PROXY, " , ", PROXY),
    ],
)
def test_address_is_the_last_one_that_no_proxy_of_ours_has(
    site: Any, browser: Any, peer: str, forwarded: str | None, address: str
) -> None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    login = {"username": "bob", "password": site.password}
    answer = browser.post("/login", login, headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert answer.status_code == 303
    (record,) = site.parts.keeper.sessions_of(site.people["bob"].id)
    assert record.origin.address == address
