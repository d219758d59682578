"""What a timeout policy is, which values are refused, and how several policies become one. Pure.

One rule joins policies: field by field the smallest value wins ("the strictest"). It keeps what was checked before
true afterwards: where every override fits the default, any mixture of them has warn_before < idle_timeout <=
absolute_timeout as well, and remembers nobody or for at least absolute_timeout.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any, Self

ADMIN_ROLE = "admin"

# Bounds that are refused. Only a development setting lifts the lower ones.
SHORTEST_WARNING = timedelta(seconds=20)  # WCAG 2.2, SC 2.2.1: at least 20 s to react
LONGEST_ABSOLUTE = timedelta(days=30)  # NIST SP 800-63B-4, AAL1
LONGEST_REMEMBER = timedelta(days=400)  # RFC 6265bis 5.5: browsers keep no cookie longer
MOST_SESSIONS = 1000  # one script handles all sessions of an account


class PolicyError(ValueError):
    """Values that are refused; ``mistakes`` has one sentence for each, naming field and value."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__(" ".join(mistakes))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeoutPolicy:
    """The limits of a session. ``remember_for`` of zero means that nobody is remembered.

    It takes the place of both timeouts, so less than the absolute one would make remembering end a session sooner.
    """

    idle_timeout: timedelta = timedelta(minutes=15)
    absolute_timeout: timedelta = timedelta(hours=24)
    warn_before: timedelta = timedelta(seconds=60)
    remember_for: timedelta = timedelta(0)
    max_sessions: int = 10

    def mistakes(self, *, short_allowed: bool = False) -> list[str]:
        """One sentence for each value out of bounds; ``short_allowed`` lifts the lower bounds (development)."""
        shortest = timedelta(seconds=1) if short_allowed else SHORTEST_WARNING
        checks = (
            (self.warn_before < shortest, f"warn_before of {_told(self.warn_before)} is less than {_told(shortest)}"),
            (
                self.warn_before >= self.idle_timeout,
                f"warn_before of {_told(self.warn_before)} is not less than idle_timeout of {_told(self.idle_timeout)}",
            ),
            (
                self.absolute_timeout < self.idle_timeout,
                (
                    f"absolute_timeout of {_told(self.absolute_timeout)} "
                    f"is less than idle_timeout of {_told(self.idle_timeout)}"
                ),
            ),
            (
                self.absolute_timeout > LONGEST_ABSOLUTE,
                f"absolute_timeout of {_told(self.absolute_timeout)} is more than 30 days",
            ),
            (self.remember_for < timedelta(0), f"remember_for of {_told(self.remember_for)} is negative"),
            (
                timedelta(0) < self.remember_for < self.absolute_timeout,
                (
                    f"remember_for of {_told(self.remember_for)} "
                    f"is less than absolute_timeout of {_told(self.absolute_timeout)}"
                ),
            ),
            (
                self.remember_for > LONGEST_REMEMBER,
                f"remember_for of {_told(self.remember_for)} is more than 400 days",
            ),
            (
                not 1 <= self.max_sessions <= MOST_SESSIONS,
                f"max_sessions of {self.max_sessions} is not between 1 and {MOST_SESSIONS}",
            ),
        )
        return [f"{sentence}." for wrong, sentence in checks if wrong]


