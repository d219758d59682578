"""What is written down about a session: that it ended, and whatever else happened to it. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dvauth.sessions.record import CENTRAL, Origin, Place, SessionEvent, SessionRecord, SessionRef, Tombstone
from dvauth.timeouts.judge import Reason, limits
from dvauth.timeouts.policy import LONGEST_ABSOLUTE, LONGEST_REMEMBER, PolicySet

REMEMBERED_END = timedelta(minutes=10)  # at least so long an ended session is told apart from no session
FORGET_AFTER = timedelta(minutes=10)  # past the longest possible life, Redis may drop what the reaper never saw

ADDRESS, DEVICE = "address", "device"  # details of ``session_created``


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """All that is written down when a session ends."""

    ref: SessionRef
    tombstone: Tombstone
    event: SessionEvent

    def told(self) -> tuple[str, str, str]:
        """As scripts are told of it: session id, tombstone, event."""
        return self.ref.session_id, self.tombstone.to_json(), self.event.to_json()


def ending_of(record: SessionRecord, reason: Reason, policies: PolicySet, now: datetime) -> Ending:
    idle, _ = limits(policies.strictest(record.roles).policy, remember=record.remember)
    event = event_of("session_logout" if reason is Reason.LOGOUT else "session_expired", record, now, reason=reason)
    return Ending(
        ref=record.ref,
        tombstone=Tombstone(
            reason=reason, account_id=record.account_id, ended_at=now, idle_seconds=round(idle.total_seconds())
        ),
        event=replace(event, forget_after=forgotten_by(record)) if reason.willed else event,
    )


def event_of(name: str, record: SessionRecord, now: datetime, place: Place = CENTRAL, **details: str) -> SessionEvent:
    if place.slug:
        details["portal"] = place.slug
    return SessionEvent(event=name, ref=record.ref, account_id=record.account_id, at=now, details=details)


def where_from(origin: Origin) -> dict[str, str]:
    """What the event of a login tells, beside the portal, so that administrators find the session by it."""
    told = {ADDRESS: origin.address, DEVICE: origin.user_agent}
    return {name: value for name, value in told.items() if value}


def forgotten_by(record: SessionRecord) -> datetime:
    """By then no policy could let the session live. Redis may drop it even if the reaper never came."""
    longest = LONGEST_REMEMBER if record.remember else LONGEST_ABSOLUTE
    return record.authenticated_at + longest + FORGET_AFTER
