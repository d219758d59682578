"""A process in step with Redis: its clock, what is published, and whether it may judge at all."""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis

from dvauth.storage.redis import RedisConnection, StoreUnavailable, connect
from dvauth.storage.watch import BEAT_SECONDS, PUBLISHED, STALE_AFTER_SECONDS, Publication, RedisClock, RedisWatch
from tests.waiting import eventually


def offset(clock: RedisClock) -> Any:
    """What the clock adds to this process's monotonic time, in seconds, to the half millisecond."""
    return pytest.approx(clock.now().timestamp() - time.monotonic(), abs=0.0005)


def test_clock_that_was_never_told_the_time_refuses() -> None:
    with pytest.raises(StoreUnavailable):
        RedisClock().now()


def test_clock_takes_an_answer_for_the_middle_of_its_round_trip() -> None:
    clock = RedisClock()
    clock.sample(100.0, 100.2, (5000, 500_000))
    assert offset(clock) == 4900.4
    assert clock.for_script() == ""


def test_of_several_answers_the_quickest_counts_while_it_is_among_the_last_five() -> None:
    clock = RedisClock()
    clock.sample(100.0, 100.01, (5000, 0))
    quick = 4899.995
    assert offset(clock) == quick
    for asked in range(101, 105):
        clock.sample(asked, asked + 0.1, (4900 + asked, 0))
        assert offset(clock) == quick
    clock.sample(105, 105.1, (5005, 0))
    assert offset(clock) == 4899.95


@pytest.mark.parametrize("step", [-3600, -1, 1, 3600])
def test_clock_follows_at_once_when_redis_was_set_or_this_machine_slept(step: int) -> None:
    clock = RedisClock()
    for asked in range(100, 105):
        clock.sample(asked, asked + 0.001, (5000 + asked, 0))
    clock.sample(105, 105.1, (5105 + step, 0))
    assert offset(clock) == 5000 + step - 0.05


def test_clock_keeps_the_time_while_it_learns_anew() -> None:
    clock = RedisClock()
    clock.sample(100.0, 100.0, (5000, 0))
    clock.forget()
    assert offset(clock) == 4900
    clock.sample(101, 101.2, (5001, 0))
    assert offset(clock) == 4899.9


@pytest.fixture
def server(start_redis: Any) -> Any:
    return start_redis()


@dataclass
class Home:
    """Where the documents come from: publishes for the Redis that asks, and notes which one that was."""

    client: redis.Redis
    policies: dict[str, Any] = field(default_factory=lambda: {"default": 1})
    recovered: list[str] = field(default_factory=list)
    parsed: list[Publication] = field(default_factory=list)
    answers: bool = True

    def run_id(self) -> str:
        return str(self.client.info("server")["run_id"])

    def publish(self, run_id: str) -> None:
        self.client.hset(PUBLISHED, mapping=Publication(run_id, 1, self.policies, {"news": {}}, b"k").to_fields())

    def recover(self, run_id: str) -> None:
        self.recovered.append(run_id)
        if self.answers:
            self.publish(run_id)

    def parse(self, publication: Publication) -> dict[str, Any]:
        self.parsed.append(publication)
        return publication.policies


@pytest.fixture
def home(server: Any) -> Iterator[Home]:
    with redis.Redis.from_url(server.url) as client:
        yield Home(client)


@pytest.fixture
def connection(server: Any) -> Iterator[RedisConnection]:
    with connect(server.url) as client:
        yield RedisConnection(client)


@pytest.fixture
def clock() -> RedisClock:
    return RedisClock()


@pytest.fixture
def watch(server: Any, connection: RedisConnection, clock: RedisClock, home: Home) -> Iterator[RedisWatch[Any]]:
    watch = RedisWatch(connection, connect(server.url), clock, home.parse, home.recover)
    yield watch
    watch.close()


def knows(watch: RedisWatch[Any]) -> Any:
    """What the process goes by; ``None`` if it refuses to judge."""
    try:
        return watch.current()
    except StoreUnavailable:
        return None


def test_publication_round_trips() -> None:
    publication = Publication("run", 7, {"default": {"idle_timeout_seconds": 900.5}}, {"cổng": {"id": 1}}, b"\xff\x00")
    assert Publication.from_fields(publication.to_fields()) == publication


