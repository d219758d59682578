"""``dvauth demo``, as somebody who tries dvauth for the first time meets it."""

import http.client
import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner

from dvauth.cli import main

COOKIE = re.compile(r"__Host-dvauth[\w-]*=[^;]+")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Answer(NamedTuple):
    status: int
    head: str
    body: str


def ask(port: int, method: str, path: str, form: str, headers: dict[str, str]) -> Answer:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, form, headers)
        answer = connection.getresponse()
        return Answer(answer.status, str(answer.headers), answer.read().decode())


class Demo:
    """A running demo and what it printed."""

    def __init__(self, folder: Path, *ports: int) -> None:
        self.port, self.portal_port = ports
        command = [sys.executable, "-m", "dvauth", "demo", "--data-dir", str(folder)]
        command += ["--port", str(self.port), "--portal-port", str(self.portal_port)]
        environ = {"PATH": os.environ["PATH"], "DVAUTH_DATA_DIR": "/not/for/a/demo"}
        self.process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        lines = []
        while "Ctrl-C" not in (line := self.process.stdout.readline()):
            assert line, "the demo did not start"
            lines.append(line)
        self.printed = "".join(lines)

    def password(self, username: str) -> str:
        found = re.search(rf"^  {username} +(\S+)", self.printed, re.MULTILINE)
        assert found
        return found[1]

    def log_in(self, username: str, password: str) -> int:
        """The status of the answer to the login form: 303 is in, 401 is not."""
        page = self.service("GET", "/login")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.body)
        assert token
        form = {"username": username, "password": password, "csrf_token": token[1]}
        return self.service("POST", "/login", urlencode(form), "; ".join(COOKIE.findall(page.head))).status

    def service(self, method: str, path: str, form: str = "", cookies: str = "") -> Answer:
        host = f"auth.dvauth.localhost:{self.port}"
        headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin", "Cookie": cookies}
        return ask(self.port, method, path, form, headers | {"Content-Type": "application/x-www-form-urlencoded"})

    def in_force(self, role: str) -> dict[str, float]:
        """Seconds by the name of the limit, asked with the command that the demo prints."""
        exports = re.search(r"^  export (.+)$", self.printed, re.MULTILINE)
        command = re.search(r"^  (.+ -m dvauth) session list$", self.printed, re.MULTILINE)
        assert exports
        assert command
        typed = ["env", "-i", *shlex.split(exports[1]), *shlex.split(command[1])]
        asked = subprocess.run(
            [*typed, "timeout", "explain", "--role", role, "--json"], stdout=subprocess.PIPE, check=True
        )
        told = json.loads(asked.stdout)
        return {name: told[name]["value"] for name in ("idle_timeout_seconds", "warn_before_seconds")}

    def portal_front_page(self) -> str:
        return ask(self.portal_port, "GET", "/", "", {"Host": f"portal.dvauth.localhost:{self.portal_port}"}).body


@contextmanager
def demo(folder: Path, *ports: int) -> Iterator[Demo]:
    running = Demo(folder, *ports)
    try:
        yield running
    finally:
        running.process.terminate()
        assert running.process.wait(20) == 0
        assert running.process.stdout is not None
        assert '"event"' not in running.process.stdout.read()  # nothing pushes the passwords away
        running.process.stdout.close()


def test_it_is_ready_to_be_tried_and_starts_anew_with_other_passwords(tmp_path: Path) -> None:
    ports = free_port(), free_port()
    with demo(tmp_path / "demo", *ports) as first:
        for username in ("nguoidoc", "bientap", "quantri"):
            assert first.log_in(username, first.password(username)) == 303
        assert first.log_in("nguoidoc", first.password("bientap")) == 401
        assert f"http://auth.dvauth.localhost:{ports[0]}/admin/portals/lam-giang/prompt" in first.printed
        assert "administrator: 4 minutes" in first.printed
        assert (
            first.in_force("reader")
            == first.in_force("editor")
            == {"idle_timeout_seconds": 90, "warn_before_seconds": 60}
        )
        assert first.in_force("admin") == {"idle_timeout_seconds": 300, "warn_before_seconds": 60}
        assert '"event": "authn_login_fail"' in (tmp_path / "demo/audit.log").read_text()
        assert "{" not in first.printed
        assert f"http://auth.dvauth.localhost:{ports[0]}/embed.js" in first.portal_front_page()
    with demo(tmp_path / "demo", *ports) as second:
        assert second.log_in("nguoidoc", first.password("nguoidoc")) == 401
        assert second.log_in("nguoidoc", second.password("nguoidoc")) == 303


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--data-dir", "{tmp_path}/file"], 1, "cannot be written: Not a directory."),
        (["--data-dir", "{tmp_path}"], 1, "is not empty and not a demo's"),
        (["--port", "8123", "--portal-port", "8123"], 2, "Give two ports"),
    ],
)
def test_says_why_it_cannot_start(tmp_path: Path, words: list[str], code: int, told: str) -> None:
    (tmp_path / "file").touch()
    answer = CliRunner().invoke(main, ["demo", *(word.format(tmp_path=tmp_path) for word in words)])
    assert (answer.exit_code, told in answer.output) == (code, True), answer.output
