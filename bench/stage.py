"""What the measurement stands on: a Redis of its own, and everybody on the same server with the same options.

The servers have a core to themselves; Redis and whoever asks have another. So a rate is what the server can do, and not
what is left of it by those who measure.
"""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import redis

from dvauth import lifeline
from dvauth.parts import Parts, connected
from dvauth.settings import Settings
from dvauth.storage.embedded_redis import find_server
from dvauth.storage.sql import Database

WORKERS, THREADS = 1, 64
SERVERS_CORE, THEIR_CORE = ({min(found)}, {max(found)}) if len(found := os.sched_getaffinity(0)) > 1 else (found, found)
BASE_URL = "https://auth.example.vn"
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A gunicorn with its workers, on a free port."""

    def __init__(self, app: str, environ: Mapping[str, str]) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port: int = listener.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "--config", "python:dvauth.server"]
        command += ["--bind", f"fd://{listener.fileno()}", "--workers", str(WORKERS), "--threads", str(THREADS)]
        command += ["--chdir", str(Path(__file__).parent), app]
        self.process = lifeline.spawn(command, environ={**os.environ, **environ}, pass_fds=[listener.fileno()])
        os.sched_setaffinity(self.process.pid, SERVERS_CORE)  # before it forks its worker
        listener.close()

    def workers(self) -> list[int]:
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]

    def cpu_seconds(self) -> float:
        """What the workers have used so far; on a busy machine a steadier measure than requests a second."""
        stats = [Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split() for pid in self.workers()]
        return sum(int(fields[11]) + int(fields[12]) for fields in stats) / CLOCK_TICKS


class Stage(ExitStack):
    """A temporary folder, a Redis that keeps nothing, and dvauth's parts on both."""

    def __enter__(self) -> Self:
        super().__enter__()
        os.sched_setaffinity(0, THEIR_CORE)
        self.folder = Path(self.enter_context(tempfile.TemporaryDirectory(prefix="dvauth-bench-")))
        self.redis_url = f"unix://{self._start_redis()}"
        self.environ = {
            "DVAUTH_BASE_URL": BASE_URL,
            "DVAUTH_SECRET_KEY": secrets.token_urlsafe(48),
            "DVAUTH_DATA_DIR": str(self.folder),
            "DVAUTH_REDIS_URL": self.redis_url,
            "DVAUTH_TRUSTED_PROXIES": "127.0.0.1",
        }
        settings = Settings.from_environment(self.environ)
        Database(settings.sql_url).upgrade()
        nowhere = self.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
        self.parts: Parts = self.enter_context(connected(settings, audit_stream=nowhere))
        return self

    def redis(self) -> redis.Redis:
        """A client for looking at what is measured."""
        return redis.Redis.from_url(self.redis_url)

    def serve(self, app: str, environ: Mapping[str, str] | None = None) -> Server:
        server = Server(app, self.environ if environ is None else environ)
        self.callback(_end, server.process)
        return server

    def _start_redis(self) -> Path:
        path = self.folder / "redis.sock"
        options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(self.folder)]
        process = lifeline.spawn([find_server().path, *options, "--logfile", str(self.folder / "redis.log")])
        self.callback(_end, process)
        while not path.exists():
            if process.poll() is not None:
                raise SystemExit("redis-server did not start.")
            time.sleep(0.05)
        return path


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()
