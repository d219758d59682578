"""The turnstile before the password hash."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import BoundedSemaphore

from dvauth.accounts.errors import HashingBusy


class HashingSlots:
    """At most ``slots`` hashes at a time in this process, and at most ``line`` threads waiting for one.

    A hash keeps a core busy on purpose. Without this, a burst of logins takes every core, and every thread that
    waits is one that does not answer a session check. Across processes the caller hands out the shares: the cores
    divided by the workers.
    """

    def __init__(self, slots: int, *, line: int, wait: timedelta) -> None:
        self._slots = BoundedSemaphore(slots)
        self._line = BoundedSemaphore(slots + line)
        self._wait = wait.total_seconds()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Raises ``HashingBusy`` if the line is full, or if no slot becomes free in time."""
        with self._acquired(self._line, wait=0), self._acquired(self._slots, wait=self._wait):
            yield

    @contextmanager
    def _acquired(self, semaphore: BoundedSemaphore, wait: float) -> Iterator[None]:
        if not semaphore.acquire(timeout=wait):
            raise HashingBusy(retry_after=max(1, math.ceil(self._wait)))
        try:
            yield
        finally:
            semaphore.release()
