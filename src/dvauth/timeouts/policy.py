"""What a timeout policy is, which values are refused, and how several policies become one. Pure.

One rule joins policies: field by field the smallest value wins ("the strictest"). It keeps what was checked before
true afterwards: where every override fits the default, any mixture of them has warn_before < idle_timeout <=
absolute_timeout as well, and remembers nobody or for at least absolute_timeout.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from enum import IntEnum
from typing import Any, Self

from dvauth.explained import N_

ADMIN_ROLE = "admin"

# Bounds that are refused. Only a development setting lifts the lower ones.
SHORTEST_WARNING = timedelta(seconds=20)  # WCAG 2.2, SC 2.2.1: at least 20 s to react
LONGEST_ABSOLUTE = timedelta(days=30)  # NIST SP 800-63B-4, AAL1
LONGEST_REMEMBER = timedelta(days=400)  # RFC 6265bis 5.5: browsers keep no cookie longer
MOST_SESSIONS = 1000  # one script handles all sessions of an account
LONGEST_AT_AAL3 = timedelta(hours=12)  # NIST SP 800-63B-4, 2.3.3: SHALL


class Assurance(IntEnum):
    """Which authenticator assurance level of NIST SP 800-63B-4 the operator means to keep."""

    AAL1 = 1
    AAL2 = 2
    AAL3 = 3


@dataclass(frozen=True, slots=True)
class Mistake:
    """A value that is refused: a sentence with blanks in braces, and what fills them.

    Of the values ``field`` and ``other`` are names of fields; durations are ``timedelta``. ``whose`` is whose policy
    it is: ``default``, ``role:…`` or ``portal:…``; empty where only one policy is looked at.
    """

    sentence: str
    values: Mapping[str, Any]
    whose: str = ""

    def explain(self, gettext: Callable[[str], str], tell: Callable[[Any], str]) -> str:
        """The sentence in the language of ``gettext``; ``tell`` says a value or the name of a field."""
        return gettext(self.sentence).format(**{name: tell(value) for name, value in self.values.items()})

    def __str__(self) -> str:
        scope = f"{self.whose.replace(':', ' ')}: " if self.whose else ""
        return scope + self.explain(str, _told)


class PolicyError(ValueError):
    """Values that are refused; ``mistakes`` has one for each."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        super().__init__(" ".join(map(str, mistakes)))


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

    def mistakes(self, *, short_allowed: bool = False) -> list[Mistake]:
        """One for each value out of bounds; ``short_allowed`` lifts the lower bounds (development)."""
        shortest = timedelta(seconds=1) if short_allowed else SHORTEST_WARNING
        less, more = N_("{field} of {value} is less than {bound}."), N_("{field} of {value} is more than {bound}.")
        below, above = (
            N_("{field} of {value} is less than {other} of {bound}."),
            N_("{field} of {value} is not less than {other} of {bound}."),
        )
        checks = (
            (self.warn_before < shortest, less, "warn_before", shortest),
            (self.warn_before >= self.idle_timeout, above, "warn_before", "idle_timeout"),
            (self.absolute_timeout < self.idle_timeout, below, "absolute_timeout", "idle_timeout"),
            (self.absolute_timeout > LONGEST_ABSOLUTE, more, "absolute_timeout", LONGEST_ABSOLUTE),
            (self.remember_for < timedelta(0), N_("{field} of {value} is negative."), "remember_for", None),
            (timedelta(0) < self.remember_for < self.absolute_timeout, below, "remember_for", "absolute_timeout"),
            (self.remember_for > LONGEST_REMEMBER, more, "remember_for", LONGEST_REMEMBER),
            (
                not 1 <= self.max_sessions <= MOST_SESSIONS,
                N_("{field} of {value} is not between 1 and {bound}."),
                "max_sessions",
                MOST_SESSIONS,
            ),
        )
        return [self._mistake(sentence, name, bound) for wrong, sentence, name, bound in checks if wrong]

    def _mistake(self, sentence: str, name: str, bound: Any) -> Mistake:
        values = {"field": name, "value": getattr(self, name), "bound": bound}
        if isinstance(bound, str):
            values |= {"other": bound, "bound": getattr(self, bound)}
        return Mistake(sentence, values)


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

    def to_document(self) -> dict[str, Any]:
        """Plain values for JSON, durations in seconds, each with who set it."""
        return {
            written: {"value": value, "set_by": self.sources[name]}
            for name in FIELDS
            for written, value in _plain({name: getattr(self.policy, name)}).items()
        }


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
    assurance: Assurance = Assurance.AAL1
    _known: dict[tuple[tuple[str, ...], str | None], EffectivePolicy] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def strictest(self, roles: Iterable[str], portal: str | None = None) -> EffectivePolicy:
        """The policy for an account with these roles, on this portal or anywhere."""
        key = (tuple(roles), portal)
        if key not in self._known:
            self._known[key] = self._join(*key)
        return self._known[key]

    def some_role_is_stricter(self, portal: str | None = None) -> bool:
        """Whether somebody may be idle for less than those without a role."""
        everybodys = self.strictest((), portal).policy.idle_timeout
        return any(self.strictest((role,), portal).policy.idle_timeout < everybodys for role in self.roles)

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

    def mistakes(self, *, short_allowed: bool = False) -> list[Mistake]:
        """One for each refused value, with whose it is: a mistake of the default is no override's."""
        everybodys = self.default.mistakes(short_allowed=short_allowed)
        found = [replace(mistake, whose="default") for mistake in everybodys + self._mistakes_of_assurance()]
        # The default's own remember_for is judged above; it does not reach whoever has limits of their own.
        forgetful = replace(self.default, remember_for=timedelta(0))
        for kind, overrides in (("role", self.roles), ("portal", self.portals)):
            for name, override in overrides.items():
                joined = replace(forgetful, **override.values())
                own = (each for each in joined.mistakes(short_allowed=short_allowed) if each not in everybodys)
                found += [replace(mistake, whose=f"{kind}:{name}") for mistake in own]
        sentence = N_("{field} cannot be set for a portal, only for all or a role.")
        for name, override in self.portals.items():
            pointless = [each for each in override.values() if each not in PORTAL_FIELDS]
            found += [Mistake(sentence, {"field": each}, f"portal:{name}") for each in pointless]
        return found

    def _mistakes_of_assurance(self) -> list[Mistake]:
        """No override lengthens anything, so what holds for the default holds for all."""
        if self.assurance < Assurance.AAL3:
            return []
        sentence = N_("{field} of {value} is more than {bound}, the most at the assurance level AAL3.")
        limits = {name: getattr(self.default, name) for name in ("absolute_timeout", "remember_for")}
        return [
            Mistake(sentence, {"field": name, "value": value, "bound": LONGEST_AT_AAL3})
            for name, value in limits.items()
            if value > LONGEST_AT_AAL3
        ]

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
            "assurance_level": int(self.assurance),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            TimeoutPolicy(**_rich(document["default"])),
            {name: Override(**_rich(values)) for name, values in document["roles"].items()},
            {name: Override(**_rich(values)) for name, values in document["portals"].items()},
            Assurance(document.get("assurance_level", Assurance.AAL1)),
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


def _told(value: Any) -> str:
    return f"{value.total_seconds():.12g} s" if isinstance(value, timedelta) else str(value)
