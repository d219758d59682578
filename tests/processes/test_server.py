"""gunicorn as it is configured, with an application that only reads and answers."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

APPLICATION = """
import time

def app(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    read = len(environ["wsgi.input"].read(length))
    time.sleep(0.5 if environ["PATH_INFO"] == "/slow" else 0)
    start_response("200 OK" if read == length else "400 Bad Request", [("Content-Length", "0")])
    return []
"""

# As dvauth.server, but less patient, so that a test need not wait for long.
IMPATIENT = """
from dvauth.deadline_worker import DeadlineWorker
from dvauth.server import *

class worker_class(DeadlineWorker):
    arrival_seconds = 1.0
"""

SLOW = 4


class Gunicorn:
    def __init__(self, folder: Path, configuration: str = IMPATIENT) -> None:
        (folder / "application.py").write_text(APPLICATION)
        (folder / "configuration.py").write_text(configuration)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            descriptor = listener.fileno()
            options = ["--config", "configuration.py", "--bind", f"fd://{descriptor}", "--threads", str(SLOW)]
            command = [sys.executable, "-m", "gunicorn", *options, "application:app"]
            self.process = subprocess.Popen(command, cwd=folder, pass_fds=[descriptor])

    def connect(self, sent: bytes) -> socket.socket:
        visitor = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        visitor.sendall(sent)
        return visitor

    def listens(self) -> bool:
        with socket.socket() as visitor:
            return visitor.connect_ex(("127.0.0.1", self.port)) == 0

    def ask(self, sent: bytes) -> bytes:
        """The head of the answer."""
        with self.connect(sent) as visitor:
            return visitor.recv(4096)


@contextmanager
def running(server: Gunicorn) -> Iterator[Gunicorn]:
    yield server
    server.process.kill()
    server.process.wait()


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[Gunicorn]:
    with running(Gunicorn(tmp_path)) as server:
        yield server


@pytest.fixture
def patient_gunicorn(tmp_path: Path) -> Iterator[Gunicorn]:
    with running(Gunicorn(tmp_path, "from dvauth.server import *")) as server:
        yield server


def status(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d+) ", answer)
    return int(found[1]) if found else 0


GET = b"GET / HTTP/1.1\r\nHost: auth.example.vn\r\n\r\n"
SLOW_HEADERS = b"GET / HTTP/1.1\r\nHost: auth.exa"
SLOW_BODY = b"POST / HTTP/1.1\r\nHost: auth.example.vn\r\nContent-Length: 9\r\n\r\nname"


@pytest.mark.parametrize("beginning", [SLOW_HEADERS, SLOW_BODY])
def test_visitors_who_send_a_byte_a_second_are_cut_off(gunicorn: Gunicorn, beginning: bytes) -> None:
    assert status(gunicorn.ask(GET)) == 200
    slow = [gunicorn.connect(beginning) for _ in range(SLOW)]  # one for each thread
    started = time.monotonic()
    assert status(gunicorn.ask(GET)) == 200  # an honest one, who had to wait for them
    assert time.monotonic() - started < 4
    answers = {status(visitor.recv(4096)) for visitor in slow}
    assert answers == {400 if beginning is SLOW_BODY else 0}
    for visitor in slow:
        visitor.close()


def test_a_request_that_takes_long_but_arrived_whole_is_answered(gunicorn: Gunicorn) -> None:
    answers = [gunicorn.ask(GET.replace(b"GET / ", b"GET /slow ")) for _ in range(3)]
    assert {status(answer) for answer in answers} == {200}


def test_what_runs_is_finished_when_the_server_is_asked_to_stop(gunicorn: Gunicorn) -> None:
    assert status(gunicorn.ask(GET)) == 200
    with gunicorn.connect(GET.replace(b"GET / ", b"GET /slow ")) as visitor:
        time.sleep(0.2)
        gunicorn.process.terminate()
        assert status(visitor.recv(4096)) == 200
    assert gunicorn.process.wait(10) == 0


@pytest.mark.parametrize("sent", [b"", GET], ids=["opened ahead", "kept alive"])
def test_nobody_waits_for_a_connection_without_a_request_when_the_server_stops(
    patient_gunicorn: Gunicorn, sent: bytes
) -> None:
    assert status(patient_gunicorn.ask(GET)) == 200
    with patient_gunicorn.connect(sent) as visitor:
        if sent:
            assert status(visitor.recv(4096)) == 200
        time.sleep(0.2)
        began = time.monotonic()
        patient_gunicorn.process.terminate()
        assert visitor.recv(4096) == b""  # hung up
        assert time.monotonic() - began < 1.5  # gunicorn by itself takes 2 s and 5 s
    assert patient_gunicorn.process.wait(10) == 0


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (GET.replace(b"GET /", b"GET /" + b"a" * 5_000), 414),
        (GET.replace(b"\r\n\r\n", b"\r\nX: " + b"a" * 9_000 + b"\r\n\r\n"), 431),
        (GET.replace(b"\r\n\r\n", b"\r\nX: 1" * 65 + b"\r\n\r\n"), 431),
        (SLOW_BODY.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"), 400),
        (GET.replace(b"Host:", b"Host: evil.test\r\nHost:"), 400),
        (GET.replace(b"Host:", b"Host :"), 400),
    ],
)
def test_requests_that_no_honest_visitor_sends_are_refused(gunicorn: Gunicorn, request_: bytes, expected: int) -> None:
    assert status(gunicorn.ask(request_)) == expected


@pytest.mark.proves("HD10")
def test_no_version_is_told(gunicorn: Gunicorn) -> None:
    (banner,) = re.findall(rb"(?im)^Server: (.*)\r$", gunicorn.ask(GET))
    assert banner == b"gunicorn"


def test_workers_end_with_a_killed_arbiter(gunicorn: Gunicorn) -> None:
    assert status(gunicorn.ask(GET)) == 200
    os.kill(gunicorn.process.pid, signal.SIGKILL)
    gunicorn.process.wait()
    deadline = time.monotonic() + 0.5  # gunicorn's own look at its parent comes later
    while gunicorn.listens() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not gunicorn.listens()
