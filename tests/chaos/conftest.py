"""The whole service as an operator runs it, and people with a session each. What is killed here is really killed."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from dvauth.parts import connected
from dvauth.sessions.record import Principal
from dvauth.settings import Settings
from dvauth.timeouts.judge import Reason
from tests import waiting

PATIENCE_SECONDS = 20.0  # for a machine that is busy with other things
eventually = partial(waiting.eventually, within=PATIENCE_SECONDS)


class RunningService:
    """``dvauth serve`` as a child of this test, in a process group of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = _free_port()
        self.host = f"auth.dvauth.localhost:{self.port}"
        self.url = f"http://{self.host}"
        self.environ = {
            "PATH": os.environ["PATH"],
            "DVAUTH_SECRET_KEY": "x4Jm0Qe7Rk2Wv9Tz5Yb8Nc1Ld6Hf3GsPq",
            "DVAUTH_DATA_DIR": str(folder / "data"),
            "DVAUTH_BIND": f"127.0.0.1:{self.port}",
            "DVAUTH_BASE_URL": self.url,
            "DVAUTH_DEVELOPMENT_SHORT_TIMEOUTS": "1",  # so that a prompt need not be waited for
            "DVAUTH_TRUSTED_PROXIES": "127.0.0.1",
            "DVAUTH_WORKERS": "2",
        }
        self.settings = Settings.from_environment(self.environ)
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "dvauth", "serve"]
        self.supervisor = subprocess.Popen(command, env=self.environ, start_new_session=True)
        assert eventually(lambda: self.status("/health/ready") == 200)

    def stop(self) -> None:
        self.supervisor.terminate()
        self.supervisor.wait(PATIENCE_SECONDS)

    def kill_group(self) -> None:
        os.killpg(self.supervisor.pid, signal.SIGKILL)
        self.supervisor.wait()

    def log_in(self, name: str, *roles: str) -> str:
        """A new session's cookie; the session is opened as the login page opens it."""
        with connected(self.settings) as parts:
            return parts.keeper.open(Principal(account_id=name, roles=roles)).cookie

    def end_sessions(self, name: str) -> None:
        with connected(self.settings) as parts:
            assert parts.keeper.end_all(name, Reason.REVOKED)

    def ask(self, path: str, cookie: str = "") -> tuple[int, bytes]:
        """Status and body of one request; status 0 where nobody answered, or the answer broke off."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path, headers={"Host": self.host, "Cookie": f"__Host-dvauth={cookie}"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def status(self, path: str) -> int:
        return self.ask(path)[0]

    def state(self, cookie: str) -> str:
        """What ``GET /session`` says of this cookie: active, ended, anonymous; unavailable; or nothing."""
        status, body = self.ask("/session", cookie)
        if status == 200:
            return str(json.loads(body)["state"])
        assert status in {0, 503}, body
        return "unavailable" if status == 503 else "nothing"

    def listens(self) -> bool:
        with socket.socket() as visitor:
            return visitor.connect_ex(("127.0.0.1", self.port)) == 0

    def children(self, word: str = "", *, of: int | None = None) -> list[int]:
        """The children of the supervisor (or of another process) that have ``word`` in their command line."""
        parent = self.supervisor.pid if of is None else of
        listed = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [int(pid) for pid in listed if word in _command_line(int(pid))]

    def workers(self) -> list[int]:
        return [worker for server in self.children("gunicorn") for worker in self.children(of=server)]

    def everybody(self) -> list[int]:
        children = self.children()
        return [*children, *(grandchild for child in children for grandchild in self.children(of=child))]


def is_alive(pid: int) -> bool:
    """Running; a zombie that nobody has buried yet does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except FileNotFoundError:
        return ""


@pytest.fixture(scope="session")
def the_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    running = RunningService(tmp_path_factory.mktemp("service"))
    yield running
    running.stop()


@pytest.fixture
def service(the_service: RunningService) -> RunningService:
    """It has been through the tests before this one, as an operator's has."""
    if the_service.supervisor.poll() is not None:
        the_service.start()
    return the_service
