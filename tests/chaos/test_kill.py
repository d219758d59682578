"""Parts of the service are killed while people work: nobody is logged out, nobody is logged in, no orphan serves."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.chaos.conftest import RunningService, eventually, is_alive

ACTIVE, ENDED = "active", "ended"


class Visitor(threading.Thread):
    """Somebody whose page asks for its session again and again; ``seen`` counts the answers."""

    def __init__(self, service: RunningService, cookie: str) -> None:
        super().__init__(daemon=True)
        self._service, self._cookie = service, cookie
        self._gone = threading.Event()
        self.seen: Counter[str] = Counter()

    def run(self) -> None:
        while not self._gone.wait(0.05):
            self.seen[self._service.state(self._cookie)] += 1

    def leave(self) -> set[str]:
        self._gone.set()
        self.join()
        return {state for state in self.seen if state not in {"unavailable", "nothing"}}


class People:
    """Lan is logged in, Minh's session was ended, Ha made her cookie up."""

    def __init__(self, service: RunningService) -> None:
        self.lan, minh = service.log_in("lan"), service.log_in("minh")
        service.end_sessions("minh")
        made_up = self.lan[:-4] + ("AAAA" if self.lan[-4:] != "AAAA" else "BBBB")
        self._expected = {self.lan: ACTIVE, minh: ENDED, made_up: ENDED}
        self._service = service

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """During the block each of them asks all the time, and is only ever told the truth, or that nobody knows."""
        visitors = {cookie: Visitor(self._service, cookie) for cookie in self._expected}
        for visitor in visitors.values():
            visitor.start()
        try:
            yield
            assert eventually(self.are_told_the_truth)
            time.sleep(1)  # and it stays so
        finally:
            seen = {cookie: visitor.leave() for cookie, visitor in visitors.items()}
        assert seen == {cookie: {state} for cookie, state in self._expected.items()}

    def are_told_the_truth(self) -> bool:
        return all(self._service.state(cookie) == state for cookie, state in self._expected.items())


@pytest.fixture
def people(service: RunningService) -> People:
    return People(service)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_a_killed_worker_is_replaced(service: RunningService, people: People) -> None:
    before = service.workers()
    with people.at_work():
        kill(before[0])
        assert eventually(lambda: len(set(service.workers()) - {before[0]}) == len(before))


def test_a_killed_server_is_replaced_and_leaves_no_orphans(service: RunningService, people: People) -> None:
    (server,), workers = service.children("gunicorn"), service.workers()
    with people.at_work():
        kill(server)
        assert eventually(lambda: not any(map(is_alive, workers)), within=2)
        assert eventually(lambda: len(service.workers()) == len(workers))


def test_a_killed_reaper_is_replaced(service: RunningService) -> None:
    (reaper,) = service.children("reaper")
    kill(reaper)
    assert eventually(lambda: service.children("reaper") not in ([], [reaper]))


def test_a_killed_redis_comes_back_with_its_sessions(service: RunningService, people: People) -> None:
    (redis,) = service.children("redis-server")
    with people.at_work():
        kill(redis)
        assert eventually(lambda: service.state(people.lan) == ACTIVE, within=5)
    assert service.children("redis-server") != [redis]


def test_nothing_serves_after_the_supervisor_was_killed(service: RunningService, people: People) -> None:
    everybody = service.everybody()
    assert len(everybody) >= 5  # Redis, reaper, server and its workers
    kill(service.supervisor.pid)
    service.supervisor.wait()
    assert eventually(lambda: not service.listens(), within=2)
    assert eventually(lambda: not any(map(is_alive, everybody)), within=2)
    service.start()
    assert eventually(people.are_told_the_truth)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_leaves_nothing_behind(service: RunningService, number: signal.Signals) -> None:
    everybody = service.everybody()
    service.supervisor.send_signal(number)
    assert service.supervisor.wait(20) == 0
    assert not service.listens()
    assert not any(map(is_alive, everybody))
    assert not (service.settings.data_dir / "redis" / "socket").is_symlink()


@pytest.mark.timeout(300)
def test_killed_at_random_it_comes_back_with_the_truth(service: RunningService, people: People) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails, to repeat it
    chance = random.Random(seed)
    for _ in range(3):
        with people.at_work():
            for _ in range(3):
                time.sleep(chance.uniform(0, 0.5))
                kill(chance.choice([*service.everybody()]))
            time.sleep(chance.uniform(0, 0.5))
            service.kill_group()
            service.start()
