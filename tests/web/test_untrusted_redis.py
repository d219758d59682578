"""Whoever writes into Redis may lie to the service; they do not run anything in it."""

import os
import pickle
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dvauth.housekeeping import Housekeeping
from dvauth.sessions.tickets import Ticket, challenge

COOKIE = "__Host-dvauth"


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self._folder,)


def put_everywhere(client: Any, bomb: bytes) -> set[bytes]:
    """In place of every value; the kinds of keys there were."""
    kinds = set()
    for key in client.scan_iter():
        kinds.add(kind := client.type(key))
        if kind == b"string":
            client.set(key, bomb)
        elif kind == b"hash":
            client.hset(key, mapping=dict.fromkeys(client.hkeys(key), bomb))
        elif kind == b"stream":
            client.xadd(key, {"e": bomb})
    return kinds


@pytest.mark.proves("AT19")
def test_nothing_that_stands_in_redis_is_run(site: Any, browser: Any, tmp_path: Path) -> None:
    bob = site.browser()
    bob.log_in("bob")
    ended = bob.client.get_cookie(COOKIE, domain="auth.example.vn").value
    bob.post("/logout", {}, page="/account/")
    browser.log_in("alice")
    credential = site.parts.signer.read(browser.client.get_cookie(COOKIE, domain="auth.example.vn").value)
    news = site.parts.portal_directory().by_slug("news")
    ticket = Ticket(credential=credential, portal_id=news.id, challenge=challenge("n"), return_to="/")
    code = site.parts.tickets.issue(ticket)
    site.browser().log_in("charlie", "wrong")
    site.parts.pauses.note(timedelta(minutes=2))
    site.parts.pauses.hand_in()
    bomb = pickle.dumps(Bomb(tmp_path / "exploded"))
    assert put_everywhere(site.parts.connection.client, bomb) >= {b"string", b"hash", b"stream"}
    for read in (
        browser.status,
        lambda: site.script().fetch("/session", headers={"Cookie": f"{COOKIE}={ended}"}),
        lambda: site.parts.tickets.redeem(code, news, "n"),
        lambda: site.parts.throttle.failures("charlie"),
        site.parts.pauses.counts,
        site.parts.watch.beat,
        Housekeeping(site.parts).round,
    ):
        with suppress(Exception):
            read()
    assert not (tmp_path / "exploded").exists()
    pickle.loads(bomb)
    assert (tmp_path / "exploded").exists()  # so it would have
