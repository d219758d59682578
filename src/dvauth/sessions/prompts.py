"""How many prompts were shown, by hour and portal: counted, never kept for anybody.

No page says that it shows a prompt; each asks for the status shortly before, and is told. Each process notes whom it
told, and adds them to counters in Redis (HyperLogLog, 1 % off at most hours), in which several tabs and processes that
speak of one prompt are one. Which sessions they were cannot be read from them. What a process had not handed in when it
was killed is lost: half a second's.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from threading import Lock

import redis

from dvauth.sessions import keys
from dvauth.sessions.check import Active
from dvauth.sessions.record import Portal, to_ms
from dvauth.timeouts.judge import Reason, last_activity_at_portal

# The script asks two seconds before the prompt; what is more is for the way.
AHEAD = timedelta(seconds=3)
FORGOTTEN_AFTER = timedelta(days=2)
MOST_WAITING = 20_000  # to be handed in; should Redis refuse them for long, the rest is not counted


class Prompts:
    """``note`` asks Redis nothing; ``hand_in`` is called now and then by a thread of its own."""

    def __init__(self, client: redis.Redis, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._lock = Lock()
        self._noted: set[tuple[str, str]] = set()  # counter, and prompt

    def note(self, live: Active, portal: Portal | None) -> None:
        """A page was told of the session. Input in the last two seconds before a prompt comes too late for this."""
        ahead = live.verdict.expires_in - live.verdict.policy.warn_before
        if ahead > AHEAD:
            return
        hour, prompt = self._now() + ahead, _prompt(live, portal)
        with self._lock:
            if len(self._noted) < MOST_WAITING:
                counters = (keys.prompts(hour, slug) for slug in {None, portal.slug if portal else None})
                self._noted.update((counter, prompt) for counter in counters)

    def hand_in(self) -> None:
        """Raises redis-py's errors; what was not handed in is kept for the next time."""
        with self._lock:
            noted, self._noted = self._noted, set()
        if not noted:
            return
        pipeline = self._client.pipeline(transaction=False)
        for counter, prompt in noted:
            pipeline.pfadd(counter, prompt)
        for counter in {counter for counter, _prompt in noted}:
            pipeline.expire(counter, FORGOTTEN_AFTER)
        try:
            pipeline.execute()
        except redis.RedisError:
            with self._lock:
                self._noted |= noted
            raise

    def shown(self, hour: datetime, slugs: Iterable[str | None]) -> list[int]:
        """In the hour of that moment on each of the portals; ``None``: everywhere. Raises redis-py's errors."""
        pipeline = self._client.pipeline(transaction=False)
        for slug in slugs:
            pipeline.pfcount(keys.prompts(hour, slug))
        counts: list[int] = pipeline.execute()
        return counts


def _prompt(live: Active, portal: Portal | None) -> str:
    """What all who are told of one prompt call it: the session, and since when the limit counts that it tells of."""
    record, reason = live.record, live.verdict.ends_by
    since = record.last_activity_at
    if reason is Reason.ABSOLUTE:
        since = record.authenticated_at
    elif reason is Reason.PORTAL_IDLE and portal:
        since = last_activity_at_portal(record, portal.slug)
    return f"{record.ref.session_id} {to_ms(since)}"
