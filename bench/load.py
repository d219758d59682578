"""One burst of load on one address, by wrk."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from subjects import Subject

CONNECTIONS = 16
SCRIPT = Path(__file__).with_name("round_robin.lua")
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


class Burst(NamedTuple):
    """Rates a second, latencies and CPU time of the workers in milliseconds."""

    rate: float
    p50: float
    p99: float
    cpu: float


def burst(subject: Subject, seconds: int) -> Burst:
    """Raises ``SystemExit`` unless every answer was a success: a fast refusal is no result."""
    server = subject.server
    before = server.cpu_seconds()
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(SCRIPT)]
    told = subprocess.run(
        [*command, f"http://127.0.0.1:{server.port}", "--", str(subject.requests)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise SystemExit(f"{subject.name}: not every request was answered:\n{told}")
    count = int(_found(r"(\d+) requests in", told)[1])
    return Burst(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", told)[1]),
        p50=_milliseconds("50%", told),
        p99=_milliseconds("99%", told),
        cpu=(server.cpu_seconds() - before) * 1000 / count,
    )


def middle(bursts: Sequence[Burst]) -> Burst:
    """The median of each figure."""
    return Burst(*(median(figures) for figures in zip(*bursts, strict=True)))


def _found(pattern: str, told: str) -> re.Match[str]:
    match = re.search(pattern, told)
    if match is None:
        raise SystemExit(f"wrk said something unexpected:\n{told}")
    return match


def _milliseconds(percentile: str, told: str) -> float:
    match = _found(rf"{percentile}\s+([\d.]+)(us|ms|s)", told)
    return float(match[1]) * UNITS[match[2]]
