"""The sessions to look at again, by when; and the events on their way to SQL. What the reaper works on.

A moment in the schedule may be early, never late: activity does not move it, the reaper does when it looks.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from dvauth.sessions import keys
from dvauth.sessions.codec import refs_in
from dvauth.sessions.record import SessionEvent, SessionRef, from_ms, to_ms
from dvauth.storage.lua import Connection, Scripts, in_ms
from dvauth.timeouts.judge import limits
from dvauth.timeouts.policy import TimeoutPolicy

UNREADABLE = "sys_unreadable_event"


class Schedule:
    def __init__(self, connection: Connection) -> None:
        self._call = connection.call
        self._redis = connection.client
        self._run = Scripts(connection, __package__).run

    def due(self, now: datetime, most: int) -> list[list[SessionRef]]:
        """The sessions to look at by now, at most so many of each bucket; one list for each bucket that has any."""
        pipeline = self._redis.pipeline(transaction=False)
        for bucket in keys.BUCKETS:
            pipeline.zrangebyscore(keys.due(bucket), "-inf", to_ms(now), start=0, num=most)
        found = zip(keys.BUCKETS, self._call(pipeline.execute), strict=True)
        return [refs_in(bucket, ids) for bucket, ids in found if ids]

    def walk(self, bucket: str, cursor: int, batch: int) -> tuple[int, list[SessionRef]]:
        """All of a bucket's schedule, about ``batch`` at a time; begins and ends with cursor 0."""
        cursor, pairs = self._call(self._redis.zscan, keys.due(bucket), cursor, count=batch)
        return cursor, refs_in(bucket, dict(pairs))

    def reschedule(self, refs: Sequence[SessionRef], policies: Mapping[str, TimeoutPolicy]) -> list[str]:
        """Look at sessions of one bucket again when they may end; the roles that ``policies`` lacks, if any.

        Policies by roles, joined by spaces. A session whose roles are not among them stays due when it was.
        """
        limits = {
            roles: [_limits_ms(policy, remember=remember) for remember in (False, True)]
            for roles, policy in policies.items()
        }
        unknown = self._run(
            "reschedule",
            [keys.due(refs[0].bucket), *map(keys.session, refs)],
            [json.dumps(limits), *(ref.session_id for ref in refs)],
        )
        return [roles.decode() for roles in unknown]

    def forget(self, bucket: str, session_ids: Iterable[str]) -> None:
        """Look no more at sessions that are gone."""
        self._call(self._redis.zrem, keys.due(bucket), *session_ids)

    def waiting_events(self) -> dict[str, int]:
        """How many events wait in each bucket that has any, the longest stream first."""
        pipeline = self._redis.pipeline(transaction=False)
        for bucket in keys.BUCKETS:
            pipeline.xlen(keys.events(bucket))
        counts = zip(keys.BUCKETS, self._call(pipeline.execute), strict=True)
        return dict(sorted(((bucket, count) for bucket, count in counts if count), key=lambda found: -found[1]))

    def events(self, bucket: str, most: int) -> list[tuple[str, SessionEvent]]:
        """The oldest events of a bucket, each with its stream id; they stay until they are forgotten."""
        entries = self._call(self._redis.xrange, keys.events(bucket), count=most)
        return [(stream_id.decode(), _event(bucket, stream_id.decode(), entry)) for stream_id, entry in entries]

    def forget_events(self, bucket: str, stream_ids: Sequence[str]) -> None:
        self._call(self._redis.xdel, keys.events(bucket), *stream_ids)


def _limits_ms(policy: TimeoutPolicy, *, remember: bool) -> list[int]:
    return [in_ms(limit) for limit in limits(policy, remember=remember)]


def _event(bucket: str, stream_id: str, entry: Mapping[bytes, bytes]) -> SessionEvent:
    """Whatever stands there: what cannot be read must not keep the rest from being read."""
    try:
        return SessionEvent.from_json(bucket, entry[b"e"])
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError):
        at, raw = from_ms(int(stream_id.partition("-")[0])), repr(entry)
        return SessionEvent(event=UNREADABLE, ref=SessionRef(bucket, ""), account_id="", at=at, details={"raw": raw})
