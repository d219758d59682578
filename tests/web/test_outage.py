"""Redis or SQL away: nobody is let in, nobody is logged out, and everybody is told the truth."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
import redis

from dvauth.parts import utc_now
from dvauth.sessions import keys
from dvauth.sessions.check import Active, Ended
from dvauth.storage.redis import connect
from tests.waiting import eventually


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
    assert eventually(lambda: bob.fetch("/session").get_json().get("state") == "active")
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
    assert eventually(lambda: bob.get("/login").status_code == 200)
    assert bob.log_in("bob").status_code == 303


def test_portals_page_may_read_that_redis_is_away_and_when_to_ask_again(frail_site: Any, frail_redis: Any) -> None:
    bob = frail_site.browser()
    bob.log_in("bob")
    frail_redis.send_signal(signal.SIGSTOP)
    assert eventually(lambda: bob.fetch("/session").status_code == 503)
    for answer in (bob.fetch("/session"), bob.keep_alive("prompt")):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert answer.headers["Access-Control-Allow-Origin"] == frail_site.news
        assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"
    assert bob.fetch("/session/keep-alive", method="OPTIONS").status_code == 204
    assert "Access-Control-Allow-Origin" not in bob.fetch("/session", origin="https://evil.test").headers


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
    assert eventually(lambda: thief.fetch("/session", headers=stolen).status_code == 200)
    frail_site.keep_house()
    ended = thief.fetch("/session", headers=stolen).get_json()
    assert ended == {"state": "ended", "reason": "logout"}


def test_late_logout_by_a_secret_of_before_ends_nothing(site: Any, browser: Any) -> None:
    """Or an old, stolen cookie could log somebody out once Redis was away."""
    browser.log_in("bob")
    old = browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    current = site.parts.keeper.rotate(old)
    site.parts.standing_ends.log_out_later(old)
    site.parts.standing_ends.log_out_late()
    assert isinstance(site.parts.keeper.check(current), Active)
    assert site.parts.late_logouts.waiting() == []
    site.parts.standing_ends.log_out_later(old)
    site.parts.standing_ends.log_out_later(current)
    site.parts.standing_ends.log_out_late()
    assert isinstance(site.parts.keeper.check(current), Ended)


def test_late_logout_by_the_secret_of_a_portals_host_ends_the_session(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    credential = site.parts.signer.read(browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value)
    desk = site.parts.portal_directory().by_slug("desk")
    site.parts.standing_ends.log_out_later(site.parts.keeper.attach(credential, desk))
    site.parts.standing_ends.log_out_late()
    assert browser.status() == {"state": "ended", "reason": "logout"}


def test_logout_that_could_not_even_be_noted_says_so(frail_site: Any, frail_redis: Any) -> None:
    bob = frail_site.browser()
    bob.log_in("bob")
    token = bob.token("/account/")
    frail_redis.send_signal(signal.SIGSTOP)
    frail_site.parts.database.close()
    file = frail_site.parts.settings.data_dir / "dvauth.sqlite3"
    file.rename(file.with_suffix(".away"))
    file.mkdir()
    form, headers = {"csrf_token": token}, {"Origin": frail_site.centre}
    answer = bob.client.post("/logout", base_url=frail_site.centre, data=form, headers=headers)
    frail_redis.send_signal(signal.SIGCONT)
    assert answer.status_code == 503
    assert "chỉ kết thúc khi không có ai sử dụng" in answer.text


@pytest.mark.proves("CO18")
def test_locked_sql_keeps_no_logout_waiting_while_redis_is_away(frail_site: Any, frail_redis: Any) -> None:
    """Nor is it said to be noted: once SQL had refused, nothing tries again."""
    bob = frail_site.browser()
    bob.log_in("bob")
    token = bob.token("/account/")
    form, headers = {"csrf_token": token}, {"Origin": frail_site.centre}
    frail_redis.send_signal(signal.SIGSTOP)
    with frail_site.parts.database.session() as sql:
        sql.connection().exec_driver_sql("DELETE FROM audit")  # takes the lock for writing
        began = time.monotonic()
        answer = bob.client.post("/logout", base_url=frail_site.centre, data=form, headers=headers)
        waited = time.monotonic() - began
    frail_redis.send_signal(signal.SIGCONT)
    assert waited < 2
    assert answer.status_code == 503
    assert "chỉ kết thúc khi không có ai sử dụng" in answer.text
    assert frail_site.parts.late_logouts.waiting() == []


@pytest.fixture
def restart(frail_site: Any, frail_redis: Any) -> Iterator[Callable[[], None]]:
    """Starts the site's Redis again, with the data that it saved last. Nobody watches it from then on."""
    with ExitStack() as servers:

        def restart() -> None:
            frail_site.parts.watch.close()
            frail_redis.kill()
            frail_redis.wait()
            server = servers.enter_context(subprocess.Popen(frail_redis.args, stdout=subprocess.DEVNULL))
            servers.callback(server.kill)
            with connect(frail_site.parts.settings.redis_url) as client:
                assert eventually(lambda: _answers(client), within=10)

        yield restart


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


