"""What the docs say about options, events and defaults is what the code does."""

import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from dvauth.settings import PREFIX, Settings
from dvauth.timeouts.policy import PolicySet

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OPERATIONS = (Path(__file__).parent.parent / "docs" / "operations.md").read_text("utf-8")


def _settings_table() -> str:
    rows = []
    for option in fields(Settings):
        default = option.default
        plain = int(default) if isinstance(default, bool) else default
        shown = "" if default in (None, (), "") else f"`{plain}`"
        rows.append(f"| `{PREFIX}{option.name.upper()}` | {shown} | {option.metadata['reason']} |")
    return "\n".join(rows)


def test_operations_lists_every_setting_with_its_default() -> None:
    (listed,) = re.findall(
        r"<!-- settings: .*?\|---\|---\|---\|\n(.*?)\n\n<!-- end of settings -->", OPERATIONS, re.DOTALL
    )
    assert listed.strip() == _settings_table()


@pytest.mark.proves("TO14")
def test_documented_default_timeouts_are_those_of_the_code() -> None:
    policies = PolicySet()
    default, admin = policies.default, policies.strictest(["admin"]).policy
    told = (
        f"Defaults: idle {default.idle_timeout // MINUTE} minutes, prompt {default.warn_before.seconds} seconds before "
        f"the end, absolute {default.absolute_timeout // HOUR} hours, {default.max_sessions} sessions an account, "
        f"nobody is remembered; administrators: idle {admin.idle_timeout // MINUTE} minutes, "
        f"absolute {admin.absolute_timeout // HOUR} hours."
    )
    assert told in " ".join(OPERATIONS.split())
