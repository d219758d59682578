"""What is counted of the audit log, on both databases."""

import io
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest

from dvauth.audit.counts import EVERYWHERE, Counts, Figure, HourlyCounts, hour_of, together
from dvauth.audit.log import AuditLog, Entry
from dvauth.storage.sql import Database

EIGHT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def log(any_database: Database) -> Iterator[AuditLog]:
    with closing(AuditLog(any_database, tag=str, now=lambda: EIGHT, stream=io.StringIO())) as log:
        yield log


@pytest.fixture
def counts(any_database: Database) -> HourlyCounts:
    return HourlyCounts(any_database)


def entry(number: int, event: str = "session_created", *, minutes: int = 0, reason: str = "", **about: str) -> Entry:
    at = EIGHT + timedelta(minutes=minutes)
    return Entry(id=f"a1-{number}", at=at, event=event, details={"reason": reason} if reason else {}, **about)


def of(counts: HourlyCounts, portal: str = EVERYWHERE, hour: datetime = EIGHT) -> Counts:
    return counts.by_hour(hour, hour + HOUR, portal).get(hour, {})


def test_each_event_counts_once_however_often_it_is_handed_in(log: AuditLog, counts: HourlyCounts) -> None:
    log.ingest([entry(1), entry(2), entry(2)])
    log.ingest([entry(2), entry(3)])
    assert of(counts) == {Figure.LOGINS: 3}


def test_many_who_count_at_once_lose_nothing(log: AuditLog, counts: HourlyCounts) -> None:
    def drain(whose: int) -> None:
        """Every second one meets the portals the other way round."""
        for batch in range(10):
            portals = [f"portal{number}" for number in range(20)][:: 1 if whose % 2 else -1]
            log.ingest([entry(1000 * whose + 100 * batch + n, portal=portal) for n, portal in enumerate(portals)])

    drains = [threading.Thread(target=drain, args=[whose]) for whose in range(4)]
    for each in drains:
        each.start()
    for each in drains:
        each.join()
    assert of(counts) == {Figure.LOGINS: 4 * 10 * 20}
    assert of(counts, "portal0") == {Figure.LOGINS: 4 * 10}


def test_what_is_recorded_here_counts_as_what_comes_from_redis(log: AuditLog, counts: HourlyCounts) -> None:
    for portal in ("news", "news", None):
        log.record("authn_login_fail", portal=portal)
    log.record("authn_login_success", portal="news")
    log.flush()
    assert of(counts) == {Figure.FAILED_LOGINS: 3}
    assert of(counts, "news") == {Figure.FAILED_LOGINS: 2}


@pytest.mark.parametrize(
    ("event", "reason", "figure"),
    [
        ("session_created", "", Figure.LOGINS),
        ("session_renewed", "", Figure.KEPT),
        ("session_expired", "idle", Figure.EXPIRED),
        ("session_expired", "portal-idle", Figure.EXPIRED),
        ("session_expired", "absolute", Figure.EXPIRED),
        ("session_expired", "revoked", Figure.ENDED),
        ("session_expired", "evicted", Figure.ENDED),
        ("session_expired", "password-changed", Figure.ENDED),
        ("session_expired", "account-disabled", Figure.ENDED),
        ("session_logout", "logout", Figure.LOGOUTS),
        ("authn_login_fail", "", Figure.FAILED_LOGINS),
        ("authn_login_success", "", None),
        ("user_created", "", None),
    ],
)
def test_events_are_counted_as_what_people_call_them(
    log: AuditLog, counts: HourlyCounts, event: str, reason: str, figure: Figure | None
) -> None:
    log.ingest([entry(1, event, reason=reason)])
    assert of(counts) == ({figure: 1} if figure else {})


def test_an_event_counts_for_its_portal_or_else_for_the_one_of_the_login(log: AuditLog, counts: HourlyCounts) -> None:
    log.ingest(
        [
            entry(1, "session_expired", reason="portal-idle", portal="desk", login_portal="news"),
            entry(2, "session_expired", reason="idle", login_portal="news"),
            entry(3, "session_expired", reason="idle"),
        ]
    )
    assert [of(counts, portal) for portal in ("desk", "news", EVERYWHERE)] == [
        {Figure.EXPIRED: 1},
        {Figure.EXPIRED: 1},
        {Figure.EXPIRED: 3},
    ]


def test_hours_begin_at_the_full_hour_utc(log: AuditLog, counts: HourlyCounts) -> None:
    log.ingest([entry(1), entry(2, minutes=59), entry(3, minutes=60)])
    assert counts.by_hour(EIGHT, EIGHT + 2 * HOUR) == {EIGHT: {Figure.LOGINS: 2}, EIGHT + HOUR: {Figure.LOGINS: 1}}
    assert counts.by_hour(EIGHT + HOUR, EIGHT + DAY) == {EIGHT + HOUR: {Figure.LOGINS: 1}}
    assert counts.by_hour(EIGHT - DAY, EIGHT) == {}
    assert hour_of(datetime(2026, 3, 2, 15, 59, tzinfo=timezone(timedelta(hours=7)))) == EIGHT


def test_of_what_is_noted_the_most_stands(counts: HourlyCounts) -> None:
    for number in (3, 7, 5):
        counts.raise_to(EIGHT, Figure.LIVE, {EVERYWHERE: number, "news": number - 3})
    assert of(counts) == {Figure.LIVE: 7}
    assert of(counts, "news") == {Figure.LIVE: 4}


def test_hours_together_are_the_sum_and_of_live_sessions_the_most(log: AuditLog, counts: HourlyCounts) -> None:
    log.ingest([entry(1, portal="news"), entry(2, portal="news", minutes=60), entry(3, portal="desk")])
    for hour, number in ((EIGHT, 7), (EIGHT + HOUR, 5)):
        counts.raise_to(hour, Figure.LIVE, {EVERYWHERE: 9, "news": number})
    assert counts.by_portal(EIGHT, EIGHT + DAY) == {
        "news": {Figure.LOGINS: 2, Figure.LIVE: 7},
        "desk": {Figure.LOGINS: 1},
    }
    assert together(counts.by_hour(EIGHT, EIGHT + DAY, "news").values()) == {Figure.LOGINS: 2, Figure.LIVE: 7}
    assert together([{Figure.KEPT: 1}, {}]) == {Figure.KEPT: 1}


def test_old_hours_are_forgotten(log: AuditLog, counts: HourlyCounts) -> None:
    log.ingest([entry(1), entry(2, minutes=60)])
    counts.forget(EIGHT + timedelta(minutes=30))
    assert list(counts.by_hour(EIGHT - DAY, EIGHT + DAY)) == [EIGHT + HOUR]