@pytest.mark.proves("AT6")
def test_redis_restarted_with_older_data_is_not_asked_before_ends_are_repeated(
    frail_site: Any, restart: Callable[[], None]
) -> None:
    bob, thief = frail_site.browser(), frail_site.script()
    bob.log_in("bob")
    cookie = {"Cookie": f"__Host-dvauth={bob.client.get_cookie('__Host-dvauth', domain='auth.example.vn').value}"}
    frail_site.parts.connection.client.save()
    bob.post("/logout", {}, page="/account/")
    assert frail_site.parts.policies()
    restart()
    assert thief.fetch("/session", headers=cookie).status_code == 503
    frail_site.parts.watch.beat()
    assert thief.fetch("/session", headers=cookie).get_json() == {"state": "ended", "reason": "logout"}


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


@pytest.mark.proves("CO18")
def test_locked_sql_keeps_no_logout_waiting(site: Any) -> None:
    bob = site.browser()
    bob.log_in("bob")
    (record,) = site.parts.keeper.sessions_of(site.people["bob"].id)
    token = bob.token("/account/")
    form, headers = {"csrf_token": token}, {"Origin": site.centre}
    with site.parts.database.session() as sql:
        sql.connection().exec_driver_sql("DELETE FROM audit")  # takes the lock for writing
        began = time.monotonic()
        answer = bob.client.post("/logout", base_url=site.centre, data=form, headers=headers)
        assert time.monotonic() - began < 2
    assert answer.status_code == 303
    assert not site.parts.connection.client.exists(keys.session(record.ref))
    journal = site.parts.revocations
    assert eventually(
        lambda: [end.session_id for batch in journal.standing(utc_now()) for end in batch] == [record.ref.session_id]
    )


def test_empty_redis_judges_nobody_by_looser_rules(frail_site: Any, frail_redis: Any) -> None:
    frail_site.parts.policy_book.change_default(idle_timeout=timedelta(minutes=5))
    bob = frail_site.browser()
    frail_site.parts.connection.client.delete("dvauth:policy")
    frail_site.parts.watch.beat()
    bob.log_in("bob")
    assert bob.status()["idle_remaining_seconds"] == 300


def test_page_about_an_error_asks_nobody_again(site: Any, browser: Any) -> None:
    """Whatever it is that keeps the session from being judged."""
    browser.log_in("bob")
    client = site.parts.connection.client
    (record,) = site.parts.keeper.sessions_of(site.people["bob"].id)
    client.hset(keys.session(record.ref), keys.ACTIVITY, "no moment at all")
    asked = browser.get("/account/")
    assert asked.status_code == 500
    assert "text/html" in asked.headers["Content-Type"]
    assert browser.get("/nowhere").status_code == 404


@pytest.mark.proves("HP7")
def test_locked_sql_keeps_no_answer_waiting_for_its_audit_row(frail_site: Any, frail_redis: Any) -> None:
    bob, thief, centre = frail_site.browser(), frail_site.script(), frail_site.centre
    bob.log_in("bob")
    cookie = {"Cookie": f"__Host-dvauth={bob.client.get_cookie('__Host-dvauth', domain='auth.example.vn').value}"}
    bob.post("/logout", {}, page="/account/")
    with frail_site.parts.database.session() as sql:
        sql.connection().exec_driver_sql("DELETE FROM audit")  # takes the lock for writing
        began = time.monotonic()
        assert bob.client.post("/login", base_url=centre, headers={"Origin": "https://evil.test"}).status_code == 403
        assert bob.fetch("/session", origin="https://evil.test").status_code == 403
        assert thief.get("/account/", headers=cookie).status_code == 303
        frail_redis.send_signal(signal.SIGSTOP)
        assert thief.get("/login", headers=cookie).status_code == 503
        assert time.monotonic() - began < 1
