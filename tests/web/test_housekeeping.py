"""What happens even if nobody asks."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dvauth.audit.models import AuditRow
from dvauth.housekeeping import Housekeeping


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
    Housekeeping(site.parts).round()
    Housekeeping(site.parts).round()
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
    Housekeeping(site.parts).round()
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
    Housekeeping(site.parts).round()
    site.parts.watch.beat()
    assert site.parts.policies().default.idle_timeout == timedelta(minutes=15)


def test_one_task_that_fails_keeps_no_other_from_its_work(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    site.pass_time(minutes=15)
    site.parts.database.close()
    database = site.parts.settings.data_dir / "dvauth.sqlite3"
    database.rename(database.with_suffix(".away"))
    database.mkdir()
    Housekeeping(site.parts).round()
    assert browser.status() == {"state": "ended", "reason": "idle"}
    database.rmdir()
    database.with_suffix(".away").rename(database)
    Housekeeping(site.parts).round()
    assert _recorded(site, site.people["bob"].id)[-1] == ("session_expired", "idle")
