"""Who is measured, and what their visitors send: a thousand people are logged in at each, and take turns."""

import http.client
import json
import secrets
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stage import Server, Stage

from dvauth.portals.portal import Portal
from dvauth.sessions.check import Opened
from dvauth.sessions.record import Origin, Principal

PEOPLE = 1000
PORTAL_ORIGIN = "https://portal.example.vn"
SEEN_FROM = Origin(address="203.0.113.7", user_agent="Chrome · Linux")
BROWSER = {
    "Host": "auth.example.vn",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0 Safari/537.36",
    "Accept": "*/*",
    "Accept-Language": "vi,en;q=0.8",
}
ON_PORTAL = BROWSER | {
    "X-Forwarded-Proto": "https",
    "Origin": PORTAL_ORIGIN,
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
}
BY_PROXY = BROWSER | {
    "X-Original-Method": "GET",
    "X-Original-URL": f"{PORTAL_ORIGIN}/articles/42",
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
}
ANSWERED_PROMPT = json.dumps({"cause": "prompt", "idle_seconds": 0})

BARE = "bare Flask route"
HANDMADE = "Flask-Session: check"
HANDMADE_THRIFTY = "… its write-back off"
HANDMADE_CORS = "… with Flask-Cors"
HANDMADE_KEEP_ALIVE = "Flask-Session: keep-alive"
CHECK = "dvauth: check"
KEEP_ALIVE = "dvauth: keep-alive"
VERIFY = "dvauth: verify"


@dataclass(frozen=True)
class Subject:
    """A server, a file of requests to it, and a word that every right answer carries."""

    name: str
    server: Server
    requests: Path
    proof: bytes

    def ask_once(self) -> None:
        """Raises ``SystemExit`` unless the first request gets a right answer."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as connection:
            connection.sendall(self.requests.read_bytes().split(b"\0")[0])
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            whole = str(answer.headers).encode() + answer.read()
        if answer.status != http.HTTPStatus.OK or self.proof not in whole:
            raise SystemExit(f"{self.name} answers {answer.status}:\n{whole.decode(errors='replace')}")


def all_subjects(stage: Stage) -> list[Subject]:
    bare = stage.serve("bare:app", {})
    nobody = _write(stage, BARE, "GET /", [BROWSER])
    return [Subject(BARE, bare, nobody, b"ok"), *_handmade(stage), *_dvauth(stage)]


def new_principal() -> Principal:
    return Principal(account_id=secrets.token_urlsafe(12), roles=("editor",))


def _handmade(stage: Stage) -> Iterator[Subject]:
    environ = {"BENCH_REDIS_URL": stage.redis_url, "BENCH_SECRET_KEY": secrets.token_urlsafe(48)}
    server = stage.serve("handmade:app", environ)
    thrifty = stage.serve("handmade:app", environ | {"BENCH_THRIFTY": "1"})
    shared = stage.serve("handmade:app", environ | {"BENCH_CORS": PORTAL_ORIGIN})
    people = list(_log_in_by_hand(server))
    check = _write(stage, HANDMADE, "GET /session", people)
    keep_alive = _write(stage, HANDMADE_KEEP_ALIVE, "POST /session/keep-alive", people, ANSWERED_PROMPT)
    yield Subject(HANDMADE, server, check, b"active")
    yield Subject(HANDMADE_THRIFTY, thrifty, check, b"active")
    yield Subject(HANDMADE_CORS, shared, check, b"Access-Control-Allow-Credentials")
    yield Subject(HANDMADE_KEEP_ALIVE, server, keep_alive, b"active")


def _log_in_by_hand(server: Server) -> Iterator[dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for number in range(PEOPLE):
        connection.request("POST", "/login", f"username=person-{number}", form)
        answer = connection.getresponse()
        answer.read()
        yield ON_PORTAL | {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}


def _dvauth(stage: Stage) -> Iterator[Subject]:
    keeper = stage.parts.keeper
    portal = stage.parts.portals.add("portal", name="Báo tỉnh", origins=[PORTAL_ORIGIN], mounted=True)
    server = stage.serve("dvauth.wsgi:app")
    opened = [keeper.open(new_principal(), origin=SEEN_FROM, portal=portal) for _ in range(PEOPLE)]
    central = [ON_PORTAL | _cookie(each.cookie) for each in opened]
    behind_proxy = [BY_PROXY | _cookie(_attached(stage, each, portal)) for each in opened]
    check = _write(stage, CHECK, "GET /session", central)
    keep_alive = _write(stage, KEEP_ALIVE, "POST /session/keep-alive", central, ANSWERED_PROMPT)
    yield Subject(CHECK, server, check, b'"active"')
    yield Subject(KEEP_ALIVE, server, keep_alive, b'"active"')
    yield Subject(VERIFY, server, _write(stage, VERIFY, "GET /verify", behind_proxy), b"X-DVAuth-Account")


def _attached(stage: Stage, opened: Opened, portal: Portal) -> str:
    """The cookie of the same session on the portal's own host."""
    credential = stage.parts.signer.read(opened.cookie)
    assert credential
    cookie = stage.parts.keeper.attach(credential, portal)
    assert cookie
    return cookie


def _cookie(value: str) -> dict[str, str]:
    return {"Cookie": f"__Host-dvauth={value}"}


def _write(stage: Stage, name: str, line: str, people: Iterable[Mapping[str, str]], body: str = "") -> Path:
    """The raw requests, separated by a NUL, as ``round_robin.lua`` reads them."""
    path = stage.folder / name.replace(" ", "-")
    path.write_bytes(b"\0".join(_raw(line, headers, body) for headers in people))
    return path


def _raw(line: str, headers: Mapping[str, str], body: str) -> bytes:
    content = {"Content-Type": "application/json", "Content-Length": str(len(body))} if body else {}
    lines = [f"{line} HTTP/1.1", *(f"{name}: {value}" for name, value in {**headers, **content}.items())]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
