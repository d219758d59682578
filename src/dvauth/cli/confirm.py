"""A question before what cannot be undone; only a person at a terminal is asked."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def yes_option(command: F) -> F:
    """Adds ``--yes``, handed to the command as ``yes``."""
    return click.option("--yes", is_flag=True, help="Do not ask first.")(command)


def confirmed(question: str, *, yes: bool) -> None:
    """Returns if the answer is yes, or nobody is to be asked; raises ``click.Abort`` else."""
    if not yes and sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)
