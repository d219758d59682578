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
from dvauth.storage.watch import PUBLISHED, Publication
from dvauth.timeouts.policy import PolicySet


@dataclass(frozen=True, slots=True)
class Published:
    """What every process goes by."""

    policies: PolicySet
    portals: PortalDirectory

    @classmethod
    def parse(cls, publication: Publication) -> "Published":
        return cls(PolicySet.from_document(publication.policies), PortalDirectory.from_document(publication.portals))


class Publisher:
    """Raises ``DatabaseUnavailable`` and redis-py's errors; what was not published is published by ``refresh``."""

    def __init__(self, client: redis.Redis, book: PolicyBook, portals: PortalRegistry) -> None:
        self._client = client
        self._book = book
        self._portals = portals

    def publish(self) -> None:
        self._write(self._read(self._run_id()))

    def recover(self, run_id: str, repeat_ends: Callable[[], object]) -> None:
        """Make a Redis trustworthy that holds no publication of this run."""
        publication = self._read(run_id)
        repeat_ends()
        self._write(publication)

    def refresh(self) -> bool:
        """Publish if Redis has something else than SQL; whether it had."""
        wanted = self._read(self._run_id())
        held = self._client.hgetall(PUBLISHED)
        if held.get(b"run_id") != wanted.run_id.encode() or held == wanted.to_fields():
            return False
        self._write(wanted)
        return True

    def _run_id(self) -> str:
        run_id: str = self._client.info("server")["run_id"]
        return run_id

    def _read(self, run_id: str) -> Publication:
        return Publication(run_id, self._book.load().to_document(), self._portals.directory().to_document())

    def _write(self, publication: Publication) -> None:
        self._client.hset(PUBLISHED, items=[part for pair in publication.to_fields().items() for part in pair])
