"""Published recommendations for timeouts: how a policy compares with them, and policies to start from. Pure.

A recommendation refuses nothing, and nothing here is legal advice. What is ``second_hand`` was read in published
summaries, not in the official text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import timedelta
from typing import Any

from dvauth.explained import N_
from dvauth.timeouts.policy import (
    ADMIN_ROLE,
    LONGEST_ABSOLUTE,
    LONGEST_AT_AAL3,
    SHORTEST_WARNING,
    Assurance,
    PolicySet,
    TimeoutPolicy,
)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

# WCAG 2.2, SC 2.2.1: a limit can be extended at least ten times, or is longer than 20 hours.
RENEWALS = 10
EXEMPT = 20 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What a source recommends for one field of a policy.

    ``bound`` is the most of that field, or of ``warn_before`` the least. ``level``: it is NIST's, for that level and
    those above. ``administration``: it is about administrators alone.
    """

    source: str
    field: str
    bound: timedelta | None
    keeps: Callable[[TimeoutPolicy], bool] = dataclass_field(repr=False)
    level: Assurance | None = None
    administration: bool = False
    second_hand: bool = False


def looser_than(policy: TimeoutPolicy, *, administration: bool = False) -> list[Recommendation]:
    """The recommendations that a policy does not keep; those for administrators only if it is theirs."""
    return [each for each in compared_with(administration=administration) if not each.keeps(policy)]


def compared_with(*, administration: bool) -> list[Recommendation]:
    return [each for each in RECOMMENDATIONS if administration or not each.administration]


def deviations(policies: PolicySet) -> list[Recommendation]:
    """What NIST says SHOULD hold at the operator's assurance level and does not.

    Each needs a reason that is written down (ASVS 7.1.1). No override lengthens anything, so the default decides.
    """
    level = policies.assurance
    return [each for each in RECOMMENDATIONS if each.level == level and not each.keeps(policies.default)]


def _longest(policy: TimeoutPolicy, name: str) -> timedelta:
    value: timedelta = getattr(policy, name)
    return max(value, policy.remember_for)  # which takes the place of both timeouts


def _at_most(bound: timedelta, name: str, source: str, **about: Any) -> Recommendation:
    def keeps(policy: TimeoutPolicy) -> bool:
        return _longest(policy, name) <= bound

    return Recommendation(source=source, field=name, bound=bound, keeps=keeps, **about)


def _can_be_extended(policy: TimeoutPolicy) -> bool:
    """Each answer to the prompt gives the idle timeout anew, less what was left of the warning."""
    extension = policy.idle_timeout - policy.warn_before
    return policy.absolute_timeout > EXEMPT or policy.absolute_timeout >= policy.idle_timeout + RENEWALS * extension


WCAG = "WCAG 2.2, SC 2.2.1 (A)"
NIST = "NIST SP 800-63B-4, {}"

RECOMMENDATIONS = (
    Recommendation(
        source=WCAG,
        field="warn_before",
        bound=SHORTEST_WARNING,
        keeps=lambda policy: policy.warn_before >= SHORTEST_WARNING,
    ),
    Recommendation(source=WCAG, field="absolute_timeout", bound=None, keeps=_can_be_extended),
    _at_most(LONGEST_ABSOLUTE, "absolute_timeout", NIST.format("AAL1"), level=Assurance.AAL1),
    _at_most(HOUR, "idle_timeout", NIST.format("AAL2"), level=Assurance.AAL2),
    _at_most(24 * HOUR, "absolute_timeout", NIST.format("AAL2"), level=Assurance.AAL2),
    _at_most(15 * MINUTE, "idle_timeout", NIST.format("AAL3"), level=Assurance.AAL3),
    _at_most(LONGEST_AT_AAL3, "absolute_timeout", NIST.format("AAL3"), level=Assurance.AAL3),
    _at_most(30 * MINUTE, "idle_timeout", N_("OWASP Session Management Cheat Sheet, low risk")),
    _at_most(5 * MINUTE, "idle_timeout", N_("OWASP Session Management Cheat Sheet, high value")),
    _at_most(8 * HOUR, "absolute_timeout", N_("OWASP Session Management Cheat Sheet, office day")),
    _at_most(15 * MINUTE, "idle_timeout", N_("TCVN 14423:2026, important data"), second_hand=True),
    _at_most(5 * MINUTE, "idle_timeout", N_("TCVN 14423:2026, administration"), administration=True, second_hand=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Values to start from. ``roles`` are set for these roles beside ``default``; what is not named stays.

    Each remembers nobody: whoever is remembered stays longer than the times that the source recommends.
    """

    title: str
    default: Mapping[str, timedelta]
    roles: Mapping[str, Mapping[str, timedelta]] = dataclass_field(default_factory=dict)


NOBODY_REMEMBERED = {"remember_for": timedelta(0)}

PRESETS = {
    "tcvn": Preset(
        title=N_("TCVN 14423:2026, important data (per published summaries)"),
        default=NOBODY_REMEMBERED | {"idle_timeout": 15 * MINUTE, "absolute_timeout": 24 * HOUR},
        roles={ADMIN_ROLE: {"idle_timeout": 5 * MINUTE}},
    ),
    "nist-aal2": Preset(
        title=N_("NIST SP 800-63B-4, AAL2"),
        default=NOBODY_REMEMBERED | {"idle_timeout": HOUR, "absolute_timeout": 24 * HOUR},
    ),
    "nist-aal3": Preset(
        title=N_("NIST SP 800-63B-4, AAL3"),
        default=NOBODY_REMEMBERED | {"idle_timeout": 15 * MINUTE, "absolute_timeout": 12 * HOUR},
    ),
    "owasp-office": Preset(
        title=N_("OWASP, low risk and an office day"),
        default=NOBODY_REMEMBERED | {"idle_timeout": 30 * MINUTE, "absolute_timeout": 8 * HOUR},
    ),
    "owasp-high-value": Preset(
        title=N_("OWASP, high value"),
        default=NOBODY_REMEMBERED | {"idle_timeout": 5 * MINUTE, "absolute_timeout": 8 * HOUR},
    ),
}
