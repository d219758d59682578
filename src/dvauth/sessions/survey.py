"""A look at the live sessions as a whole: all of them where they are few, else a sample of a bounded size."""

from collections.abc import Sequence
from dataclasses import dataclass

from dvauth.sessions import keys
from dvauth.sessions.codec import refs_in
from dvauth.sessions.record import Portal, SessionRecord
from dvauth.sessions.store import SessionStore
from dvauth.storage.lua import Connection

MOST_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Sample:
    """``records`` stand for ``total`` sessions; they are all of them where as many."""

    total: int
    records: Sequence[SessionRecord]

    @property
    def is_whole(self) -> bool:
        return len(self.records) >= self.total


class SessionSurvey:
    """Costs as much with a million sessions as with a few thousand: 256 counts, and at most ``most`` sessions read."""

    def __init__(self, connection: Connection, store: SessionStore) -> None:
        self._call = connection.call
        self._redis = connection.client
        self._store = store

    def total(self) -> int:
        """How many sessions there are; those that are over and not yet found are among them."""
        return sum(self._counts())

    def sample(self, portal: Portal | None = None, most: int = MOST_LOOKED_AT) -> Sample:
        """Drawn by chance from every bucket by its share. With a portal: with their last activity there."""
        counts = self._counts()
        total = sum(counts)
        share = min(1.0, most / total) if total else 0.0
        pipeline = self._redis.pipeline(transaction=False)
        buckets = [(bucket, round(count * share)) for bucket, count in zip(keys.BUCKETS, counts, strict=True)]
        drawn = [(bucket, number) for bucket, number in buckets if number]
        for bucket, number in drawn:
            pipeline.zrandmember(keys.due(bucket), number)
        found = self._call(pipeline.execute) if drawn else []
        records: list[SessionRecord] = []
        for (bucket, _number), ids in zip(drawn, found, strict=True):
            records += self._store.read_many(refs_in(bucket, ids), for_lists=False, portal=portal)
        gone = sum(number for _bucket, number in drawn) - len(records)
        return Sample(max(len(records), total - round(gone / share) if share else 0), records)

    def _counts(self) -> list[int]:
        pipeline = self._redis.pipeline(transaction=False)
        for bucket in keys.BUCKETS:
            pipeline.zcard(keys.due(bucket))
        counts: list[int] = self._call(pipeline.execute)
        return counts
