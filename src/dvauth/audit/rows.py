"""Audit rows on their way into SQL: no request waits for a database that is slow or locked."""

import logging
from collections.abc import Callable
from datetime import datetime
from queue import Full, Queue
from threading import Lock, Thread
from typing import Any

MOST_WAITING = 1000  # rows; all of them fit into one transaction, so that closing waits for one at most
MOST_OF_STRANGERS = 100  # rows a minute and process

Row = dict[str, Any]

log = logging.getLogger(__name__)


class RowQueue:
    """One thread inserts what many add. ``insert`` may fail: the rows are dropped, counted, and told of once it works.

    A row that does not fit any more is dropped too; the line of each event stands all the same.
    """

    def __init__(self, insert: Callable[[list[Row]], object]) -> None:
        self._insert = insert
        self._waiting: Queue[Row | None] = Queue(MOST_WAITING)
        self._thread: Thread | None = None
        self._lock = Lock()
        self._dropped = 0
        self._counting = Lock()

    def add(self, row: Row) -> None:
        """Returns at once. The thread starts with the first row, in the process that adds it."""
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="audit-rows", daemon=True)
                self._thread.start()
            try:
                self._waiting.put_nowait(row)
            except Full:
                self._drop(1)

    def flush(self) -> None:
        """Return when every row so far was tried."""
        self._waiting.join()

    def close(self) -> None:
        """Flush, and end the thread."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread:
                self._waiting.put(None)
                thread.join()
        self._tell_of_dropped()

    def _run(self) -> None:
        closing = False
        while not closing:
            taken = [self._waiting.get()]
            while len(taken) < MOST_WAITING and not self._waiting.empty():
                taken.append(self._waiting.get())
            rows = [row for row in taken if row is not None]
            closing = len(rows) < len(taken)
            self._try(rows)
            for _ in taken:
                self._waiting.task_done()

    def _try(self, rows: list[Row]) -> None:
        try:
            self._insert(rows)
        except Exception as error:  # noqa: BLE001 - whatever it is, the thread goes on
            log.debug("no audit rows: %r", error)
            self._drop(len(rows))
        else:
            self._tell_of_dropped()

    def _drop(self, rows: int) -> None:
        with self._counting:
            self._dropped += rows

    def _tell_of_dropped(self) -> None:
        with self._counting:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            log.warning("SQL did not take %d audit events; they stand in the log lines alone", dropped)


class StrangersLimit:
    """What anybody can cause without an account: one row for each kind and address a minute, and so many over all."""

    def __init__(self) -> None:
        self._minute = 0
        self._seen: set[tuple[str, str | None]] = set()
        self._lock = Lock()

    def admits(self, kind: str, address: str | None, at: datetime) -> bool:
        minute = int(at.timestamp() // 60)
        with self._lock:
            if minute != self._minute:
                self._minute, self._seen = minute, set()
            if (kind, address) in self._seen or len(self._seen) >= MOST_OF_STRANGERS:
                return False
            self._seen.add((kind, address))
            return True
