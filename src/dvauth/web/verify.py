"""``GET /verify``: a proxy, or a portal's back end, asks whether to let a request through.

Towards nginx only 200, 401 and 403 have a meaning, so nothing else is ever answered; whatever cannot be understood is
refused, and success carries positive proof in its headers.
"""

import math

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from dvauth.portals.portal import Activity, Portal
from dvauth.sessions.check import Active, Contention, Ended
from dvauth.sessions.record import Place
from dvauth.storage.redis import StoreUnavailable
from dvauth.web.enter import enter_url
from dvauth.web.identity import report_replay
from dvauth.web.problems import CHALLENGE
from dvauth.web.services import services
from dvauth.web.visitor import is_persons_navigation

# Some proxies ask by the visitor's own method; whatever is not understood must be a refusal, never a success.
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]

verify = Blueprint("verify", __name__)


@verify.route("/verify", methods=METHODS, provide_automatic_options=False)
def verify_request() -> BaseResponse:
    if request.method not in {"GET", "HEAD"}:
        return _refuse(403, "wrong-method")
    known = services()
    if not known.proxies.sent(request):
        return _refuse(403, "untrusted-proxy")
    try:
        return _judge_at(known.portals().for_return_to(request.headers.get("X-Original-URL", "")))
    except (StoreUnavailable, Contention):
        return _refuse(403, "unavailable")


def _judge_at(portal: Portal | None) -> BaseResponse:
    if portal is None or not request.headers.get("X-Original-Method"):
        return _refuse(403, "unknown-portal")
    known = services()
    check = known.keeper.check(known.jar.read(request), Place(portal, own_host=True), activity=_is_activity(portal))
    report_replay(check)
    if isinstance(check, Active):
        return _let_through(check)
    if request.args.get("redirect") == "1" and request.headers.get("Sec-Fetch-Mode") == "navigate":
        return redirect(enter_url(request.headers["X-Original-URL"]), 303)
    return _refuse(401, check.reason if isinstance(check, Ended) else "anonymous")


def _is_activity(portal: Portal) -> bool:
    if portal.activity is Activity.NAVIGATION:
        return is_persons_navigation(request)
    return portal.activity is Activity.ANY and request.headers.get("X-DVAuth-Passive") != "1"


def _let_through(check: Active) -> Response:
    record = check.record
    response = Response(content_type="text/plain; charset=utf-8")
    response.headers["X-DVAuth-Account"] = record.account_id
    response.headers["X-DVAuth-Roles"] = ",".join(record.roles)
    response.headers["X-DVAuth-Session"] = record.ref.session_id
    response.headers["X-DVAuth-Idle-Seconds"] = str(math.floor(check.verdict.expires_in.total_seconds()))
    return response


def _refuse(status: int, reason: str) -> Response:
    response = Response(status=status, content_type="text/plain; charset=utf-8")
    response.headers["X-DVAuth-Reason"] = reason
    if status == 401:
        response.headers["WWW-Authenticate"] = CHALLENGE
    return response
