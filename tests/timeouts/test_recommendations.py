"""What the published recommendations say of a policy."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dvauth.timeouts.policy import ADMIN_ROLE, Assurance, Override, PolicySet, TimeoutPolicy
from dvauth.timeouts.recommendations import PRESETS, deviations, looser_than

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("policy", "looser"),
    [
        (TimeoutPolicy(idle_timeout=5 * MINUTE, absolute_timeout=8 * HOUR), []),
        (TimeoutPolicy(idle_timeout=5 * MINUTE + MINUTE / 60, absolute_timeout=8 * HOUR), ["high value"]),
        (TimeoutPolicy(idle_timeout=16 * MINUTE, absolute_timeout=8 * HOUR), ["high value", "AAL3", "important data"]),
        (TimeoutPolicy(idle_timeout=5 * MINUTE, absolute_timeout=9 * HOUR), ["office day"]),
        (TimeoutPolicy(idle_timeout=5 * MINUTE, absolute_timeout=13 * HOUR), ["office day", "AAL3"]),
        (TimeoutPolicy(idle_timeout=5 * MINUTE, absolute_timeout=25 * HOUR), ["office day", "AAL3", "AAL2"]),
        # Ten answers of 14 minutes each after the first 15: 155 minutes.
        (TimeoutPolicy(absolute_timeout=154 * MINUTE), ["SC 2.2.1 (A)", "high value"]),
        (TimeoutPolicy(absolute_timeout=155 * MINUTE), ["high value"]),
        (
            TimeoutPolicy(idle_timeout=5 * MINUTE, absolute_timeout=8 * HOUR, remember_for=40 * DAY),
            ["AAL1", "AAL2", "AAL2", "AAL3", "AAL3", "low risk", "high value", "office day", "important data"],
        ),
    ],
)
def test_what_a_policy_is_looser_than(policy: TimeoutPolicy, looser: list[str]) -> None:
    assert sorted(each.source.partition(", ")[2] for each in looser_than(policy)) == sorted(looser)


def test_administrators_are_compared_with_what_is_said_of_them() -> None:
    policy = TimeoutPolicy(idle_timeout=6 * MINUTE)
    beside = {*looser_than(policy, administration=True)} - {*looser_than(policy)}
    assert [each.source for each in beside] == ["TCVN 14423:2026, administration"]


@pytest.mark.parametrize(
    ("level", "policy", "number"),
    [
        (Assurance.AAL1, TimeoutPolicy(absolute_timeout=30 * DAY), 0),
        (Assurance.AAL1, TimeoutPolicy(remember_for=31 * DAY), 1),
        (Assurance.AAL2, TimeoutPolicy(idle_timeout=HOUR), 0),
        (Assurance.AAL2, TimeoutPolicy(idle_timeout=61 * MINUTE), 1),
        (Assurance.AAL2, TimeoutPolicy(idle_timeout=61 * MINUTE, absolute_timeout=25 * HOUR), 2),
        (Assurance.AAL3, TimeoutPolicy(idle_timeout=16 * MINUTE, absolute_timeout=12 * HOUR), 1),
    ],
)
@pytest.mark.proves("TO3")
def test_deviations_are_those_of_the_level_that_is_kept(level: Assurance, policy: TimeoutPolicy, number: int) -> None:
    assert len(deviations(PolicySet(policy, assurance=level))) == number


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_allowed_and_keep_what_they_are_named_after(name: str) -> None:
    preset = PRESETS[name]
    roles = {role: Override(**values) for role, values in preset.roles.items()}
    policies = PolicySet(replace(TimeoutPolicy(remember_for=timedelta(days=60)), **preset.default), roles)
    assert policies.mistakes() == []
    kept = {
        "tcvn": "TCVN",
        "nist-aal2": "AAL2",
        "nist-aal3": "AAL3",
        "owasp-office": "office",
        "owasp-high-value": "high value",
    }
    everybodys = looser_than(policies.default)
    administrators = looser_than(policies.strictest([ADMIN_ROLE]).policy, administration=bool(preset.roles))
    assert not [each.source for each in everybodys + administrators if kept[name] in each.source]
    assert not [each for each in everybodys if "WCAG" in each.source]


@pytest.mark.parametrize(("absolute", "exempt"), [(timedelta(hours=20), False), (timedelta(hours=20, seconds=1), True)])
def test_only_sessions_of_more_than_twenty_hours_need_no_ten_extensions(absolute: timedelta, exempt: bool) -> None:
    policy = TimeoutPolicy(idle_timeout=timedelta(hours=10), absolute_timeout=absolute)
    told = {(each.source, each.field) for each in looser_than(policy)}
    assert (("WCAG 2.2, SC 2.2.1 (A)", "absolute_timeout") not in told) is exempt
