"""Asks dvauth who is there before the portal shows a page: what nginx's ``auth_request`` would do in front of it.

A portal whose server is written in anything else needs just these few lines in its own language.
"""

from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import quote, urlsplit

from flask import Request

TIMEOUT = 2  # seconds; dvauth itself answers within one, even when its store is down
FORWARDED = ("Cookie", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User", "Sec-Fetch-Dest")


class Refused(Exception):
    """Nobody gets in. ``NotLoggedIn``, ``NotAllowed`` and ``Unavailable`` say why."""


class NotLoggedIn(Refused):
    pass


class NotAllowed(Refused):
    pass


class Unavailable(Refused):
    """dvauth cannot tell just now: neither let in nor sent to the login page."""


@dataclass(frozen=True, slots=True)
class Visitor:
    account: str
    roles: frozenset[str]


class Gate:
    """``verify_url``: where this server reaches dvauth; ``origin``: how browsers call this portal."""

    def __init__(self, verify_url: str, origin: str) -> None:
        self._service = urlsplit(verify_url)
        self._origin = origin

    def visitor(self, request: Request) -> Visitor | None:
        """Who is there, as far as it matters for a page that everybody may read."""
        if "dvauth" not in request.headers.get("Cookie", ""):
            return None
        try:
            return self._verify(request)
        except Refused:
            return None

    def require(self, request: Request, roles: set[str]) -> Visitor:
        """The visitor, if logged in with one of ``roles``; raises ``Refused``."""
        visitor = self._verify(request)
        if not visitor.roles & roles:
            raise NotAllowed
        return visitor

    def _verify(self, request: Request) -> Visitor:
        answer = self._ask(request)
        if answer.status == 200:
            roles = answer.headers.get("X-DVAuth-Roles", "").replace(",", " ").split()
            return Visitor(answer.headers.get("X-DVAuth-Account", ""), frozenset(roles))
        if answer.status == 401:
            raise NotLoggedIn
        if answer.status == 403 and answer.headers.get("X-DVAuth-Reason") != "unavailable":
            raise NotAllowed
        raise Unavailable

    def _ask(self, request: Request) -> HTTPResponse:
        connection = HTTPConnection(self._service.hostname or "", self._service.port, timeout=TIMEOUT)
        try:
            connection.request("GET", "/verify", headers=self._headers(request))
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException) as error:
            raise Unavailable from error
        except ValueError as error:  # a header that no browser sends, and that cannot be passed on
            raise NotAllowed from error
        finally:
            connection.close()
        return answer

    def _headers(self, request: Request) -> dict[str, str]:
        forwarded = {name: request.headers[name] for name in FORWARDED if name in request.headers}
        return forwarded | {
            "X-Original-URL": self._origin + page_of(request),
            "X-Original-Method": request.method,
            "X-Forwarded-For": request.remote_addr or "",
            "X-Forwarded-Host": urlsplit(self._origin).netloc,
        }


def page_of(request: Request) -> str:
    """Path and query as the browser sent them; Flask's own are decoded, which fits no header and no address."""
    path = quote(request.path, safe="/!$&'()*+,;=:@~")
    query = quote(request.query_string, safe="/?!$&'()*+,;=:@~%")
    return f"{path}?{query}" if query else path