FIELDS = tuple(f.name for f in fields(TimeoutPolicy))
PORTAL_FIELDS = ("idle_timeout", "absolute_timeout", "warn_before")  # the others are about the whole session


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Some fields of a policy, for one role or one portal; ``None`` leaves a field alone."""

    idle_timeout: timedelta | None = None
    absolute_timeout: timedelta | None = None
    warn_before: timedelta | None = None
    remember_for: timedelta | None = None
    max_sessions: int | None = None

    def values(self) -> dict[str, Any]:
        return {name: value for name in FIELDS if (value := getattr(self, name)) is not None}

    @property
    def limits_time(self) -> bool:
        return self.idle_timeout is not None or self.absolute_timeout is not None


@dataclass(frozen=True, slots=True)
class EffectivePolicy:
    """The strictest of several policies, and for each field who set it: ``default``, ``role:…`` or ``portal:…``."""

    policy: TimeoutPolicy
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The policies in force: one default, and overrides by role and by portal slug."""

    default: TimeoutPolicy = TimeoutPolicy()
    roles: Mapping[str, Override] = field(
        default_factory=lambda: {
            ADMIN_ROLE: Override(idle_timeout=timedelta(minutes=5), absolute_timeout=timedelta(hours=12))
        }
    )
    portals: Mapping[str, Override] = field(default_factory=dict)
    _known: dict[tuple[tuple[str, ...], str | None], EffectivePolicy] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def strictest(self, roles: Iterable[str], portal: str | None = None) -> EffectivePolicy:
        """The policy for an account with these roles, on this portal or anywhere."""
        key = (tuple(roles), portal)
        if key not in self._known:
            self._known[key] = self._join(*key)
        return self._known[key]

    def _join(self, roles: tuple[str, ...], portal: str | None) -> EffectivePolicy:
        overrides = {f"role:{role}": self.roles[role] for role in roles if role in self.roles}
        forbidding = [role for role in roles if self._forbids_remembering(role)]
        if portal is not None and portal in self.portals:
            overrides[f"portal:{portal}"] = self.portals[portal]
        values = {name: getattr(self.default, name) for name in FIELDS}
        sources = dict.fromkeys(FIELDS, "default")
        for source, override in overrides.items():
            for name, value in override.values().items():
                if value < values[name]:
                    values[name], sources[name] = value, source
        if forbidding and values["remember_for"]:
            values["remember_for"], sources["remember_for"] = timedelta(0), f"role:{forbidding[0]}"
        return EffectivePolicy(TimeoutPolicy(**values), sources)

    def _forbids_remembering(self, role: str) -> bool:
        """Administrators are never remembered; nor is a role with limits of its own, which would be for nothing."""
        return role == ADMIN_ROLE or (role in self.roles and self.roles[role].limits_time)

    def mistakes(self, *, short_allowed: bool = False) -> list[str]:
        """One sentence for each refused value, with where it stands: a mistake of the default is no override's."""
        everybodys = self.default.mistakes(short_allowed=short_allowed)
        found = [f"default: {text}" for text in everybodys]
        # The default's own remember_for is judged above; it does not reach whoever has limits of their own.
        forgetful = replace(self.default, remember_for=timedelta(0))
        for kind, overrides in (("role", self.roles), ("portal", self.portals)):
            for name, override in overrides.items():
                joined = replace(forgetful, **override.values())
                own = (text for text in joined.mistakes(short_allowed=short_allowed) if text not in everybodys)
                found += [f"{kind} {name}: {text}" for text in own]
        for name, override in self.portals.items():
            pointless = [each for each in override.values() if each not in PORTAL_FIELDS]
            found += [
                f"portal {name}: {each} cannot be set for a portal, only for all or a role." for each in pointless
            ]
        return found

    def checked(self, *, short_allowed: bool = False) -> Self:
        """The set itself; raises ``PolicyError`` with every mistake."""
        if mistakes := self.mistakes(short_allowed=short_allowed):
            raise PolicyError(mistakes)
        return self

    def to_document(self) -> dict[str, Any]:
        """Plain values for JSON, durations in seconds."""
        return {
            "default": _plain({name: getattr(self.default, name) for name in FIELDS}),
            "roles": {name: _plain(override.values()) for name, override in self.roles.items()},
            "portals": {name: _plain(override.values()) for name, override in self.portals.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            TimeoutPolicy(**_rich(document["default"])),
            {name: Override(**_rich(values)) for name, values in document["roles"].items()},
            {name: Override(**_rich(values)) for name, values in document["portals"].items()},
        )


def _plain(values: Mapping[str, Any]) -> dict[str, float | int]:
    return {
        name if name == "max_sessions" else f"{name}_seconds": value
        if name == "max_sessions"
        else value.total_seconds()
        for name, value in values.items()
    }


def _rich(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.removesuffix("_seconds"): value if name == "max_sessions" else timedelta(seconds=value)
        for name, value in values.items()
    }


def _told(duration: timedelta) -> str:
    return f"{duration.total_seconds():.12g} s"
