"""What programs are answered: JSON, and RFC 9457 problem details for errors. People get pages instead."""

import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from dvauth.accounts.errors import HashingBusy, TooManyAttempts
from dvauth.sessions.check import Contention
from dvauth.storage.redis import StoreUnavailable
from dvauth.storage.sql import DatabaseUnavailable

CHALLENGE = 'DVAuth realm="dvauth"'  # RFC 9110 15.5.2 wants a challenge with each 401; this one opens no browser prompt
RETRY_SECONDS = 5  # where the error does not know better
EXPECTED: dict[type[Exception], tuple[int, str]] = {
    # While Redis is away nobody is judged: the page shows no one, and no cookie is touched.
    StoreUnavailable: (503, "The session store does not answer; nobody is logged out by that."),
    DatabaseUnavailable: (503, "The database does not answer."),
    Contention: (503, "This session is changing; ask again."),
    HashingBusy: (503, "Too many logins at once."),
    TooManyAttempts: (429, "Too many attempts."),
}

Headers = tuple[tuple[str, str], ...]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that needs no Flask: its status, its own headers, its body."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def adding(self, headers: Headers) -> "Answer":
        return Answer(self.status, self.headers + headers, self.body)

    def to_response(self) -> Response:
        return Response(self.body, self.status, list(self.headers))


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that failed although nothing was wrong with it, or not for long; ``retry_after`` is in seconds."""

    status: int
    detail: str
    retry_after: int | None = None
    number: str | None = None  # under which the stack is logged

    def to_answer(self) -> Answer:
        headers = (("Retry-After", str(self.retry_after)),) if self.retry_after else ()
        return problem(self.status, self.detail).adding(headers)


def json_answer(body: Mapping[str, Any]) -> Answer:
    return Answer(200, (("Content-Type", "application/json"),), json.dumps(body).encode())


def problem(status: int, detail: str, **members: Any) -> Answer:
    """A problem+json answer; ``detail`` tells the caller what to mend, ``members`` are extra fields."""
    body = {"type": "about:blank", "title": HTTP_STATUS_CODES[status], "status": status, "detail": detail, **members}
    headers = (("Content-Type", "application/problem+json"),)
    challenge = (("WWW-Authenticate", CHALLENGE),) if status == 401 else ()
    # Half a character, which JSON can bring in, goes out as JSON writes it: \ud800.
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Answer(status, headers + challenge, text)


def failure_of(error: Exception) -> Failure:
    """What to say of an error that nobody below answered. The stack of an unexpected one goes to the log."""
    if isinstance(error, HTTPException):  # Werkzeug's, of a body that is too large or was cut short
        return Failure(error.code or 400, error.description or "")
    for kind, (status, detail) in EXPECTED.items():
        if isinstance(error, kind):
            return Failure(status, detail, getattr(error, "retry_after", RETRY_SECONDS))
    number = secrets.token_hex(8)
    log.error("unexpected error %s", number, exc_info=error)
    return Failure(500, f"Something went wrong here; it is logged under {number}.", number=number)
