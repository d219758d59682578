"""What the docs say about options, events and defaults is what the code does."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from dvauth.settings import PREFIX, Settings
from dvauth.timeouts.policy import PolicySet

OPERATIONS = (Path(__file__).parent.parent / "docs" / "operations.md").read_text("utf-8")


def _settings_table() -> str:
    rows = []
    for option in fields(Settings):
        default = option.default
        shown = "" if default in (None, (), "") else f"`{int(default) if isinstance(default, bool) else default}`"
        rows.append(f"| `{PREFIX}{option.name.upper()}` | {shown} | {option.metadata['reason']} |")
    return "\n".join(rows)


def test_operations_lists_every_setting_with_its_default() -> None:
    (listed,) = re.findall(r"<!-- settings: .*?\|---\|---\|---\|\n(.*?)\n\n<!-- end of settings -->", OPERATIONS, re.DOTALL)
    assert listed.strip() == _settings_table()


@pytest.mark.proves("TO14")
def test_documented_default_timeouts_are_those_of_the_code() -> None:
    policies = PolicySet()
    default, admin = policies.default, policies.strictest(["admin"]).policy
    told = (
        f"Defaults: idle {default.idle_timeout.seconds // 60} minutes, prompt {default.warn_before.seconds} seconds "
        f"before the end, absolute {default.absolute_timeout.total_seconds() / 3600:.0f} hours, "
        f"{default.max_sessions} sessions an account, nobody is remembered; administrators: idle "
        f"{admin.idle_timeout.seconds // 60} minutes, absolute {admin.absolute_timeout.total_seconds() / 3600:.0f} hours."
    )
    assert told in " ".join(OPERATIONS.split())
