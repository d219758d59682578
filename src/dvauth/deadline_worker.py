"""gunicorn's threaded worker, less two faults: there, visitors who send a byte a second hold a thread for ever, and
those who send nothing hold up a stop.

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
        """Called in the main thread about once a second, and at once when we are to stop."""
        super().notify()
        late = time.monotonic() - self.arrival_seconds
        hang_up = [conn for conn, taken_up_at in list(self._taken_up_at.items()) if taken_up_at < late]
        for conn in hang_up if self.alive else [*hang_up, *self._without_a_request()]:
            with suppress(OSError):  # it has just ended by itself
                conn.sock.shutdown(socket.SHUT_RD)

    def _without_a_request(self) -> list[TConn]:
        """Browsers and proxies keep connections in store. To wait for a request on each took up to ten seconds."""
        ahead = (conn for conn in list(self._taken_up_at) if not conn.initialized)
        return [*ahead, *self.pending_conns, *self.keepalived_conns]
