"""Ends that Redis hears of late: it was away when they happened, or has forgotten them."""

from collections.abc import Callable, Iterable

from dvauth.sessions.cookie import Credential
from dvauth.sessions.ending import ending_of
from dvauth.sessions.record import Clock, SessionRef
from dvauth.sessions.store import SessionStore
from dvauth.timeouts.judge import Reason
from dvauth.timeouts.policy import PolicySet


class LateEnds:
    """They are in SQL already, so no journal is told."""

    def __init__(self, store: SessionStore, clock: Clock, policies: Callable[[], PolicySet]) -> None:
        self._store = store
        self._clock = clock
        self._policies = policies

    def repeat(self, refs: Iterable[SessionRef], reason: Reason) -> int:
        """End what had ended before, in a Redis that has forgotten it; how many it held alive."""
        by_bucket: dict[str, list[SessionRef]] = {}
        for ref in refs:
            by_bucket.setdefault(ref.bucket, []).append(ref)
        now, policies = self._clock.now(), self._policies()
        alive = [record for refs_there in by_bucket.values() for record in self._store.read_many(refs_there)]
        return sum(len(self._store.accounts.end([ending_of(record, reason, policies, now)])) for record in alive)

    def end_presented(self, credentials: Iterable[Credential], reason: Reason) -> int:
        """End the sessions that these cookies still opened, at the centre or a portal; how many were alive."""
        refs = [shown.ref for shown in credentials if self._store.holds(shown.ref, shown.digest)]
        return self.repeat(refs, reason)
