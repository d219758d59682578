"""``/session``: what the embed script asks and says. Status never extends; keep-alive never revives.

Both are open to the origins of registered portals only, by an exact echo. Keep-alive needs no form token: it takes
only JSON, so that a foreign page's request stops at the preflight (OWASP CSRF cheat sheet, ASVS 3.5.2).
"""

import hmac
import json
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, g, request

from dvauth.audit.events import Event
from dvauth.sessions.check import Active, Cause, Check, Ended
from dvauth.timeouts.judge import Verdict
from dvauth.web.identity import current_place, report_replay
from dvauth.web.problems import problem
from dvauth.web.services import services
from dvauth.web.visitor import WebPlace

PREFLIGHT_SECONDS = 7200  # browsers keep no preflight answer longer (Chromium's limit)
LONGEST_IDLE = timedelta(days=400)
TAG_LENGTH = 16

session_api = Blueprint("session_api", __name__, url_prefix="/session")


@session_api.before_request
def admit() -> Response | None:
    """Only pages of ours and of registered portals, and only ``fetch``: an image or a script reads nothing here."""
    if request.headers.get("Sec-Fetch-Dest", "empty") not in {"empty", "document"}:
        return problem(403, "This address answers fetch() only.")
    if _origin_is_known(request.headers.get("Origin"), current_place()):
        return None
    services().audit.record(Event.MALICIOUS_CORS, address=_address(), origin=request.headers.get("Origin"))
    return problem(403, "The page's origin is not registered as a portal.")


@session_api.after_request
def share(response: Response) -> Response:
    """CORS: the exact origin of a registered portal, with credentials."""
    headers = response.headers
    headers.add("Vary", "Origin")
    origin, place = request.headers.get("Origin"), g.get("place")
    if origin and place and place.portal and not place.own_host:
        headers.add("Access-Control-Allow-Origin", origin)
        headers.add("Access-Control-Allow-Credentials", "true")
        headers.add("Access-Control-Expose-Headers", "Retry-After")
    return response


@session_api.get("")
def status() -> Response:
    known = services()
    return _answer(known.keeper.check(known.jar.read(request), current_place()))


@session_api.route("/keep-alive", methods=["OPTIONS"])
def preflight() -> Response:
    response = Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = "POST"
    response.headers["Access-Control-Allow-Headers"] = "content-type"
    response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response


@session_api.post("/keep-alive")
def keep_alive() -> Response:
    if "Origin" not in request.headers:
        return problem(403, "A keep-alive needs an Origin header.")
    if request.mimetype != "application/json":
        return problem(415, "A keep-alive is sent as application/json.")
    try:
        cause, idle_for = _parsed(request.get_json(silent=True))
    except (ValueError, RecursionError) as error:
        return problem(400, str(error))
    known = services()
    check = known.keeper.keep_alive(known.jar.read(request), current_place(), cause, idle_for)
    if isinstance(check, Active):
        return _answer(check)
    report_replay(check)
    reason = check.reason if isinstance(check, Ended) else None
    return problem(401, "There is no session to keep alive.", state=check.state, reason=reason)


def _origin_is_known(origin: str | None, place: WebPlace) -> bool:
    if origin is None or origin == services().settings.base_url:
        return True
    return place.portal is not None and origin in place.portal.origins


def _address() -> str:
    return services().proxies.client_address(request)


def _parsed(body: Any) -> tuple[Cause, timedelta]:
    """The cause, and how long ago the last input was. Raises ``ValueError`` with a sentence."""
    if not isinstance(body, dict):
        raise ValueError(  # noqa: TRY004 - whatever is wrong with it, the caller is told by a sentence
            'The body must be a JSON object such as {"cause": "prompt", "idle_seconds": 0}.'
        )
    cause, idle = body.get("cause"), body.get("idle_seconds", 0)
    if cause not in tuple(Cause):
        raise ValueError(f'"cause" is {json.dumps(cause)[:80]}; it must be "prompt" or "input".')
    if isinstance(idle, bool) or not isinstance(idle, int | float) or not 0 <= idle <= LONGEST_IDLE.total_seconds():
        raise ValueError(f'"idle_seconds" is {json.dumps(idle)[:80]}; it must be a number of seconds, 0 or more.')
    return Cause(cause), timedelta(seconds=idle)


def _answer(check: Check) -> Response:
    body = {"state": check.state, "reason": check.reason if isinstance(check, Ended) else None}
    if isinstance(check, Active):
        body |= _durations(check.verdict) | _tags(check, current_place())
    return Response(json.dumps(body), content_type="application/json")


def _durations(verdict: Verdict) -> dict[str, Any]:
    """Relative, so that no browser's clock matters; rounded down, so that nobody is promised too much."""
    return {
        "expires_in_seconds": _seconds(verdict.expires_in),
        "idle_remaining_seconds": _seconds(verdict.idle_remaining),
        "absolute_remaining_seconds": _seconds(verdict.absolute_remaining),
        "warn_before_seconds": _seconds(verdict.policy.warn_before),
        "ends_by": verdict.ends_by,
    }


def _seconds(duration: timedelta) -> float:
    return duration // timedelta(milliseconds=100) / 10


def _tags(check: Active, place: WebPlace) -> dict[str, Any]:
    """Let tabs tell another session and another person apart. Keyed per portal: two portals cannot match people."""
    record = check.record
    return {
        "session": _tag(place, record.ref.session_id),
        "account": _tag(place, record.account_id),
        "seq": record.seq,
    }


def _tag(place: WebPlace, value: str) -> str:
    key = services().settings.secret_key[-1].encode()
    return hmac.digest(key, f"dvauth.tag:{place.slug}:{value}".encode(), "sha256").hex()[:TAG_LENGTH]
