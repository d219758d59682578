"""Waiting for what other processes and threads do in their own time."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 5.0


def eventually(condition: Callable[[], object], *, within: float = PATIENCE_SECONDS) -> bool:
    """Whether the condition is met in time, in seconds."""
    deadline = time.monotonic() + within
    while not (met := bool(condition())) and time.monotonic() < deadline:
        time.sleep(0.01)
    return met
