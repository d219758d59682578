"""A look at the live sessions as a whole: all of them where they are few, else a sample of a bounded size."""

from collections.abc import Iterator, Sequence
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


class SessionSurvey:
    """Costs as much with a million sessions as with a few thousand.

    Three round trips: 256 counts, at most ``most`` sessions drawn, and these read.
    """

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
        pipeline = self._redis.pipeline(transaction=False)
        drawn = {bucket: number for bucket, number in _shares(counts, min(most, total)) if number}
        for bucket, number in drawn.items():
            pipeline.zrandmember(keys.due(bucket), number)
        found = self._call(pipeline.execute) if drawn else []
        refs = [ref for bucket, ids in zip(drawn, found, strict=True) for ref in refs_in(bucket, ids)]
        records = self._store.read_anywhere(refs, for_lists=False, portal=portal)
        return Sample(round(total * len(records) / len(refs)) if refs else 0, records)

    def _counts(self) -> list[int]:
        pipeline = self._redis.pipeline(transaction=False)
        for bucket in keys.BUCKETS:
            pipeline.zcard(keys.due(bucket))
        counts: list[int] = self._call(pipeline.execute)
        return counts


def _shares(counts: Sequence[int], most: int) -> Iterator[tuple[str, int]]:
    """How many of each bucket to draw: by its share, and ``most`` together."""
    total, before = sum(counts) or 1, 0
    for bucket, count in zip(keys.BUCKETS, counts, strict=True):
        yield bucket, (before + count) * most // total - before * most // total
        before += count
