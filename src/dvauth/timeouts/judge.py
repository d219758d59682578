"""The only place that decides whether a session is alive. Pure: no clock, no I/O.

A record holds timestamps, never deadlines, and is judged with the policies in force now: what an administrator
changes applies to sessions that already exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from dvauth.timeouts.policy import Override, PolicySet, TimeoutPolicy

LONGEST_UNWRITTEN = timedelta(seconds=10)  # activity this young may stay unwritten, far from the end
UNWRITTEN_SHARE = 30  # … or a thirtieth of the idle timeout, if that is shorter
EXACT_WARNINGS = 2  # within this many warning lengths of the end every activity counts


class Reason(StrEnum):
    """Why a session ended."""

    IDLE = "idle"
    ABSOLUTE = "absolute"
    PORTAL_IDLE = "portal-idle"
    LOGOUT = "logout"
    REVOKED = "revoked"
    EVICTED = "evicted"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - a reason, no password
    ACCOUNT_DISABLED = "account-disabled"

    @property
    def willed(self) -> bool:
        """Somebody, or a limit of sessions, ended it before its time."""
        return self not in (Reason.IDLE, Reason.ABSOLUTE, Reason.PORTAL_IDLE)


@dataclass(frozen=True, slots=True)
class PortalVisit:
    """The last activity on one portal; with ``ended`` the moment at which the session ended there, and why."""

    at: datetime
    ended: Reason | None = None


class Timeline(Protocol):
    """What a judge needs to know about a session. All instants are aware UTC."""

    @property
    def roles(self) -> tuple[str, ...]: ...
    @property
    def authenticated_at(self) -> datetime: ...
    @property
    def last_activity_at(self) -> datetime: ...
    @property
    def remember(self) -> bool: ...
    @property
    def portals(self) -> Mapping[str, PortalVisit]: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """Active, or ended and why; and how long each limit still allows.

    ``at_portal`` tells that the end concerns this portal alone: the session lives on elsewhere.
    """

    policy: TimeoutPolicy
    idle_remaining: timedelta
    absolute_remaining: timedelta
    portal_remaining: timedelta | None = None
    reason: Reason | None = None
    at_portal: bool = False

    @property
    def active(self) -> bool:
        return self.reason is None

    @property
    def expires_in(self) -> timedelta:
        remaining = min(self.idle_remaining, self.absolute_remaining)
        return remaining if self.portal_remaining is None else min(remaining, self.portal_remaining)

    @property
    def is_over(self) -> bool:
        """Whether a limit has been reached."""
        return self.expires_in <= timedelta(0)

    @property
    def ends_by(self) -> Reason:
        """The limit that comes, or came, first; of two at once the one that activity can put off."""
        limits = {Reason.IDLE: self.idle_remaining, Reason.ABSOLUTE: self.absolute_remaining}
        if self.portal_remaining is not None:
            limits[Reason.PORTAL_IDLE] = self.portal_remaining
        return min(limits, key=limits.__getitem__)


def judge(record: Timeline, policies: PolicySet, portal: str | None, now: datetime) -> Verdict:
    """Judge a session as seen from a portal (its slug), or from anywhere (``None``).

    At exactly a deadline the session is ended, by the limit that came first. Session-wide limits come before those of
    the portal, because they end more.
    """
    policy = policies.strictest(record.roles).policy
    idle, absolute = limits(policy, remember=record.remember)
    idle_remaining = record.last_activity_at + idle - now
    absolute_remaining = record.authenticated_at + absolute - now
    verdict = Verdict(policy, idle_remaining, absolute_remaining)
    if verdict.is_over:
        return replace(verdict, reason=verdict.ends_by)
    return verdict if portal is None else _judge_at_portal(record, policies, portal, now, verdict)


def deadline(record: Timeline, policies: PolicySet) -> datetime:
    """When the session ends everywhere, unless there is activity."""
    idle, absolute = limits(policies.strictest(record.roles).policy, remember=record.remember)
    return min(record.last_activity_at + idle, record.authenticated_at + absolute)


def limits(policy: TimeoutPolicy, *, remember: bool) -> tuple[timedelta, timedelta]:
    """How long a session may idle, and how long it may last since the person authenticated."""
    if remember and policy.remember_for:
        return policy.remember_for, policy.remember_for
    return policy.idle_timeout, policy.absolute_timeout


def _judge_at_portal(record: Timeline, policies: PolicySet, portal: str, now: datetime, elsewhere: Verdict) -> Verdict:
    own = policies.portals.get(portal, Override())
    policy = policies.strictest(record.roles, portal).policy
    absolute_remaining, portal_remaining = elsewhere.absolute_remaining, None
    if own.idle_timeout is not None:
        portal_remaining = last_activity_at_portal(record, portal) + own.idle_timeout - now
    if own.absolute_timeout is not None:
        absolute_remaining = min(absolute_remaining, record.authenticated_at + own.absolute_timeout - now)
    verdict = Verdict(policy, elsewhere.idle_remaining, absolute_remaining, portal_remaining)
    reason = has_ended_at(record, portal) or (verdict.ends_by if verdict.is_over else None)
    return replace(verdict, reason=reason, at_portal=True) if reason else verdict


def has_ended_at(record: Timeline, portal: str) -> Reason | None:
    """Why the session ended at this portal before; that stays final until the person authenticates again."""
    visit = record.portals.get(portal)
    return visit.ended if visit and visit.at >= record.authenticated_at else None


def last_activity_at_portal(record: Timeline, portal: str) -> datetime:
    """A portal's clock starts from the last activity anywhere, and anew when the person authenticates again."""
    visit = record.portals.get(portal)
    return max(visit.at, record.authenticated_at) if visit else record.last_activity_at


def is_worth_writing(record: Timeline, verdict: Verdict, portal: str | None, now: datetime) -> bool:
    """Whether activity now has to be written: always near the end, else only if the record has grown old."""
    if verdict.expires_in <= EXACT_WARNINGS * verdict.policy.warn_before:
        return True
    written_at = record.last_activity_at
    if portal is not None:
        visit = record.portals.get(portal)
        if visit is None:
            return True
        written_at = min(written_at, visit.at)
    return now - written_at >= min(LONGEST_UNWRITTEN, verdict.policy.idle_timeout / UNWRITTEN_SHARE)
