"""What administrators do with timeouts: look, see what a change would do, change, and take it back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any

from dvauth.accounts.account import KNOWN_ROLES, checked_roles
from dvauth.administration.actor import Actor, Record
from dvauth.explained import N_, Explained
from dvauth.policies.book import Change, Changed, PolicyBook
from dvauth.portals.errors import NoSuchPortal
from dvauth.portals.portal import Portal
from dvauth.portals.registry import PortalRegistry
from dvauth.sessions.pauses import PauseCounts
from dvauth.sessions.record import SessionRecord
from dvauth.sessions.survey import SessionSurvey
from dvauth.sessions.sweep import SweepProgress
from dvauth.timeouts.durations import short
from dvauth.timeouts.judge import judge
from dvauth.timeouts.policy import FIELDS, Override, PolicySet, TimeoutPolicy

SOON = timedelta(minutes=1)


class UnknownRole(Explained):
    sentence = N_(
        "There is no role “{role}”; there are {known}. A role of your own begins with its timeouts: "
        "dvauth timeout set --role {role} --new-role --idle 15m"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a change would do to the sessions that live now: how many of ``sessions`` it ends, and warns in a minute.

    ``warned_now`` would be warned in a minute without it. Where not all were looked at, the numbers are estimates.
    """

    sessions: int
    looked_at: int
    ended: int
    warned: int
    warned_now: int

    @property
    def is_exact(self) -> bool:
        return self.looked_at >= self.sessions


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that a change changes, and whose: of the ``default``, a ``role``, a ``portal``, or ``assurance``."""

    kind: str
    name: str
    field: str
    old: Any
    new: Any


class TimeoutAdministration:
    """``now`` is the time by which sessions are judged."""

    def __init__(
        self,
        *,
        book: PolicyBook,
        portals: PortalRegistry,
        survey: SessionSurvey,
        pauses: Callable[[], PauseCounts],
        sweep: SweepProgress,
        now: Callable[[], datetime],
        record: Record,
    ) -> None:
        self._book = book
        self._portals = portals
        self._survey = survey
        self._pauses = pauses
        self._sweep = sweep
        self._now = now
        self._record = record

    def policies(self) -> PolicySet:
        return self._book.load()

    def reason(self) -> str | None:
        """Why the policies deviate from the assurance level, where they do."""
        return self._book.reason()

    def version(self) -> int:
        """The number of the last change; 0: there was none yet."""
        return max((made.number for made in self._book.changes(1)), default=0)

    def changes(self) -> list[Changed]:
        """The latest first."""
        return self._book.changes()

    def roles(self) -> list[str]:
        """The roles that there are: those that dvauth knows, and those that have timeouts of their own."""
        own = (role for role, override in self.policies().roles.items() if override.values())
        return [*KNOWN_ROLES, *(role for role in sorted(own) if role not in KNOWN_ROLES)]

    def require_roles(self, roles: Iterable[str]) -> None:
        """Raises ``UnknownRole``, and what ``checked_roles`` raises: a mistyped role would open nothing."""
        known = self.roles()
        for role in checked_roles(roles):
            if role not in known:
                raise UnknownRole(role=role, known=", ".join(known))

    def checked(self, change: Change) -> PolicySet:
        """The policies as the change would make them. Raises what ``change`` raises."""
        for slug in change.portals:
            self._portal(slug)
        checked_roles(change.roles)
        return self._book.checked(change)

    def change(self, actor: Actor, change: Change, last: int | None = None) -> None:
        """Every process judges by it within two seconds. ``last``: the number of the last change that was seen.

        Raises ``PolicyError``, ``ReasonMissing``, ``NoSuchPortal``, ``BadRole``, and ``ChangedSince`` if there was
        another change meanwhile; ``StoreUnavailable`` where it is saved and Redis cannot be told of it yet.
        """
        self.checked(change)
        self._book.change(change, actor.name, last=last, note=partial(self._note, actor))

    def take_back(self, actor: Actor, last: int | None = None) -> None:
        """Undo the last change; with its number, only if it is still the last.

        Raises ``NothingToTakeBack``, and what ``change`` raises.
        """
        self._book.take_back(self._slugs(), actor.name, last=last, note=partial(self._note, actor))

    def taking_back(self) -> Change:
        """What ``take_back`` would change. Raises ``NothingToTakeBack``."""
        return self._book.taking_back(self._slugs())

    def impact(self, change: Change) -> Impact:
        """Raises what ``change`` raises. Looks at a sample where there are many sessions."""
        before, after = self.policies(), self.checked(change)
        slugs = list(change.portals)
        portal = self._portal(slugs[0]) if slugs and not change.default and not change.roles else None
        sample = self._survey.sample(portal)
        now = self._now()
        there = [record for record in sample.records if portal is None or portal.slug in record.portals]
        ends = [_ends_soon(record, before, after, portal, now) for record in there]
        scale = sample.total / len(sample.records) if sample.records else 1.0
        ended, warned, warned_now = (
            (round(scale * sum(found)) for found in zip(*ends, strict=True)) if ends else (0,) * 3
        )
        return Impact(
            sessions=sample.total,
            looked_at=len(sample.records),
            ended=ended,
            warned=warned,
            warned_now=warned_now,
        )

    def pauses(self) -> PauseCounts:
        return self._pauses()

    def swept(self) -> float:
        """Which part of all sessions has been looked at again since the last change, 0 to 1."""
        return self._sweep.done(self.policies())

    def _slugs(self) -> set[str]:
        return {portal.slug for portal in self._portals.all()}

    def _portal(self, slug: str) -> Portal:
        portal = self._portals.directory().by_slug(slug)
        if portal is None:
            raise NoSuchPortal(slug=slug)
        return portal

    def _note(self, actor: Actor, made: Changed) -> None:
        if made.reason != made.reason_before:
            self._record(
                "authz_admin",
                **actor.recorded,
                action="reason for looser timeouts changed",
                before=made.reason_before,
                after=made.reason,
            )
        found = differences(made.before, made.after)
        for (kind, name), these in groupby(found, key=lambda each: (each.kind, each.name)):
            changed = list(these)
            self._record(
                "authz_admin",
                **actor.recorded,
                portal=name if kind == "portal" else None,
                action="timeouts changed",
                role=name if kind == "role" else None,
                before=_in_one_line((each.field, each.old) for each in changed),
                after=_in_one_line((each.field, each.new) for each in changed),
            )


def _ends_soon(
    record: SessionRecord, before: PolicySet, after: PolicySet, portal: Portal | None, now: datetime
) -> tuple[bool, bool, bool]:
    """Whether the change ends it, whether it is warned in a minute with the change, and whether without."""
    slug = portal.slug if portal else None
    old, new = judge(record, before, slug, now), judge(record, after, slug, now)
    if not old.active:
        return False, False, False
    warned, warned_now = (each.active and each.expires_in - each.policy.warn_before <= SOON for each in (new, old))
    return not new.active, warned, warned_now


def differences(before: PolicySet, after: PolicySet) -> list[Difference]:
    found: list[tuple[str, str, TimeoutPolicy | Override, TimeoutPolicy | Override]] = [
        ("default", "", before.default, after.default)
    ]
    for kind, old, new in (("role", before.roles, after.roles), ("portal", before.portals, after.portals)):
        found += [(kind, name, old.get(name, Override()), new.get(name, Override())) for name in sorted({*old, *new})]
    limits = [
        Difference(kind, name, limit, getattr(old, limit), getattr(new, limit))
        for kind, name, old, new in found
        for limit in FIELDS
        if getattr(old, limit) != getattr(new, limit)
    ]
    if before.assurance == after.assurance:
        return limits
    return [*limits, Difference("assurance", "", "assurance_level", before.assurance.name, after.assurance.name)]


def _in_one_line(values: Iterable[tuple[str, Any]]) -> str:
    """For the audit log: ``idle_timeout=15m warn_before=unset``."""
    return " ".join(f"{name}={_or_unset(value)}" for name, value in values)


def _or_unset(value: Any) -> str:
    if value is None:
        return "unset"
    return short(value) if isinstance(value, timedelta) else str(value)
