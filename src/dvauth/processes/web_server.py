"""gunicorn as a child, on a socket that stays open here: while it is started again, visitors wait in its queue."""

import http.client
import socket
import sys
import time
from collections.abc import Mapping
from functools import partial

from dvauth import lifeline
from dvauth.explained import N_
from dvauth.processes.supervisor import CannotStart, Process, Supervisor

START_WAIT_SECONDS = 30.0
STOP_GRACE_SECONDS = 12.0  # a little more than graceful_timeout in dvauth.server
BACKLOG = 2048


class AddressUnusable(CannotStart):
    sentence = N_("The address {bind} cannot be used: {why}.")


class DidNotStart(CannotStart):
    sentence = N_("The {name} did not start; its own words are above.")


class WebServer:
    """Serves one WSGI application at ``bind`` (host:port). Raises ``AddressUnusable``."""

    def __init__(self, name: str, application: str, bind: str) -> None:
        self._name = name
        self._application = application
        self._listener = _listen(bind)

    def start(self, supervisor: Supervisor, environ: Mapping[str, str], *, workers: int, threads: int) -> None:
        socket_number = self._listener.fileno()
        command = [
            *(sys.executable, "-m", "gunicorn", "--config", "python:dvauth.server"),
            *("--bind", f"fd://{socket_number}", "--workers", str(workers), "--threads", str(threads)),
            self._application,
        ]
        spawn = partial(lifeline.spawn, command, environ=environ, pass_fds=[socket_number])
        self._process = supervisor.start(self._name, spawn, grace_seconds=STOP_GRACE_SECONDS)
        supervisor.callback(self._listener.close)  # first of all when we stop: nobody new is let in

    def wait_until_ready(self) -> None:
        """Return when it answers; raises ``DidNotStart`` when it ends instead."""
        deadline = time.monotonic() + START_WAIT_SECONDS
        address = self._listener.getsockname()[:2]
        while not _answers(*address):
            if _has_ended(self._process) or time.monotonic() > deadline:
                raise DidNotStart(name=self._name)
            time.sleep(0.05)


def _listen(bind: str) -> socket.socket:
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart need not wait for old connections
    try:
        listener.bind((host, int(port)))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise AddressUnusable(bind=bind, why=error.strerror) from error
    return listener


def _has_ended(process: Process) -> bool:
    return process.poll() is not None


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("HEAD", "/health/live")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
