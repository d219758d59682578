"""What happens even if nobody asks."""

import json
import threading
import time
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from dvauth.audit.models import AuditRow, RevocationRow
from dvauth.audit.revocations import Revocation
from dvauth.housekeeping import FORGET_AGAIN_SECONDS, Housekeeping
from dvauth.parts import utc_now
from dvauth.sessions import keys
from dvauth.sessions.ending import FORGET_AFTER
from dvauth.sessions.keeper import SessionKeeper
from dvauth.sessions.record import Principal, SessionRef
from dvauth.sessions.schedule import Schedule
from dvauth.storage.redis import StoreUnavailable
from dvauth.storage.sql import LOCK_WAIT
from dvauth.storage.watch import STALE_AFTER_SECONDS
from dvauth.timeouts.judge import Reason
from dvauth.timeouts.policy import LONGEST_ABSOLUTE
from tests.waiting import eventually


def _recorded(site: Any, account: str) -> list[tuple[str, Any]]:
    """The account's events in SQL, oldest first, with the reason if there is one."""
    with site.parts.database.session() as sql:
        rows = sql.scalars(select(AuditRow).where(AuditRow.account == account).order_by(AuditRow.at)).all()
        return [(row.event, row.details.get("reason")) for row in rows if row.event.startswith("session_")]


@pytest.mark.proves("LG2", "TO1")
def test_idle_end_is_recorded_although_nobody_asked(site: Any, browser: Any, capsys: Any) -> None:
    browser.log_in("bob")
    site.pass_time(minutes=14, seconds=30)
    browser.keep_alive("prompt")
    site.pass_time(minutes=15)
    capsys.readouterr()
    site.keep_house()
    site.keep_house()
    assert _recorded(site, site.people["bob"].id) == [
        ("session_created", None),
        ("session_renewed", None),
        ("session_expired", "idle"),
    ]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["session_created", "session_renewed", "session_expired"]
    assert lines[2]["details"] == {"reason": "idle"}
    assert len({line["session"] for line in lines}) == 1


