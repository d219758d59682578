"""The programs that together are the service: Redis (unless there is one), the reaper, the server."""

import http.client
import os
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from dvauth import lifeline
from dvauth.processes.supervisor import Process, Supervisor
from dvauth.settings import Settings
from dvauth.storage.embedded_redis import EmbeddedRedis
from dvauth.storage.redis import connect
from dvauth.storage.redis_check import UnfitRedis, check_redis
from dvauth.storage.sql import Database

START_WAIT_SECONDS = 30.0
BACKLOG = 2048
STOP_GRACE_SECONDS = 12.0  # a little more than the server's own graceful_timeout


class CannotStart(Exception):
    """The message is one sentence for the operator."""


class Service:
    """Everything behind one address. ``prepare`` opens what must be there first, ``start`` begins to serve.

    After ``prepare``, ``settings.redis_url`` is where Redis is, the embedded one too. Both raise ``CannotStart``,
    ``EmbeddedRedisError`` or ``DatabaseUnavailable``.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str], supervisor: Supervisor) -> None:
        self.settings = settings
        self._environ = dict(environ)
        self._supervisor = supervisor

    def prepare(self) -> None:
        os.umask(0o077)  # what we and our children write is for us alone
        self._listener = listen(self.settings.bind)
        make_data_folder(self.settings.data_dir)
        if self.settings.redis_url is None:
            self._start_redis()
        else:
            _check_given_redis(self.settings.redis_url)
        Database(self.settings.sql_url).upgrade()

    def start(self) -> None:
        reaper = [sys.executable, "-m", "dvauth", "reaper"]
        self._supervisor.start("reaper", partial(lifeline.spawn, reaper, environ=self._environ))
        size = {"workers": self.settings.workers, "threads": self.settings.threads}
        start_server(self._supervisor, "server", "dvauth.wsgi:app", self._listener, self._environ, **size)

    def _start_redis(self) -> None:
        embedded = EmbeddedRedis(self.settings.data_dir)
        embedded.open()
        self._supervisor.callback(embedded.close)
        embedded.wait_until_ready(self._supervisor.start("redis", embedded.spawn))
        self._environ["DVAUTH_REDIS_URL"] = embedded.url
        self.settings = replace(self.settings, redis_url=embedded.url)


def start_server(
    supervisor: Supervisor,
    name: str,
    app: str,
    listener: socket.socket,
    environ: Mapping[str, str],
    *,
    workers: int,
    threads: int,
) -> None:
    """Serve a WSGI application on a socket that stays open here: while gunicorn is started again, visitors wait."""
    command = [sys.executable, "-m", "gunicorn", "--config", "python:dvauth.server"]
    command += ["--bind", f"fd://{listener.fileno()}", "--workers", str(workers), "--threads", str(threads), app]
    spawn = partial(lifeline.spawn, command, environ=environ, pass_fds=[listener.fileno()])
    process = supervisor.start(name, spawn, grace_seconds=STOP_GRACE_SECONDS)
    supervisor.callback(listener.close)  # first of all when we stop: nobody new is let in
    _wait_until_it_answers(process, name, listener.getsockname())


def listen(bind: str) -> socket.socket:
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart need not wait for old connections
    try:
        listener.bind((host, int(port)))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotStart(f"The address {bind} cannot be used: {error.strerror}.") from error
    return listener


def make_data_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise CannotStart(f"The data folder {folder} cannot be written: {error.strerror}.") from error


def _check_given_redis(url: str) -> None:
    try:
        with connect(url) as client:
            check_redis(client)
    except UnfitRedis as error:
        raise CannotStart(f"DVAUTH_REDIS_URL: {error}") from error


def _wait_until_it_answers(process: Process, name: str, address: tuple[str, int]) -> None:
    deadline = time.monotonic() + START_WAIT_SECONDS
    while not _answers(address):
        if process.poll() is not None or time.monotonic() > deadline:
            raise CannotStart(f"The {name} did not start; its own words are above.")
        time.sleep(0.05)


def _answers(address: tuple[str, int]) -> bool:
    connection = http.client.HTTPConnection(*address[:2], timeout=1)
    try:
        connection.request("HEAD", "/health/live")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
