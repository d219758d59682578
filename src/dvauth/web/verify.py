"""``GET /verify``: a proxy, or a portal's back end, asks whether to let a request through.

Towards nginx only 200, 401 and 403 have a meaning, so nothing else is ever answered; whatever cannot be understood is
refused, and success carries positive proof in its headers.
"""

import math
from urllib.parse import parse_qs

from dvauth.portals.portal import Activity, Portal
from dvauth.sessions.check import Active, Contention, Ended
from dvauth.sessions.record import Place
from dvauth.storage.redis import StoreUnavailable
from dvauth.web.answers import CHALLENGE, Answer, failure_of
from dvauth.web.enter import enter_url
from dvauth.web.front import ANY_OTHER, Routes
from dvauth.web.replays import report_replay
from dvauth.web.services import WebServices
from dvauth.web.visit import Visit

PLAIN_TEXT = (("Content-Type", "text/plain; charset=utf-8"),)


class Verify:
    """The forward authentication of portals' own hosts."""

    def __init__(self, known: WebServices) -> None:
        self._known = known
        # Some proxies ask by the visitor's own method, whatever that is.
        self.routes: Routes = {"/verify": {"GET": self._view, "HEAD": self._view, ANY_OTHER: self._refuse_method}}

    def _refuse_method(self, _visit: Visit) -> Answer:
        return _refusal(403, "wrong-method")

    def _view(self, visit: Visit) -> Answer:
        if not visit.by_proxy:
            return _refusal(403, "untrusted-proxy")
        try:
            return self._judge_at(self._known.portals().for_request(visit.header("X-Original-URL") or ""), visit)
        except (StoreUnavailable, Contention):
            return _refusal(403, "unavailable")
        except Exception as error:  # noqa: BLE001 - nobody behind us answers it
            failure_of(error)
            return _refusal(403, "failed")

    def _judge_at(self, portal: Portal | None, visit: Visit) -> Answer:
        if portal is None or not visit.header("X-Original-Method"):
            return _refusal(403, "unknown-portal")
        cookie, place = self._known.jar.read(visit), Place(portal, own_host=True)
        check = self._known.keeper.check(cookie, place, activity=_is_activity(visit, portal))
        if isinstance(check, Active):
            return _proof(check)
        report_replay(self._known, visit, check)
        if _wants_redirect(visit):
            return Answer(303, (("Location", enter_url(visit.header("X-Original-URL") or "")), *PLAIN_TEXT))
        return _refusal(401, check.reason if isinstance(check, Ended) else "anonymous")


def _is_activity(visit: Visit, portal: Portal) -> bool:
    if portal.activity is Activity.NAVIGATION:
        return visit.is_persons_navigation
    return portal.activity is Activity.ANY and not visit.is_passive


def _wants_redirect(visit: Visit) -> bool:
    asked = parse_qs(visit.environ.get("QUERY_STRING", "")).get("redirect") == ["1"]
    return asked and visit.header("Sec-Fetch-Mode") == "navigate"


def _proof(check: Active) -> Answer:
    record = check.record
    proof = (
        ("X-DVAuth-Account", record.account_id),
        ("X-DVAuth-Roles", ",".join(record.roles)),
        ("X-DVAuth-Session", record.ref.session_id),
        ("X-DVAuth-Idle-Seconds", str(math.floor(check.verdict.expires_in.total_seconds()))),
    )
    return Answer(200, proof + PLAIN_TEXT)


def _refusal(status: int, reason: str) -> Answer:
    challenge = (("WWW-Authenticate", CHALLENGE),) if status == 401 else ()
    return Answer(status, (("X-DVAuth-Reason", reason), *challenge, *PLAIN_TEXT))
