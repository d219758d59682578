"""What administrators decide, on its way from SQL into a real Redis."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from dvauth.policies.book import PolicyBook, forget_portal
from dvauth.portals.registry import PortalRegistry
from dvauth.publisher import Published, Publisher
from dvauth.storage.redis import RedisConnection
from dvauth.storage.sql import Database
from dvauth.storage.tag_key import read_tag_key
from dvauth.storage.watch import PUBLISHED, Publication


class Office:
    """A publisher and its sources. ``meanwhile`` happens once, between reading policies and reading portals."""

    def __init__(self, connection: RedisConnection, database: Database) -> None:
        self.client = connection.client
        self.book = PolicyBook(database, lambda: None, short_allowed=False)
        self.portals = PortalRegistry(database, publish=lambda: None, forget=forget_portal)
        self.publisher = Publisher(self.client, database, self.book, self.portals)
        self.meanwhile: list[Callable[[], object]] = []
        event.listen(database._engine, "before_cursor_execute", self._interrupt)

    def _interrupt(self, *about: Any) -> None:
        if "FROM portal" in about[2] and self.meanwhile:
            self.meanwhile.pop()()

    @property
    def run_id(self) -> str:
        return str(self.client.info("server")["run_id"])

    def idle_minutes(self) -> float:
        published = Published.parse(Publication.from_fields(self.client.hgetall(PUBLISHED)))
        return published.policies.default.idle_timeout / timedelta(minutes=1)

    def set_idle(self, minutes: int) -> None:
        self.book.change_default(idle_timeout=timedelta(minutes=minutes))


@pytest.fixture
def office(connection: RedisConnection, database: Database) -> Office:
    office = Office(connection, database)
    office.publisher.recover(office.run_id, lambda: None)
    return office


def test_what_is_published_already_is_not_written_again(office: Office) -> None:
    assert not office.publisher.publish()
    office.set_idle(10)
    assert office.publisher.publish()
    assert office.idle_minutes() == 10
    office.portals.add("news", name="Báo", origins=["https://news.example.vn"])
    assert office.publisher.publish()
    office.portals.remove("news")
    assert office.publisher.publish()
    assert not office.publisher.publish()


def test_key_of_tags_is_the_installations_own_and_stays(office: Office, database: Database) -> None:
    def published() -> bytes | None:
        return office.client.hget(PUBLISHED, "tag_key")

    before = published()
    assert before == read_tag_key(database)
    assert len(before) == 32
    office.set_idle(10)
    office.publisher.publish()
    assert published() == before


@pytest.mark.proves("AT4")
def test_slow_publisher_takes_nothing_back(office: Office) -> None:
    """It has read the policies; then they are changed and published by somebody else."""

    def change() -> None:
        office.set_idle(7)
        office.publisher.publish()

    office.set_idle(10)
    office.meanwhile = [change]
    office.publisher.publish()
    assert office.meanwhile == []
    assert office.idle_minutes() == 7


def test_change_while_it_is_read_is_published_the_next_time(office: Office) -> None:
    office.set_idle(10)
    office.meanwhile = [lambda: office.set_idle(7)]
    office.publisher.publish()
    office.publisher.publish()
    assert office.idle_minutes() == 7


@pytest.mark.proves("AT4")
def test_older_revision_is_never_written_over_a_newer_one(office: Office) -> None:
    office.set_idle(10)

    def repeat_ends() -> None:
        office.set_idle(7)
        office.publisher.publish()

    office.publisher.recover(office.run_id, repeat_ends)
    assert office.idle_minutes() == 7


@pytest.mark.proves("AT6")
def test_change_does_not_make_a_restarted_redis_trustworthy(office: Office) -> None:
    office.client.hset(PUBLISHED, "run_id", "before the restart")
    office.set_idle(10)
    assert not office.publisher.publish()
    assert office.client.hget(PUBLISHED, "run_id") == b"before the restart"
    office.publisher.recover(office.run_id, lambda: None)
    assert office.idle_minutes() == 10


@pytest.mark.proves("AT6")
def test_restarted_redis_is_not_trusted_before_its_ends_were_repeated(office: Office) -> None:
    office.client.hset(PUBLISHED, "run_id", "before the restart")
    trusted: list[bytes | None] = []
    office.publisher.recover(office.run_id, lambda: trusted.append(office.client.hget(PUBLISHED, "run_id")))
    assert trusted == [b"before the restart"]
    assert office.client.hget(PUBLISHED, "run_id") == office.run_id.encode()
