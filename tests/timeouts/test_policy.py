"""Which values are refused, and how several policies become one."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvauth.timeouts.policy import FIELDS, PORTAL_FIELDS, Assurance, Override, PolicyError, PolicySet, TimeoutPolicy

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
MS = timedelta(milliseconds=1)
ROLES = ("reader", "editor", "admin")
PORTALS = ("news", "bank")


@st.composite
def policies(draw: Any) -> TimeoutPolicy:
    idle = draw(st.integers(21, 30 * 86400))
    absolute = draw(st.integers(idle, 30 * 86400))
    return TimeoutPolicy(
        idle_timeout=idle * SECOND,
        absolute_timeout=absolute * SECOND,
        warn_before=draw(st.integers(20, idle - 1)) * SECOND,
        remember_for=draw(st.just(0) | st.integers(absolute, 400 * 86400)) * SECOND,
        max_sessions=draw(st.integers(1, 1000)),
    )


@st.composite
def overrides(draw: Any, default: TimeoutPolicy, names: tuple[str, ...] = FIELDS) -> Override:
    """Some fields of another valid policy; all of them, where some do not fit the default."""
    other = draw(policies())
    every = {name: getattr(other, name) for name in names}
    some = {name: every[name] for name in draw(st.sets(st.sampled_from(names)))}
    return Override(**(every if replace(default, **some).mistakes() else some))


@st.composite
def policy_sets(draw: Any) -> PolicySet:
    default = draw(policies())
    roles = draw(st.dictionaries(st.sampled_from(ROLES), overrides(default)))
    portals = draw(st.dictionaries(st.sampled_from(PORTALS), overrides(default, PORTAL_FIELDS)))
    return PolicySet(default, roles, portals)


some_roles = st.lists(st.sampled_from(ROLES), unique=True)
some_portal = st.sampled_from((None, *PORTALS))


def test_defaults_are_those_of_the_contract() -> None:
    policies = PolicySet().checked()
    assert policies.default == TimeoutPolicy(
        idle_timeout=15 * MINUTE,
        absolute_timeout=24 * HOUR,
        warn_before=60 * SECOND,
        remember_for=0 * SECOND,
        max_sessions=10,
    )
    assert policies.roles == {"admin": Override(idle_timeout=5 * MINUTE, absolute_timeout=12 * HOUR)}
    assert policies.portals == {}


def told(policy: TimeoutPolicy | PolicySet) -> list[str]:
    return list(map(str, policy.mistakes()))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"warn_before": 20 * SECOND - MS}, "warn_before of 19.999 s is less than 20 s."),
        ({"warn_before": 15 * MINUTE}, "warn_before of 900 s is not less than idle_timeout of 900 s."),
        ({"idle_timeout": 60 * SECOND}, "warn_before of 60 s is not less than idle_timeout of 60 s."),
        ({"idle_timeout": DAY + MS}, "absolute_timeout of 86400 s is less than idle_timeout of 86400.001 s."),
        ({"absolute_timeout": 30 * DAY + MS}, "absolute_timeout of 2592000.001 s is more than 2592000 s."),
        ({"remember_for": -1 * SECOND}, "remember_for of -1 s is negative."),
        ({"remember_for": MS}, "remember_for of 0.001 s is less than absolute_timeout of 86400 s."),
        ({"remember_for": DAY - MS}, "remember_for of 86399.999 s is less than absolute_timeout of 86400 s."),
        ({"remember_for": 400 * DAY + MS}, "remember_for of 34560000.001 s is more than 34560000 s."),
        ({"max_sessions": 0}, "max_sessions of 0 is not between 1 and 1000."),
        ({"max_sessions": 1001}, "max_sessions of 1001 is not between 1 and 1000."),
    ],
)
@pytest.mark.proves("AX1")
def test_each_value_out_of_bounds_is_told_in_a_sentence_of_its_own(values: dict[str, Any], sentence: str) -> None:
    assert told(TimeoutPolicy(**values)) == [sentence]


@pytest.mark.parametrize(
    "values",
    [
        {"warn_before": 20 * SECOND},
        {"warn_before": 15 * MINUTE - MS},
        {"idle_timeout": DAY},
        {"absolute_timeout": 15 * MINUTE},
        {"absolute_timeout": 30 * DAY},
        {"remember_for": 0 * SECOND},
        {"remember_for": DAY},
        {"remember_for": 400 * DAY},
        {"max_sessions": 1},
        {"max_sessions": 1000},
    ],
)
def test_bounds_themselves_are_allowed(values: dict[str, Any]) -> None:
    assert TimeoutPolicy(**values).mistakes() == []


def test_development_lifts_the_lower_bound_of_the_warning_alone() -> None:
    assert TimeoutPolicy(warn_before=SECOND).mistakes(short_allowed=True) == []
    (mistake,) = TimeoutPolicy(warn_before=SECOND - MS).mistakes(short_allowed=True)
    assert str(mistake) == "warn_before of 0.999 s is less than 1 s."
    assert TimeoutPolicy(absolute_timeout=31 * DAY).mistakes(short_allowed=True)


def test_all_mistakes_of_a_set_are_told_at_once_and_where_they_stand() -> None:
    wrong = PolicySet(
        TimeoutPolicy(max_sessions=0),
        {"editor": Override(max_sessions=2, absolute_timeout=MINUTE)},
        {"bank": Override(max_sessions=1, warn_before=5 * SECOND)},
    )
    sentences = [
        "default: max_sessions of 0 is not between 1 and 1000.",
        "role editor: absolute_timeout of 60 s is less than idle_timeout of 900 s.",
        "portal bank: warn_before of 5 s is less than 20 s.",
        "portal bank: max_sessions cannot be set for a portal, only for all or a role.",
    ]
    assert told(wrong) == sentences
    assert list(map(str, wrong.mistakes(short_allowed=True))) == [*sentences[:2], sentences[3]]
    with pytest.raises(PolicyError) as refused:
        wrong.checked()
    assert list(map(str, refused.value.mistakes)) == sentences
    assert str(refused.value) == " ".join(sentences)


def test_checked_gives_the_set_itself() -> None:
    short = PolicySet(TimeoutPolicy(warn_before=SECOND))
    assert short.checked(short_allowed=True) is short
    with pytest.raises(PolicyError):
        short.checked()


@given(policy_sets(), some_roles, some_portal)
def test_strictest_of_anything_valid_is_valid(found: PolicySet, roles: list[str], portal: str | None) -> None:
    assert found.mistakes() == []
    strictest = found.strictest(roles, portal).policy
    assert strictest.mistakes() == []
    assert strictest.remember_for == timedelta(0) or strictest.remember_for >= found.default.absolute_timeout


@given(policy_sets(), some_roles, some_portal)
@pytest.mark.proves("CO9")
def test_strictest_is_the_smallest_of_each_field_and_says_who_set_it(
    found: PolicySet, roles: list[str], portal: str | None
) -> None:
    effective = found.strictest(roles, portal)
    involved = {f"role:{role}": found.roles[role] for role in roles if role in found.roles}
    limited = any(override.limits_time for override in involved.values())
    if portal in found.portals:
        involved[f"portal:{portal}"] = found.portals[portal]
    for name in FIELDS:
        offers = {source: value for source, over in involved.items() if (value := getattr(over, name)) is not None}
        offers["default"] = getattr(found.default, name)
        source = effective.sources[name]
        if name == "remember_for" and ("admin" in roles or limited):
            assert effective.policy.remember_for == timedelta(0)
            assert (source == "default") is (found.default.remember_for == timedelta(0))
            assert source in ("default", "role:admin") or involved[source].limits_time or not offers[source]
            continue
        assert offers[source] == min(offers.values())
        assert source == "default" or offers[source] < offers["default"]
        assert getattr(effective.policy, name) == offers[source]


@given(policy_sets(), some_roles, some_portal, st.data())
def test_another_override_never_loosens_anything(
    found: PolicySet, roles: list[str], portal: str | None, data: st.DataObject
) -> None:
    more = data.draw(overrides(found.default))
    added = (
        PolicySet(found.default, {**found.roles, "deputy": more}, found.portals),
        PolicySet(found.default, found.roles, {**found.portals, "archive": more}),
    )
    before = found.strictest(roles, None).policy
    for after in (
        added[0].strictest([*roles, "deputy"]).policy,
        added[1].strictest(roles, "archive").policy,
        found.strictest(roles, portal).policy,
    ):
        for name in FIELDS:
            assert getattr(after, name) <= getattr(before, name)


@given(policy_sets(), some_roles, some_portal)
def test_order_of_roles_does_not_matter(found: PolicySet, roles: list[str], portal: str | None) -> None:
    assert found.strictest(roles, portal).policy == found.strictest(roles[::-1], portal).policy


@given(policy_sets())
def test_unknown_roles_and_portals_get_the_default(found: PolicySet) -> None:
    effective = found.strictest(["stranger"], "nowhere")
    assert effective.policy == found.default
    assert set(effective.sources.values()) == {"default"}


@pytest.mark.parametrize(
    ("roles", "portal", "remembered"),
    [
        ((), None, True),
        (("reader",), None, True),  # the role's override is about something else
        (("editor",), None, False),  # its idle timeout would be for nothing
        (("clerk",), None, False),  # its absolute timeout would be for nothing
        (("reader", "clerk"), None, False),
        (("admin",), None, False),
        (("admin", "reader"), None, False),
        ((), "bank", True),  # a portal's own limits are judged beside the session's
    ],
)
def test_who_may_be_remembered(roles: tuple[str, ...], portal: str | None, remembered: bool) -> None:
    policies = PolicySet(
        TimeoutPolicy(remember_for=30 * DAY),
        {
            "reader": Override(max_sessions=3, warn_before=2 * MINUTE),
            "editor": Override(idle_timeout=10 * MINUTE),
            "clerk": Override(absolute_timeout=10 * HOUR),
        },
        {"bank": Override(idle_timeout=3 * MINUTE)},
    )
    found = policies.strictest(roles, portal)
    assert found.policy.remember_for == (30 * DAY if remembered else timedelta(0))
    forbidding = next((f"role:{role}" for role in roles if role in {"admin", "editor", "clerk"}), "default")
    assert found.sources["remember_for"] == forbidding


@pytest.mark.parametrize(
    ("override", "sentences"),
    [
        (Override(remember_for=2 * DAY), []),
        (
            Override(remember_for=HOUR),
            ["role clerk: remember_for of 3600 s is less than absolute_timeout of 86400 s."],
        ),
        (Override(absolute_timeout=25 * DAY), []),  # looser than the default's remember_for, which is not for them
        (
            Override(absolute_timeout=5 * DAY, remember_for=4 * DAY),
            ["role clerk: remember_for of 345600 s is less than absolute_timeout of 432000 s."],
        ),
    ],
)
def test_roles_remember_for_is_measured_by_its_own_absolute_timeout(override: Override, sentences: list[str]) -> None:
    assert told(PolicySet(TimeoutPolicy(remember_for=20 * DAY), {"clerk": override})) == sentences


@pytest.mark.parametrize("override", [Override(remember_for=DAY), Override(max_sessions=1)])
def test_what_a_portal_cannot_limit_is_refused(override: Override) -> None:
    (name,) = override.values()
    with pytest.raises(PolicyError, match=f"portal bank: {name} cannot be set for a portal, only for all or a role."):
        PolicySet(portals={"bank": override}).checked()


@given(policy_sets())
def test_documents_are_json_and_round_trip(found: PolicySet) -> None:
    assert PolicySet.from_document(json.loads(json.dumps(found.to_document()))) == found


def test_documents_tell_durations_in_seconds() -> None:
    policies = PolicySet(
        TimeoutPolicy(idle_timeout=90.5 * SECOND), {"admin": Override(max_sessions=1)}, {"bank": Override()}
    )
    assert policies.to_document() == {
        "default": {
            "idle_timeout_seconds": 90.5,
            "absolute_timeout_seconds": 86400.0,
            "warn_before_seconds": 60.0,
            "remember_for_seconds": 0.0,
            "max_sessions": 10,
        },
        "roles": {"admin": {"max_sessions": 1}},
        "portals": {"bank": {}},
        "assurance_level": 1,
    }


@pytest.mark.proves("TO3")
@pytest.mark.parametrize("name", ["absolute_timeout", "remember_for"])
def test_what_the_assurance_level_forbids_is_refused(name: str) -> None:
    longest = {"absolute_timeout": 12 * HOUR, "remember_for": timedelta(0)}
    at_the_bound = PolicySet(TimeoutPolicy(**longest | {name: 12 * HOUR}), assurance=Assurance.AAL3)
    assert told(at_the_bound) == []
    over = replace(at_the_bound, default=replace(at_the_bound.default, **{name: 13 * HOUR}))
    assert told(over) == [f"default: {name} of 46800 s is more than 43200 s, the most at the assurance level AAL3."]
    assert told(replace(over, assurance=Assurance.AAL2)) == []


@pytest.mark.parametrize("level", list(Assurance))
def test_documents_carry_the_assurance_level(level: Assurance) -> None:
    found = PolicySet(TimeoutPolicy(), {}, {}, level)
    assert PolicySet.from_document(found.to_document()).assurance is level


def test_a_document_from_before_there_were_levels_is_of_the_lowest() -> None:
    document = PolicySet(TimeoutPolicy(), {}, {}).to_document()
    del document["assurance_level"]
    assert PolicySet.from_document(document).assurance is Assurance.AAL1


def test_each_limit_is_told_in_seconds_with_who_set_it() -> None:
    policies = PolicySet(
        TimeoutPolicy(idle_timeout=15 * MINUTE, absolute_timeout=DAY), {"editor": Override(idle_timeout=5 * MINUTE)}
    )
    assert policies.strictest(("editor",)).to_document() == {
        "idle_timeout_seconds": {"value": 300.0, "set_by": "role:editor"},
        "absolute_timeout_seconds": {"value": 86_400.0, "set_by": "default"},
        "warn_before_seconds": {"value": 60.0, "set_by": "default"},
        "remember_for_seconds": {"value": 0.0, "set_by": "default"},
        "max_sessions": {"value": 10, "set_by": "default"},
    }


@pytest.mark.parametrize(
    ("role", "portal", "is_stricter"),
    [(None, None, False), (14, None, True), (15, None, False), (16, None, False), (14, 14, False), (13, 14, True)],
)
def test_some_role_is_stricter_where_it_may_idle_for_less(role: int, portal: int, *, is_stricter: bool) -> None:
    """Minutes; everybody has fifteen."""
    roles = {"reader": Override(), "editor": Override(idle_timeout=role * MINUTE if role else None)}
    portals = {"news": Override(idle_timeout=portal * MINUTE)} if portal else {}
    policies = PolicySet(TimeoutPolicy(idle_timeout=15 * MINUTE), roles, portals)
    assert policies.some_role_is_stricter("news") is is_stricter
    assert policies.some_role_is_stricter() is bool(role and role < 15)
