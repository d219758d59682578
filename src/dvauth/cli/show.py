"""How commands show what they found: tables for people, JSON for programs."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import track
from rich.table import Column, Table

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def json_option(command: F) -> F:
    """Adds ``--json``, handed to the command as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


def show_json(document: object) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def shown_progress(title: str) -> Callable[[Iterable[T]], Iterator[T]]:
    """Passes things on and shows on standard error how many of them are done; where nobody watches, nothing."""

    def watched(things: Iterable[T]) -> Iterator[T]:
        yield from track(list(things), title, console=Console(stderr=True), transient=True)

    return watched


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(*(Column(title, overflow="fold") for title in columns))  # an address cut off is of no use
    for row in rows:
        table.add_row(*row)
    # Names come from people: "[red]" in one is text.
    Console(markup=False, emoji=False, highlight=False).print(table)
