"""The programs that together are the service: Redis (unless there is one), the reaper, the server."""

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from dvauth import lifeline
from dvauth.explained import N_
from dvauth.processes.supervisor import CannotStart, Supervisor
from dvauth.processes.web_server import WebServer
from dvauth.settings import Settings
from dvauth.storage.embedded_redis import EmbeddedRedis
from dvauth.storage.redis import connect
from dvauth.storage.redis_check import check_redis
from dvauth.storage.sql import Database


class FolderUnwritable(CannotStart):
    sentence = N_("The data folder {folder} cannot be written: {why}.")


class Service:
    """Everything behind one address: ``prepare`` what must be there first, ``start``, ``wait_until_ready``.

    After ``prepare``, ``settings.redis_url`` is where Redis is, the embedded one too. All raise ``CannotStart``;
    ``prepare`` also ``EmbeddedRedisError``, ``UnfitRedis`` and ``DatabaseUnavailable``.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str], supervisor: Supervisor) -> None:
        self.settings = settings
        self._environ = dict(environ)
        self._supervisor = supervisor
        self._server = WebServer("server", "dvauth.wsgi:app", settings.bind)

    def prepare(self) -> None:
        os.umask(0o077)  # what we and our children write is for us alone
        _make_folder(self.settings.data_dir)
        if self.settings.redis_url is None:
            self._start_redis()
        else:
            with connect(self.settings.redis_url) as client:
                check_redis(client)
        Database(self.settings.sql_url).upgrade()

    def start(self) -> None:
        reaper = [sys.executable, "-m", "dvauth", "reaper"]
        self._supervisor.start("reaper", partial(lifeline.spawn, reaper, environ=self._environ))
        size = {"workers": self.settings.workers, "threads": self.settings.threads}
        self._server.start(self._supervisor, self._environ, **size)

    def wait_until_ready(self) -> None:
        self._server.wait_until_ready()

    def _start_redis(self) -> None:
        embedded = EmbeddedRedis(self.settings.data_dir)
        embedded.open()
        self._supervisor.callback(embedded.close)
        embedded.wait_until_ready(self._supervisor.start("redis", embedded.spawn))
        self._environ["DVAUTH_REDIS_URL"] = embedded.url
        self.settings = replace(self.settings, redis_url=embedded.url)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise FolderUnwritable(folder=folder, why=error.strerror) from error
