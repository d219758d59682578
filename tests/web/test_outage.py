"""Redis or SQL away: nobody is let in, nobody is logged out, and everybody is told the truth."""

import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from dvauth.housekeeping import Housekeeping


def _within_seconds(seconds: float, true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.proves("HP7", "HP2", "CO23")
def test_hanging_redis_lets_nobody_in_and_logs_nobody_out(frail_site: Any, frail_redis: Any, capsys: Any) -> None:
    bob = frail_site.browser()
    bob.log_in("bob")
    bob.enter(f"{frail_site.desk}/editor")
    frail_redis.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    answers = [
        bob.fetch("/session"),
        bob.keep_alive("prompt"),
        bob.get("/account/"),
        bob.get("/login"),
        frail_site.browser().get("/login"),
    ]
    assert time.monotonic() - began < 1
    for answer in answers:
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Cache-Control"] == "no-store"
        assert "__Host-dvauth=" not in answer.headers.get("Set-Cookie", "")
    verified = bob.verify()
    assert (verified.status_code, verified.headers["X-DVAuth-Reason"]) == (403, "unavailable")
    assert bob.get("/health/live").status_code == 200
    frail_redis.send_signal(signal.SIGCONT)
    assert _within_seconds(5, lambda: bob.fetch("/session").get_json().get("state") == "active")
    assert bob.verify().status_code == 200
    assert capsys.readouterr().out.count('"sys_store_unavailable"') == 1


def test_login_refused_by_an_outage_is_no_failed_attempt(frail_site: Any, frail_redis: Any) -> None:
    bob = frail_site.browser()
    token = bob.token("/login")
    form = {"username": "bob", "password": "wrong", "csrf_token": token}
    frail_redis.send_signal(signal.SIGSTOP)
    for _ in range(10):
        answer = bob.client.post("/login", base_url=frail_site.centre, data=form, headers={"Origin": frail_site.centre})
        assert answer.status_code == 503
    frail_redis.send_signal(signal.SIGCONT)
    assert _within_seconds(5, lambda: bob.get("/login").status_code == 200)
    assert bob.log_in("bob").status_code == 303


@pytest.mark.proves("AT3")
def test_logout_during_an_outage_is_said_to_wait_and_carried_out_later(frail_site: Any, frail_redis: Any) -> None:
    bob = frail_site.browser()
    bob.log_in("bob")
    cookie = bob.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    token = bob.token("/account/")
    frail_redis.send_signal(signal.SIGSTOP)
    answer = bob.client.post(
        "/logout", base_url=frail_site.centre, data={"csrf_token": token}, headers={"Origin": frail_site.centre}
    )
    assert answer.status_code == 503
    assert "__Host-dvauth=;" in answer.headers["Set-Cookie"]
    frail_redis.send_signal(signal.SIGCONT)
    thief = frail_site.script()
    stolen = {"Cookie": f"__Host-dvauth={cookie}"}
    assert _within_seconds(5, lambda: thief.fetch("/session", headers=stolen).status_code == 200)
    Housekeeping(frail_site.parts).round()
    ended = thief.fetch("/session", headers=stolen).get_json()
    assert ended == {"state": "ended", "reason": "logout"}


@pytest.mark.proves("AT6")
def test_redis_that_lost_its_data_is_not_trusted_before_ends_are_repeated(frail_site: Any, frail_redis: Any) -> None:
    bob = frail_site.browser()
    bob.log_in("bob")
    (record,) = frail_site.parts.keeper.sessions_of(frail_site.people["bob"].id)
    client = frail_site.parts.connection.client
    key = f"dvauth:{{{record.ref.bucket}}}:session:{record.ref.session_id}"
    saved = client.hgetall(key)
    cookie = bob.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    bob.post("/logout", {}, page="/account/")
    # As after a restart that lost the last second: the session is back, and what was published is another run's.
    client.hset(key, mapping=saved)
    client.delete(f"dvauth:{{{record.ref.bucket}}}:ended:{record.ref.session_id}")
    client.hset("dvauth:policy", "run_id", "another")
    frail_site.parts.watch.beat()
    thief = frail_site.script()
    ended = thief.fetch("/session", headers={"Cookie": f"__Host-dvauth={cookie}"}).get_json()
    assert ended == {"state": "ended", "reason": "logout"}


@pytest.mark.proves("CO18")
def test_sql_away_stops_logins_and_nothing_else(site: Any) -> None:
    bob = site.browser()
    bob.log_in("bob")
    token = bob.token("/account/")
    site.parts.database.close()
    (site.parts.settings.data_dir / "dvauth.sqlite3").rename(site.parts.settings.data_dir / "gone")
    (site.parts.settings.data_dir / "dvauth.sqlite3").mkdir()
    assert bob.status()["state"] == "active"
    assert bob.keep_alive("prompt").status_code == 200
    stranger = site.browser()
    assert stranger.log_in("alice").status_code == 503
    form, headers = {"csrf_token": token}, {"Origin": site.centre}
    assert bob.client.post("/logout", base_url=site.centre, data=form, headers=headers).status_code == 303
    assert bob.status()["state"] == "anonymous"


def test_empty_redis_judges_nobody_by_looser_rules(frail_site: Any, frail_redis: Any) -> None:
    frail_site.parts.policy_book.change_default(idle_timeout=timedelta(minutes=5))
    bob = frail_site.browser()
    frail_site.parts.connection.client.delete("dvauth:policy")
    frail_site.parts.watch.beat()
    bob.log_in("bob")
    assert bob.status()["idle_remaining_seconds"] == 300
