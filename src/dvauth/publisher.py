"""Brings what administrators decide from SQL to every process, by way of Redis.

SQL is the home of policies and portals; what stands in Redis is a copy, made for one run of one Redis. A Redis that
was restarted may have lost the last ends of sessions with its last second, so they are repeated before it is
trusted again.
"""

from collections.abc import Callable
from dataclasses import dataclass

import redis

from dvauth.policies.book import PolicyBook
from dvauth.portals.directory import PortalDirectory
from dvauth.portals.registry import PortalRegistry
from dvauth.storage.lua import Scripts
from dvauth.storage.redis import UnguardedConnection
from dvauth.storage.revision import read_revision
from dvauth.storage.sql import Database
from dvauth.storage.tag_key import read_tag_key
from dvauth.storage.watch import PUBLISHED, Publication
from dvauth.timeouts.policy import PolicySet


@dataclass(frozen=True, slots=True)
class Published:
    """What every process goes by."""

    policies: PolicySet
    portals: PortalDirectory
    tag_key: bytes

    @classmethod
    def parse(cls, publication: Publication) -> "Published":
        return cls(
            PolicySet.from_document(publication.policies),
            PortalDirectory.from_document(publication.portals),
            publication.tag_key,
        )


class Publisher:
    """Raises ``DatabaseUnavailable`` and redis-py's errors; what was not published is published a round later."""

    def __init__(self, client: redis.Redis, database: Database, book: PolicyBook, portals: PortalRegistry) -> None:
        self._client = client
        self._database = database
        self._book = book
        self._portals = portals
        self._scripts = Scripts(UnguardedConnection(client), "dvauth.storage")

    def publish(self) -> bool:
        """Publish what SQL says if Redis has something older; whether it had.

        A Redis with nothing of its own run is left to ``recover``: its ends must be repeated first.
        """
        run_id = self._client.info("server")["run_id"]
        if self._client.hget(PUBLISHED, "run_id") != run_id.encode():
            return False
        return self._write(self._read(run_id))

    def recover(self, run_id: str, repeat_ends: Callable[[], object]) -> None:
        """Make a Redis trustworthy that holds no publication of this run."""
        publication = self._read(run_id)
        repeat_ends()
        self._write(publication)

    def _read(self, run_id: str) -> Publication:
        revision = read_revision(self._database)  # first: what is read after it may be newer than it, never older
        policies, portals = self._book.load(), self._portals.directory()
        tag_key = read_tag_key(self._database)
        return Publication(run_id, revision, policies.to_document(), portals.to_document(), tag_key)

    def _write(self, publication: Publication) -> bool:
        fields = [part for pair in publication.to_fields().items() for part in pair]
        return bool(self._scripts.run("publish", [PUBLISHED], [publication.run_id, publication.revision, *fields]))
