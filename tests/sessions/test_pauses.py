"""How long people are idle: counted by every process, kept for nobody."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from dvauth.sessions.check import Cause
from dvauth.sessions.pauses import BOUNDS, KEPT_DAYS, SHORTEST, PauseCounts, Pauses
from dvauth.sessions.record import CENTRAL
from dvauth.storage.redis import RedisConnection

DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)


class Calendar:
    day = datetime(2026, 3, 2, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.day


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def pauses(connection: RedisConnection, calendar: Calendar) -> Pauses:
    return Pauses(connection.client, calendar.now)


def test_the_counts_of_all_processes_are_added(connection: RedisConnection, pauses: Pauses, calendar: Calendar) -> None:
    other = Pauses(connection.client, calendar.now)
    for process in (pauses, other):
        process.note(5 * MINUTE)
        process.hand_in()
    assert other.counts().total == 2
    pauses.hand_in()
    assert pauses.counts().total == 2


def test_pauses_too_short_to_matter_are_not_counted(pauses: Pauses) -> None:
    pauses.note(SHORTEST - SECOND)
    pauses.hand_in()
    assert pauses.counts().total == 0
    pauses.note(SHORTEST)
    pauses.hand_in()
    assert pauses.counts().total == 1


@pytest.mark.parametrize(
    "pause", [SHORTEST, MINUTE, 15 * MINUTE, 59.5 * MINUTE, 61 * MINUTE, 24 * 60 * MINUTE, 100 * 60 * MINUTE]
)
def test_each_pause_is_on_the_right_side_of_each_bound(pauses: Pauses, pause: timedelta) -> None:
    pauses.note(pause)
    pauses.hand_in()
    counts = pauses.counts()
    for bound in BOUNDS:
        if bound >= pause:
            assert counts.share_longer_than(bound) == 0
        elif max((each for each in BOUNDS if each < pause), default=SHORTEST) >= bound:
            assert counts.share_longer_than(bound) == 1


def test_between_two_bounds_pauses_count_as_spread_evenly() -> None:
    counts = [0] * (len(BOUNDS) + 1)
    counts[BOUNDS.index(10 * MINUTE)] = 4
    counts[-1] = 4
    of_these = PauseCounts(counts)
    assert of_these.share_longer_than(9.5 * MINUTE) == 1
    assert of_these.share_longer_than(9.75 * MINUTE) == 0.75
    assert of_these.share_longer_than(10 * MINUTE) == 0.5
    assert of_these.share_longer_than(100 * BOUNDS[-1]) == 0.5
    assert of_these.share_longer_than(timedelta(0)) == 1
    assert PauseCounts([0]).share_longer_than(MINUTE) == 0


def test_old_days_are_forgotten(connection: RedisConnection, pauses: Pauses, calendar: Calendar) -> None:
    pauses.note(5 * MINUTE)
    pauses.hand_in()
    (key,) = connection.client.scan_iter("dvauth:pauses:*")
    assert timedelta(days=KEPT_DAYS) < timedelta(seconds=connection.client.ttl(key)) <= timedelta(days=KEPT_DAYS + 2)
    calendar.day += timedelta(days=KEPT_DAYS)
    assert pauses.counts().total == 1
    calendar.day += timedelta(days=1)
    assert pauses.counts().total == 0


def test_what_redis_did_not_take_is_handed_in_later(pauses: Pauses, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses.note(5 * MINUTE)
    with monkeypatch.context() as broken:
        broken.setattr(pauses._client.connection_pool, "get_connection", _refuse)
        with pytest.raises(redis.ConnectionError):
            pauses.hand_in()
    pauses.note(6 * MINUTE)
    pauses.hand_in()
    assert pauses.counts().total == 2


def _refuse(*_args: Any, **_options: Any) -> Any:
    raise redis.ConnectionError


def test_activity_after_a_pause_is_noted_and_nothing_of_whom(desk: Any, connection: RedisConnection) -> None:
    noted: list[timedelta] = []
    desk.keeper._note_pause = noted.append
    opened = desk.open()
    desk.clock.advance(3 * MINUTE)
    desk.keeper.keep_alive(opened.cookie, CENTRAL, Cause.INPUT)
    desk.clock.advance(4 * MINUTE)
    desk.keeper.check(opened.cookie, activity=True)
    desk.keeper.check(opened.cookie)
    assert noted == [3 * MINUTE, 4 * MINUTE]


def test_a_pause_that_two_requests_end_at_once_is_one(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[timedelta] = []
    desk.keeper._note_pause = noted.append
    opened = desk.open()
    desk.clock.advance(3 * MINUTE)
    touch = desk.store.touch

    def after_another(*given: Any, **options: Any) -> Any:
        """Another request is first, and this one does not know it."""
        monkeypatch.setattr(desk.store, "touch", touch)
        desk.keeper.keep_alive(opened.cookie, CENTRAL, Cause.INPUT)
        return touch(*given, **options)

    monkeypatch.setattr(desk.store, "touch", after_another)
    desk.keeper.keep_alive(opened.cookie, CENTRAL, Cause.INPUT)
    assert noted == [3 * MINUTE, timedelta(0)]


def test_pauses_of_days_are_told_from_longer_ones() -> None:
    days = PauseCounts([0] * BOUNDS.index(2 * DAY) + [3] + [0] * (len(BOUNDS) - BOUNDS.index(2 * DAY)))
    assert days.share_longer_than(1.5 * DAY) == 1
    assert days.share_longer_than(3 * DAY) == 0


def test_pauses_of_one_length_are_added_up_over_requests_and_days(
    connection: RedisConnection, calendar: Calendar, pauses: Pauses
) -> None:
    for _ in range(3):
        pauses.note(5 * MINUTE)
    pauses.hand_in()
    calendar.day += DAY
    pauses.note(5 * MINUTE)
    pauses.hand_in()
    counted = pauses.counts()
    assert counted.total == 4
    assert len(counted.counts) == len(BOUNDS) + 1


def test_a_limit_shorter_than_any_noted_pause_is_exceeded_by_all() -> None:
    in_first_bin = PauseCounts([4, *[0] * len(BOUNDS)])
    assert in_first_bin.share_longer_than(SECOND) == 1.0
    halfway = SHORTEST + (BOUNDS[0] - SHORTEST) / 2
    assert in_first_bin.share_longer_than(halfway) == pytest.approx(0.5)
