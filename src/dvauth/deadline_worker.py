"""gunicorn's threaded worker, less its one fault: there, visitors who send a byte a second hold a thread for ever.

See docs/decisions/0003-wsgi-server.md.
"""

import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker


class DeadlineWorker(ThreadWorker):
    """Stops reading a request that has not arrived whole in time; what was read by then is still answered."""

    arrival_seconds = 10.0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._taken_up_at: dict[TConn, float] = {}

    def handle(self, conn: TConn) -> Any:
        """Called in a thread for each request."""
        self._taken_up_at[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            del self._taken_up_at[conn]

    def notify(self) -> None:
        """Called in the main thread about once a second."""
        super().notify()
        late = time.monotonic() - self.arrival_seconds
        for conn, taken_up_at in list(self._taken_up_at.items()):
            if taken_up_at < late:
                with suppress(OSError):  # it has just ended by itself
                    conn.sock.shutdown(socket.SHUT_RD)
