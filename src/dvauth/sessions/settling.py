"""Judges sessions as they stand in Redis, and makes an end final before anybody is told of it."""

import hmac
from collections.abc import Callable, Iterable
from datetime import datetime

from dvauth.sessions.check import Active, Anonymous, Check, Contention, Ended
from dvauth.sessions.cookie import Credential
from dvauth.sessions.ending import ending_of, event_of
from dvauth.sessions.record import EPOCH, Clock, Place, Portal, SessionRecord, SessionRef
from dvauth.sessions.store import SessionStore, TooLate
from dvauth.timeouts.judge import Reason, has_ended_at, judge
from dvauth.timeouts.policy import PolicySet

TRIES = 8  # a race with another request is retried; each try that loses means that somebody else moved


class Settler:
    def __init__(self, store: SessionStore, clock: Clock, policies: Callable[[], PolicySet]) -> None:
        self._store = store
        self._clock = clock
        self._policies = policies

    def judge_then(
        self, act: Callable[[Active, datetime], Check | None], credential: Credential | None, place: Place
    ) -> Check:
        """Judge, and act on a live session; again, if the act lost a race or came too late by Redis's clock."""
        if credential is None:
            return Anonymous()
        not_before = EPOCH
        for _ in range(TRIES):
            now = max(self._clock.now(), not_before)
            try:
                checked = self._judge(credential, place, now)
                if isinstance(checked, Active):
                    checked = act(checked, now)
            except TooLate as late:
                not_before = late.now
                continue
            if checked:
                return checked
        raise Contention

    def _judge(self, credential: Credential, place: Place, now: datetime) -> Check | None:
        found = self._store.read(credential.ref, place)
        if found is None:
            return self._ended_before(credential)
        record, digest = found
        if digest is None or not hmac.compare_digest(digest, credential.digest):
            return Anonymous()
        return self.settle(record, place, now)

    def _ended_before(self, credential: Credential) -> Ended | Anonymous:
        tombstone = self._store.tombstone(credential.ref)
        if tombstone is None:
            return Anonymous()
        given_back = tombstone.given_back == credential.digest.hex()
        return Ended(tombstone.reason, credential.ref, tombstone, replayed=True, given_back=given_back)

    def settle(self, record: SessionRecord, place: Place, now: datetime) -> Active | Ended | None:
        """Judge a record just read; an end is made final before it is told. ``None``: it moved, read it again."""
        verdict = judge(record, self._policies(), place.slug, now)
        if verdict.reason is None:
            return Active(record, verdict)
        if verdict.at_portal and place.portal:
            ended_there = self._end_at_portal(record, verdict.reason, place.portal, now)
            return Ended(verdict.reason, record.ref, record=record) if ended_there else None
        ending = ending_of(record, verdict.reason, self._policies(), now)
        final = self._store.end_judged([(ending, record.last_activity_at)])
        return Ended(verdict.reason, record.ref, ending.tombstone) if final else None

    def settle_all(self, records: Iterable[SessionRecord], now: datetime) -> tuple[list[str], list[SessionRef]]:
        """Judge sessions of one bucket; the ids that were ended by this call, and those that live."""
        policies, over, alive = self._policies(), [], []
        for record in records:
            if reason := judge(record, policies, None, now).reason:
                over.append((ending_of(record, reason, policies, now), record.last_activity_at))
            else:
                alive.append(record.ref)
        return self._store.end_judged(over), alive

    def _end_at_portal(self, record: SessionRecord, reason: Reason, portal: Portal, now: datetime) -> bool:
        if has_ended_at(record, portal.slug):
            return True
        event = event_of("session_expired", record, now, Place(portal), reason=reason)
        return self._store.end_at_portal(record, portal, reason, event)