def test_process_that_has_read_nothing_refuses_to_judge(watch: RedisWatch[Any]) -> None:
    assert knows(watch) is None


def test_empty_redis_loosens_nothing_until_it_was_recovered(watch: RedisWatch[Any], home: Home) -> None:
    home.answers = False
    with pytest.raises(StoreUnavailable):
        watch.beat()
    assert knows(watch) is None
    home.answers = True
    watch.beat()
    assert knows(watch) == {"default": 1}
    assert home.recovered == [home.run_id()] * 2


@pytest.mark.proves("AT6")
def test_publication_made_for_another_run_of_redis_is_not_believed(watch: RedisWatch[Any], home: Home) -> None:
    home.publish("another run")
    home.answers = False
    with pytest.raises(StoreUnavailable):
        watch.beat()
    assert knows(watch) is None
    assert home.recovered == [home.run_id()]
    home.answers = True
    watch.beat()
    assert knows(watch)


def test_publication_of_this_run_needs_no_recovery(watch: RedisWatch[Any], home: Home) -> None:
    home.publish(home.run_id())
    watch.beat()
    assert knows(watch) == {"default": 1}
    assert home.recovered == []


@pytest.mark.proves("AT4")
def test_change_is_known_after_the_next_beat_and_parsed_once(watch: RedisWatch[Any], home: Home) -> None:
    watch.beat()
    watch.beat()
    assert len(home.parsed) == 1
    home.policies = {"default": 2}
    home.publish(home.run_id())
    assert knows(watch) == {"default": 1}
    watch.beat()
    assert knows(watch) == {"default": 2}
    assert len(home.parsed) == 2


def test_what_was_read_more_than_two_seconds_ago_is_not_gone_by(watch: RedisWatch[Any]) -> None:
    watch.beat()
    watch._asked_at -= STALE_AFTER_SECONDS - 0.5
    assert knows(watch)
    watch._asked_at -= 0.5
    assert knows(watch) is None
    watch.beat()
    assert knows(watch)


def test_beat_closes_the_breaker_once_redis_answers(
    watch: RedisWatch[Any], connection: RedisConnection, server: Any
) -> None:
    watch.beat()
    server.process.send_signal(signal.SIGSTOP)
    with pytest.raises(StoreUnavailable):
        connection.call(connection.client.ping)
    assert knows(watch) is None
    with pytest.raises(redis.TimeoutError):
        watch.beat()
    assert connection.broken
    server.process.send_signal(signal.SIGCONT)
    watch.beat()
    assert connection.call(connection.client.ping)
    assert knows(watch)


def test_publication_that_makes_no_sense_keeps_the_breaker_open(
    watch: RedisWatch[Any], connection: RedisConnection, home: Home
) -> None:
    watch.beat()
    connection._broken.set()
    home.client.hset(PUBLISHED, "policies", "{")
    with pytest.raises(ValueError, match="property name"):
        watch.beat()
    assert connection.broken
    assert knows(watch) is None


def test_clock_is_within_ten_milliseconds_of_redis(watch: RedisWatch[Any], clock: RedisClock, home: Home) -> None:
    watch.beat()
    errors = []
    for _ in range(50):
        before, (seconds, micros), after = clock.now(), home.client.time(), clock.now()
        moment = seconds + micros / 1e6
        errors.append(max(before.timestamp() - moment, moment - after.timestamp()))
    assert max(errors) < 0.010


@pytest.mark.proves("CO23", "AT4")
def test_thread_notices_redis_changes_and_outages_by_itself(
    watch: RedisWatch[Any], connection: RedisConnection, server: Any, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    server.process.send_signal(signal.SIGSTOP)
    watch.start()
    assert knows(watch) is None
    assert "no word from Redis" in caplog.text
    server.process.send_signal(signal.SIGCONT)
    assert eventually(lambda: knows(watch) == {"default": 1}, within=2)
    home.policies = {"default": 2}
    home.publish(home.run_id())
    assert eventually(lambda: knows(watch) == {"default": 2}, within=2 * BEAT_SECONDS)
    connection._broken.set()
    assert knows(watch) is None
    assert eventually(lambda: knows(watch), within=2 * BEAT_SECONDS)
