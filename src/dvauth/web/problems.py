"""Errors for programs, as RFC 9457 problem details. People get a page instead."""

import json
from typing import Any

from flask import Response
from werkzeug.http import HTTP_STATUS_CODES

CHALLENGE = 'DVAuth realm="dvauth"'  # RFC 9110 15.5.2 wants a challenge with each 401; this one opens no browser prompt


def problem(status: int, detail: str, **members: Any) -> Response:
    """A problem+json answer; ``detail`` tells the caller what to mend, ``members`` are extra fields."""
    body = {"type": "about:blank", "title": HTTP_STATUS_CODES[status], "status": status, "detail": detail, **members}
    response = Response(json.dumps(body, ensure_ascii=False), status, content_type="application/problem+json")
    if status == 401:
        response.headers["WWW-Authenticate"] = CHALLENGE
    return response
