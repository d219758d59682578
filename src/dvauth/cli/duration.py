"""Durations as people type and read them: ``90s``, ``15m``, ``8h``, ``30d``, or several of them: ``1h30m``."""

import re
from datetime import timedelta
from operator import mul
from typing import Any

import click

from dvauth.cli.texts import gettext as _

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_TYPED = re.compile("(?=.)" + "".join(f"(?:([0-9]{{1,6}}){unit})?" for unit in UNITS))


class Duration(click.ParamType[timedelta]):
    """The type of an option that is a duration."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        typed = _TYPED.fullmatch(value)
        if typed is None:
            self.fail(_("“{value}” is no duration; write 90s, 15m, 8h or 1h30m.").format(value=value), param, ctx)
        numbers = (int(number or 0) for number in typed.groups())
        return timedelta(seconds=sum(map(mul, numbers, UNITS.values())))


def told(value: timedelta | int | str) -> str:
    """A duration as ``Duration`` reads it; anything else as it is."""
    if not isinstance(value, timedelta):
        return str(value)
    left, text = round(value.total_seconds()), ""
    for unit, seconds in UNITS.items():
        if left >= seconds:
            text, left = f"{text}{left // seconds}{unit}", left % seconds
    return text or "0s"
