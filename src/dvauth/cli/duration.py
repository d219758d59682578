"""Durations as options of commands: ``90s``, ``15m``, ``8h``, ``30d``, or several of them: ``1h30m``."""

from datetime import timedelta
from typing import Any

import click

from dvauth.cli.texts import gettext as _
from dvauth.timeouts.durations import parse_duration, short


class Duration(click.ParamType[timedelta]):
    """The type of an option that is a duration."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return parse_duration(value)
        except ValueError:
            self.fail(_("“{value}” is no duration; write 90s, 15m, 8h or 1h30m.").format(value=value), param, ctx)


def told(value: timedelta | int | str) -> str:
    """A duration as ``Duration`` reads it; anything else as it is."""
    return short(value) if isinstance(value, timedelta) else str(value)
