"""Ends on their way into the journal of revocations: no logout waits for a database that is slow or locked.

Redis has the end already, and its event, from which the housekeeping writes the same row. The journal is for a Redis
that loses its last second, event and all; so the row should be there within that second, and whoever ended the session
waits for it, but not for long.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWriting
from threading import Lock

from dvauth.audit.revocations import Revocation

PATIENCE_SECONDS = 0.5

log = logging.getLogger(__name__)


class JournalWriter:
    """One thread adds what many write, all that has come meanwhile in one transaction. ``close`` waits for it."""

    def __init__(self, add: Callable[[Sequence[Revocation]], object]) -> None:
        self._add = add
        self._waiting: list[Revocation] = []
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    def write(self, ends: Sequence[Revocation]) -> None:
        """Return when SQL has the ends, has refused them, or has taken too long already. Raises nothing.

        Whoever ended the session must be told so, whatever is wrong here.
        """
        with self._lock:
            self._waiting += ends
        try:
            self._thread.submit(self._add_waiting).result(PATIENCE_SECONDS)
        except StillWriting:
            log.warning("SQL is slow; %d ends are kept by Redis alone until it has taken them", len(ends))
        except RuntimeError as error:  # closed
            _tell_of_untaken(ends, error)

    def close(self) -> None:
        self._thread.shutdown()

    def _add_waiting(self) -> None:
        with self._lock:
            ends, self._waiting = self._waiting, []
        try:
            self._add(ends)
        except Exception as error:  # noqa: BLE001 - see ``write``
            _tell_of_untaken(ends, error)


def _tell_of_untaken(ends: Sequence[Revocation], error: Exception) -> None:
    log.warning("SQL did not take %d ends; they are kept by Redis alone until it does: %r", len(ends), error)