@pytest.mark.proves("LG2", "TE1")
def test_logout_is_told_from_a_timeout(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    browser.post("/logout", {}, page="/account/")
    site.keep_house()
    assert _recorded(site, site.people["bob"].id)[-1] == ("session_logout", "logout")


def test_session_that_a_shortened_timeout_ends_is_found_by_the_sweep(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    keeping = Housekeeping(site.parts)
    keeping.round()
    site.pass_time(minutes=5)
    site.change_default(idle_timeout=300)
    keeping.round()
    keeping.round()
    assert _recorded(site, site.people["bob"].id)[-1] == ("session_expired", "idle")


def test_session_that_a_lengthened_timeout_keeps_is_kept(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    keeping = Housekeeping(site.parts)
    keeping.round()
    site.change_default(idle_timeout=3600)
    site.pass_time(minutes=30)
    keeping.round()
    assert browser.status()["idle_remaining_seconds"] == 1800


def test_publication_that_redis_lost_or_missed_is_mended(site: Any) -> None:
    client = site.parts.connection.client
    client.hset("dvauth:policy", mapping={"revision": 0, "policies": "{}"})
    site.keep_house()
    site.parts.watch.beat()
    assert site.parts.policies().default.idle_timeout == timedelta(minutes=15)


def test_login_by_the_timeouts_of_before_is_scheduled_by_those_in_force(site: Any) -> None:
    """A process may go by the policies of before for two seconds, so what is swept at once may miss its logins."""
    waited = 0.0
    keeping = Housekeeping(site.parts, lambda: time.monotonic() + waited)
    before = site.parts.policies()
    elsewhere = SessionKeeper(site.parts.store, site.parts.signer, site.clock, lambda: before, lambda _: None)
    site.change_default(idle_timeout=300)
    keeping.round()
    elsewhere.open(Principal(account_id=site.people["bob"].id))
    waited = STALE_AFTER_SECONDS
    keeping.round()
    site.pass_time(minutes=5)
    keeping.round()
    assert _recorded(site, site.people["bob"].id)[-1] == ("session_expired", "idle")


def test_evicted_session_is_journalled(site: Any) -> None:
    site.parts.policy_book.change_default(max_sessions=1)
    site.parts.watch.beat()
    bob = Principal(account_id=site.people["bob"].id)
    oldest = site.parts.keeper.open(bob)
    site.parts.keeper.open(bob)
    site.keep_house()
    assert _journal(site) == {oldest.record.ref.session_id: "evicted"}


def test_end_that_could_not_be_journalled_at_once_is_when_its_event_comes(site: Any) -> None:
    """As when SQL was away. The end of a session that was idle needs no journal: it would be over anyway."""
    opened = [site.parts.keeper.open(Principal(account_id=site.people[name].id)).record for name in ("bob", "alice")]
    while_sql_is_away = SessionKeeper(
        site.parts.store, site.parts.signer, site.clock, site.parts.policies, lambda _: None
    )
    while_sql_is_away.end(opened[0], Reason.REVOKED)
    site.pass_time(minutes=15)
    site.keep_house()
    assert _recorded(site, site.people["alice"].id)[-1] == ("session_expired", "idle")
    assert _journal(site) == {opened[0].ref.session_id: "revoked"}


@pytest.mark.parametrize("told", ["at once", "by its event"])
def test_an_end_is_kept_as_long_as_its_session_could_have_lived(site: Any, told: str) -> None:
    record = site.parts.keeper.open(Principal(account_id=site.people["bob"].id)).record
    journal = site.parts.standing_ends.journal if told == "at once" else lambda _: None
    keeper = SessionKeeper(site.parts.store, site.parts.signer, site.clock, site.parts.policies, journal)
    keeper.end(record, Reason.REVOKED)
    if told == "by its event":
        site.keep_house()
    (kept,) = [end for batch in site.parts.revocations.standing(utc_now()) for end in batch]
    assert kept.forget_after == record.authenticated_at + LONGEST_ABSOLUTE + FORGET_AFTER


def _journal(site: Any) -> dict[str, str]:
    return {end.session_id: end.reason for batch in site.parts.revocations.standing(utc_now()) for end in batch}


TASKS = {
    "sweep": lambda parts: (parts.reaper, "sweep"),
    "reap": lambda parts: (parts.reaper, "reap"),
    "late logouts": lambda parts: (parts.late_logouts, "waiting"),
    "drain": lambda parts: (parts.reaper, "drain"),
    "publish": lambda parts: (parts.publisher, "publish"),
    "settle": lambda parts: (parts.accounts, "settle"),
    "forget": lambda parts: (parts.revocations, "forget"),
}


@pytest.mark.parametrize("task", TASKS)
def test_task_that_fails_keeps_no_other_from_its_work_and_is_done_in_the_next_round(
    site: Any, browser: Any, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    browser.log_in("bob")
    site.change_default(idle_timeout=300)
    site.pass_time(minutes=5)
    site.parts.connection.client.hset("dvauth:policy", mapping={"revision": 0, "portals": "{}"})
    keeping = Housekeeping(site.parts)
    owner, name = TASKS[task](site.parts)
    swept_before = keys.BUCKETS[::-1].index(keys.bucket_of(site.people["bob"].id))
    failing = FailingOnce(getattr(owner, name), after=swept_before if task == "sweep" else 0)
    monkeypatch.setattr(owner, name, failing)
    for _ in range(3):
        keeping.round()
    assert failing.failed
    assert _recorded(site, site.people["bob"].id)[-1] == ("session_expired", "idle")
    assert json.loads(site.parts.connection.client.hget("dvauth:policy", "portals"))


class FailingOnce:
    """A function that fails in the midst of its calls, once."""

    def __init__(self, function: Any, after: int) -> None:
        self._function, self.__name__ = function, function.__name__
        self._left = after
        self.failed = False

    def __call__(self, *args: Any) -> Any:
        self._left -= 1
        if self._left < 0 and not self.failed:
            self.failed = True
            raise StoreUnavailable
        return self._function(*args)


def test_events_wait_while_more_sessions_are_due_to_end_than_a_round_can(site: Any) -> None:
    """The round's clock allows two looks at one bucket each, for ends and for events."""
    accounts = [f"account{number}" for number in range(6)]
    assert len({keys.bucket_of(account) for account in accounts}) == 6
    for account in accounts:
        site.parts.keeper.open(Principal(account_id=account))
    site.pass_time(minutes=15)
    keeping, schedule = Housekeeping(site.parts, map((0.3).__mul__, count()).__next__), Schedule(site.parts.connection)
    left = []
    for _ in range(4):
        keeping.round()
        left.append((len(schedule.due(site.clock.now(), 1)), len(schedule.waiting_events())))
    assert left == [(4, 5), (2, 4), (0, 3), (0, 1)]


def test_bucket_that_cannot_be_swept_keeps_no_other_waiting(site: Any, browser: Any) -> None:
    """A timeout of minutes was shortened, so without the sweep bob's end would be looked for too late."""
    browser.log_in("bob")
    client, last = site.parts.connection.client, keys.BUCKETS[-1]
    assert keys.bucket_of(site.people["bob"].id) != last
    unreadable = SessionRef(last, "unreadable")
    client.hset(keys.session(unreadable), mapping={"a": "a", "c": "1", "f": "1", "t": "yesterday"})
    client.zadd(keys.due(last), {unreadable.session_id: 1e15})
    keeping = Housekeeping(site.parts)
    site.change_default(idle_timeout=300)
    site.pass_time(minutes=5)
    keeping.round()
    assert _recorded(site, site.people["bob"].id)[-1] == ("session_expired", "idle")
    client.hset(keys.session(unreadable), keys.ACTIVITY, 1)
    keeping.round()
    assert not client.zscore(keys.due(last), unreadable.session_id)


def test_forgetting_that_failed_does_not_wait_for_the_next_hour(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    revocations, waited = site.parts.revocations, 0.0
    keeping = Housekeeping(site.parts, lambda: time.monotonic() + waited)
    monkeypatch.setattr(revocations, "forget", FailingOnce(revocations.forget, after=0))
    long_ago = dict.fromkeys(("ended_at", "forget_after"), utc_now() - timedelta(days=1))

    def forgets() -> bool:
        revocations.add([Revocation(session_id="s", bucket="00", account_id="a", reason="logout", **long_ago)])
        keeping.round()
        with site.parts.database.session() as sql:
            return sql.get(RevocationRow, "s") is None

    assert [forgets() for _ in range(3)] == [False, True, False]
    waited = FORGET_AGAIN_SECONDS
    assert forgets()


def test_one_task_that_fails_keeps_no_other_from_its_work(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    site.pass_time(minutes=15)
    site.parts.database.close()
    database = site.parts.settings.data_dir / "dvauth.sqlite3"
    database.rename(database.with_suffix(".away"))
    database.mkdir()
    site.keep_house()
    assert browser.status() == {"state": "ended", "reason": "idle"}
    database.rmdir()
    database.with_suffix(".away").rename(database)
    site.keep_house()
    assert _recorded(site, site.people["bob"].id)[-1] == ("session_expired", "idle")


@pytest.mark.proves("TO1")
def test_locked_sql_keeps_no_session_from_ending(site: Any, browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.log_in("bob")
    (record,) = site.parts.keeper.sessions_of(site.people["bob"].id)
    waits, ingest, stopped = threading.Event(), site.parts.audit.ingest, threading.Event()
    monkeypatch.setattr(site.parts.audit, "ingest", lambda entries: (waits.set(), ingest(entries)))
    keeping = threading.Thread(target=Housekeeping(site.parts).run, args=(stopped,))
    with site.parts.database.session() as sql:
        sql.connection().exec_driver_sql("DELETE FROM audit")  # takes the lock for writing
        keeping.start()
        assert waits.wait(10)
        site.pass_time(minutes=15)
        ended = eventually(
            lambda: not site.parts.connection.client.exists(keys.session(record.ref)), within=LOCK_WAIT - 1
        )
    stopped.set()
    keeping.join()
    assert ended


@pytest.mark.parametrize(
    "unreadable",
    [
        {"e": "no JSON"},
        {"e": "[]"},
        {"e": '{"event": "session_created", "session": "s", "account": "a", "at": 1e300}'},
        {"e": '{"event": "session_exploded", "session": "s", "account": "a", "at": 1}'},
        {"e": '{"event": "session_logout", "session": null, "account": "a", "at": 1, "forget_after": 2, "reason": ""}'},
        {"other": "1"},
    ],
)
def test_event_that_makes_no_sense_keeps_no_other_waiting(
    site: Any, browser: Any, unreadable: dict[str, str], capsys: Any
) -> None:
    browser.log_in("bob")
    (record,) = site.parts.keeper.sessions_of(site.people["bob"].id)
    client = site.parts.connection.client
    for bucket in {"00", record.ref.bucket}:
        client.xadd(keys.events(bucket), unreadable)
    site.keep_house()
    assert _recorded(site, site.people["bob"].id) == [("session_created", None)]
    with site.parts.database.session() as sql:
        found = sql.scalars(select(AuditRow.details).where(AuditRow.event == "sys_unreadable_event")).all()
    assert len(found) == len({"00", record.ref.bucket})
    assert all(
        next(iter(unreadable.values()))[:20] in details["raw"] or "event='session_" in details["raw"]
        for details in found
    )
    assert capsys.readouterr().out.count('"event": "sys_unreadable_event"') == len(found)
    assert site.parts.reaper.drain(lambda _: None) == 0
