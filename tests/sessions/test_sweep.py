"""How far the sweep after a change of timeouts is, as told to whoever waits for it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dvauth.sessions.sweep import WHOLE, SweepProgress
from dvauth.timeouts.policy import Override, PolicySet, TimeoutPolicy


@pytest.fixture
def progress(desk: Any) -> SweepProgress:
    return SweepProgress(desk.connection)


def test_nothing_is_done_before_anybody_begins(desk: Any, progress: SweepProgress) -> None:
    assert progress.done(desk.policies) == 0.0


@pytest.mark.parametrize(("left", "done"), [(WHOLE, 0.0), (WHOLE * 3 // 4, 0.25), (WHOLE // 2, 0.5), (0, 1.0)])
def test_what_is_noted_is_told_to_another_process(desk: Any, progress: SweepProgress, left: int, done: float) -> None:
    progress.note(desk.policies, left)
    assert SweepProgress(desk.connection).done(desk.policies) == done


def test_a_sweep_by_other_policies_tells_nothing_of_these(desk: Any, progress: SweepProgress) -> None:
    progress.note(desk.policies, 0)
    assert progress.done(replace(desk.policies, default=TimeoutPolicy(idle_timeout=timedelta(minutes=14)))) == 0.0


def test_the_same_policies_are_the_same_in_any_order(progress: SweepProgress) -> None:
    admin, editor = Override(idle_timeout=timedelta(minutes=5)), Override(idle_timeout=timedelta(minutes=9))
    progress.note(PolicySet(TimeoutPolicy(), {"admin": admin, "editor": editor}, {}), 0)
    assert progress.done(PolicySet(TimeoutPolicy(), {"editor": editor, "admin": admin}, {})) == 1.0
