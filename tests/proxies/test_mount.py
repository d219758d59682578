"""``/dvauth/`` on a portal's own host: the routes that a portal's host has, and no others."""

import gzip
from typing import Any

import pytest


def test_the_six_routes_answer(site: Any) -> None:
    cookie = site.log_in("editor")
    here = {"Origin": site.url("news", "")}
    keep_alive = {"Content-Type": "application/json"} | here
    assert site.ask("/dvauth/embed.js").headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert site.ask("/dvauth/session", cookie=cookie).json["state"] == "active"
    asked = site.ask("/dvauth/session/keep-alive", keep_alive, method="POST", body=b'{"cause": "prompt"}', cookie=cookie)
    assert (asked.status, asked.json["state"]) == (200, "active")
    assert site.ask("/dvauth/logout", cookie=cookie).status == 200
    begun = site.ask(f"/dvauth/enter?return_to={site.url('news')}")
    assert begun.status == 303
    assert begun.headers["Location"].startswith(f"{site.url('auth')}enter?flow=")
    assert "__Host-dvauth-enter-" in begun.headers["Set-Cookie"]
    assert "no-store" in begun.headers["Cache-Control"]
