"""Whose timeouts a page is about."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from flask import url_for

from dvauth.policies.book import Change
from dvauth.timeouts.policy import FIELDS, PORTAL_FIELDS, Override, PolicySet, TimeoutPolicy


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose timeouts a page is about: ``default`` without a name, a ``role`` or a ``portal``."""

    kind: str
    name: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        return PORTAL_FIELDS if self.kind == "portal" else FIELDS

    @property
    def source(self) -> str:
        """As mistakes name it."""
        return f"{self.kind}:{self.name}" if self.name else self.kind

    @property
    def url(self) -> str:
        return url_for("timeouts.edit", kind=self.kind, name=self.name or None)

    @classmethod
    def only_one_of(cls, change: Change) -> Self | None:
        """Whose times it changes, if it is one's alone."""
        found = [cls("default")] if change.default else []
        found += [cls("role", name) for name in change.roles] + [cls("portal", name) for name in change.portals]
        return found[0] if len(found) == 1 else None

    def values(self, policies: PolicySet) -> TimeoutPolicy | Override:
        """What is set for it; for the default all fields."""
        if self.kind == "default":
            return policies.default
        return (policies.roles if self.kind == "role" else policies.portals).get(self.name) or Override()

    def in_force(self, policies: PolicySet) -> TimeoutPolicy:
        roles, portal = ([self.name], None) if self.kind == "role" else ([], self.name or None)
        policy = policies.strictest(roles, portal).policy
        own = policies.portals.get(self.name) if portal else None
        # Where a portal limits time itself, remembering lengthens nothing there.
        return replace(policy, remember_for=timedelta(0)) if own and own.limits_time else policy
