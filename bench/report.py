"""The figures as one table, and what was promised beside what was seen."""

from collections.abc import Mapping, Sequence
from statistics import median

from costs import Cost
from load import Burst, middle
from rich.console import Console
from rich.table import Table
from subjects import BARE, CHECK, HANDMADE, HANDMADE_KEEP_ALIVE, KEEP_ALIVE

COLUMNS = ("requests/s", "× bare", "× Flask-Session", "p50 ms", "p99 ms", "CPU ms", "commands", "writes")
WIDTH = 118

Bursts = Mapping[str, Sequence[Burst]]  # by name, one for each round


def print_table(bursts: Bursts, costs: Mapping[str, Cost]) -> None:
    table = Table("16 connections, medians", *COLUMNS)
    for column in table.columns[1:]:
        column.justify = "right"
    for name in bursts:
        table.add_row(name, *_figures(name, bursts), f"{costs[name].commands:g}", f"{costs[name].writes:g}")
    Console(width=WIDTH).print(table)


def print_sizes(dvauth: float, handmade: float, sessions: int) -> None:
    print(f"Bytes a session in Redis, at {sessions:,}: dvauth {dvauth:.0f}, Flask-Session {handmade:.0f}")


def print_promises(bursts: Bursts, costs: Mapping[str, Cost], size: float) -> None:
    _tell("check against Flask-Session's", _ratio(bursts, CHECK, HANDMADE), "at least", 1.5)
    _tell("check against the bare route", _ratio(bursts, CHECK, BARE), "at least", 0.45)
    _tell("Redis commands of a check", costs[CHECK].commands, "exactly", 1)
    _tell("writes of a check", costs[CHECK].writes, "exactly", 0)
    _tell("Redis commands of a keep-alive", costs[KEEP_ALIVE].commands, "at most", 2)
    _tell("bytes a session", size, "at most", 800)


def _figures(name: str, bursts: Bursts) -> list[str]:
    seen = middle(bursts[name])
    peer = HANDMADE_KEEP_ALIVE if "keep-alive" in name else HANDMADE
    ratios = [f"{_ratio(bursts, name, BARE):.2f}", f"{_ratio(bursts, name, peer):.2f}"]
    return [f"{seen.rate:,.0f}", *ratios, f"{seen.p50:.1f}", f"{seen.p99:.1f}", f"{seen.cpu:.3f}"]


def _ratio(bursts: Bursts, name: str, peer: str) -> float:
    """Of the rates in the same round, then the median: what slows a machine down for a while slows both."""
    return median(one.rate / other.rate for one, other in zip(bursts[name], bursts[peer], strict=True))


def _tell(what: str, seen: float, how: str, promised: float) -> None:
    kept = {"at least": seen >= promised, "at most": seen <= promised, "exactly": seen == promised}[how]
    print(f"{'kept  ' if kept else 'MISSED'}  {what}: {seen:.4g} ({how} {promised:g})")
