"""All sessions of an account at once: the acts that must miss none of them. Decides nothing.

Each script is given the sessions that were read; if the account has another one by then, it does nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from dvauth.sessions import keys
from dvauth.sessions.codec import refs_in, to_fields
from dvauth.sessions.ending import REMEMBERED_END, Ending
from dvauth.sessions.record import SessionEvent, SessionRecord, SessionRef, to_ms
from dvauth.storage.lua import Connection, Scripts, in_ms


class AccountIndex:
    """Each method but ``sessions`` is one atomic act on Redis. ``read_many`` reads sessions of one bucket."""

    def __init__(
        self, connection: Connection, read_many: Callable[[Sequence[SessionRef]], list[SessionRecord]]
    ) -> None:
        self._call = connection.call
        self._redis = connection.client
        self._run = Scripts(connection, __package__).run
        self._read_many = read_many

    def sessions(self, account_id: str) -> list[SessionRecord]:
        """The account's sessions. What Redis has dropped by itself is taken out of the index on the way.

        Not atomic: what is opened or ended meanwhile may be missing or still there. The acts on them look again.
        """
        bucket = keys.bucket_of(account_id)
        index = keys.account(bucket, account_id)
        refs = refs_in(bucket, self._call(self._redis.zrange, index, 0, -1))
        records = self._read_many(refs)
        if gone := {ref.session_id for ref in refs} - {record.ref.session_id for record in records}:
            self._call(self._redis.zrem, index, *gone)
        return records

    def open(
        self,
        record: SessionRecord,
        digest: bytes,
        *,
        due_at: datetime,
        forget_at: datetime,
        max_sessions: int,
        event: SessionEvent,
        evictions: Sequence[Ending],
    ) -> list[str] | None:
        """Open a session and end what is over the limit; the ids ended, or ``None``: ``evictions`` lacks a session."""
        fields = to_fields(record, digest)
        evicted = self._run(
            "open",
            [*keys.places(record), *_paired_keys(evictions)],
            [
                record.ref.session_id,
                to_ms(due_at),
                to_ms(forget_at),
                to_ms(record.created_at),
                max_sessions,
                event.to_json(),
                in_ms(REMEMBERED_END),
                len(fields),
                *(part for pair in fields.items() for part in pair),
                *_told_all(evictions),
            ],
        )
        return None if evicted is None else [session_id.decode() for session_id in evicted]

    def end(self, endings: Sequence[Ending]) -> list[str]:
        """End sessions of one account, whatever they are; the ids that this call ended."""
        return self._end(endings[0].tombstone.account_id, endings) or []

    def end_all(
        self, account_id: str, endings: Sequence[Ending], *, keep: str | None, opened_until: datetime | None
    ) -> list[str] | None:
        """End an account's sessions but one, and but the younger ones; ``None``: ``endings`` lacks one, read again."""
        until = "+inf" if opened_until is None else str(to_ms(opened_until))
        return self._end(account_id, endings, stays=keep or "*", opened_until=until)

    def _end(
        self, account_id: str, endings: Sequence[Ending], *, stays: str = "", opened_until: str = "+inf"
    ) -> list[str] | None:
        bucket = keys.bucket_of(account_id)
        ended = self._run(
            "end",
            [keys.account(bucket, account_id), keys.due(bucket), keys.events(bucket), *_paired_keys(endings)],
            [in_ms(REMEMBERED_END), stays, opened_until, *_told_all(endings)],
        )
        return None if ended is None else [session_id.decode() for session_id in ended]

    def set_roles(self, account_id: str, refs: Sequence[SessionRef], roles: Sequence[str], now: datetime) -> int | None:
        """Give live sessions new roles; how many, or ``None``: ``refs`` lacks a session, read again."""
        bucket = keys.bucket_of(account_id)
        changed = self._run(
            "set_roles",
            [keys.account(bucket, account_id), keys.due(bucket), *(keys.session(ref) for ref in refs)],
            [" ".join(roles), to_ms(now), *(ref.session_id for ref in refs)],
        )
        return None if changed is None else int(changed)


def _paired_keys(endings: Iterable[Ending]) -> list[str]:
    return [key for ending in endings for key in (keys.session(ending.ref), keys.ended(ending.ref))]


def _told_all(endings: Iterable[Ending]) -> list[str]:
    return [part for ending in endings for part in ending.told()]
