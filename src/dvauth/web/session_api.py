"""``/session``: what the embed script asks and says. Status never extends; keep-alive never revives.

Both are open to the origins of registered portals only, by an exact echo. Keep-alive needs no form token: it takes
only JSON, so that a foreign page's request stops at the preflight (OWASP CSRF cheat sheet, ASVS 3.5.2).
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from werkzeug.http import parse_options_header
from werkzeug.wsgi import get_input_stream

from dvauth.audit.events import Event
from dvauth.portals.portal import Portal
from dvauth.sessions.check import Active, Anonymous, Cause, Check, Ended, State
from dvauth.sessions.record import SessionRecord
from dvauth.timeouts.judge import Verdict
from dvauth.web.answers import Answer, Headers, failure_of, json_answer, problem
from dvauth.web.front import Routes, View
from dvauth.web.replays import report_replay
from dvauth.web.services import WebServices
from dvauth.web.visit import PLAIN_HTTP, UNMEASURED, Visit, WebPlace

PREFLIGHT_SECONDS = 7200  # browsers keep no preflight answer longer (Chromium's limit)
LARGEST_BODY = 1024  # bytes; a keep-alive takes about 50
LONGEST_IDLE = timedelta(days=400)
TAG_BYTES = 8
VARY: Headers = (("Vary", "Origin"),)
PREFLIGHT: Headers = (
    ("Access-Control-Allow-Methods", "POST"),
    ("Access-Control-Allow-Headers", "content-type"),
    ("Access-Control-Max-Age", str(PREFLIGHT_SECONDS)),
)

Act = Callable[[Visit], Answer]


class SessionApi:
    """The status and the keep-alive of the visitor's session."""

    def __init__(self, known: WebServices) -> None:
        self._known = known
        status, preflight, keep_alive = map(self._shared, (self._status, self._preflight, self._keep_alive))
        self.routes: Routes = {
            "/session": {"GET": status, "HEAD": status},
            "/session/keep-alive": {"OPTIONS": preflight, "POST": keep_alive},
        }

    def _shared(self, act: Act) -> View:
        """The act, for pages of ours and of registered portals, which may read whatever it answers."""

        def view(visit: Visit) -> Answer:
            headers = VARY
            try:
                # While Redis is away portals may read that it is: an echo of last minute's directory lets nobody in.
                place = visit.place(self._known.last_portals())
                if refusal := self._refusal(visit, place):
                    return refusal.adding(headers)
                headers += _cors(visit, place)
                answer = act(visit)
            except Exception as error:  # noqa: BLE001 - nobody behind us answers it
                answer = failure_of(error).to_answer()
            return answer.adding(headers)

        return view

    def _refusal(self, visit: Visit, place: WebPlace) -> Answer | None:
        """Only ``fetch`` by a page that we know, safely: an image or a script reads nothing here."""
        if misdirection := visit.misdirection(self._known.last_portals):
            return problem(421, misdirection)
        if not visit.is_safe:
            return problem(403, PLAIN_HTTP)
        if visit.header("Transfer-Encoding"):
            return problem(411, UNMEASURED)
        if visit.header("Sec-Fetch-Dest") not in {None, "empty", "document"}:
            return problem(403, "This address answers fetch() only.")
        if not self._is_known(visit.origin, place):
            self._known.audit.record(Event.MALICIOUS_CORS, address=visit.client_address, origin=visit.origin)
            return problem(403, "The page's origin is not registered as a portal.")
        return None

    def _is_known(self, origin: str | None, place: WebPlace) -> bool:
        if origin is None or origin == self._known.settings.base_url:
            return True
        return place.portal is not None and origin in place.portal.origins

    def _status(self, visit: Visit) -> Answer:
        place, cookie = visit.place(self._known.portals()), self._known.jar.read(visit)
        check = self._known.keeper.check(cookie, place)
        if isinstance(check, Active):
            self._known.prompts.note(check, place.portal)
        return json_answer(_answered(check, cookie, visit) | self._about(check, place))

    def _preflight(self, _visit: Visit) -> Answer:
        return Answer(204, PREFLIGHT)

    def _keep_alive(self, visit: Visit) -> Answer:
        if visit.origin is None:
            return problem(403, "A keep-alive needs an Origin header.")
        if parse_options_header(visit.environ.get("CONTENT_TYPE"))[0] != "application/json":
            return problem(415, "A keep-alive is sent as application/json.")
        try:
            cause, idle_for = _parsed(get_input_stream(visit.environ, max_content_length=LARGEST_BODY).read())
        except ValueError as error:
            return problem(400, str(error))
        place, cookie = visit.place(self._known.portals()), self._known.jar.read(visit)
        check = self._known.keeper.keep_alive(cookie, place, cause, idle_for)
        if isinstance(check, Active):
            return json_answer(_answered(check, cookie, visit) | self._about(check, place))
        report_replay(self._known, visit, check)
        return problem(401, "There is no session to keep alive.", **_answered(check, cookie, visit))

    def _about(self, check: Check, place: WebPlace) -> dict[str, Any]:
        if not isinstance(check, Active):
            return {}
        return durations(check.verdict) | self._tags(check.record, place) | look_of(place.portal)

    def _tags(self, record: SessionRecord, place: WebPlace) -> dict[str, Any]:
        """Let tabs tell another session and another person apart. Keyed per portal: two cannot match people."""
        return {
            "session": self._tag(place, record.ref.session_id),
            "account": self._tag(place, record.account_id),
            "seq": record.seq,
        }

    def _tag(self, place: WebPlace, value: str) -> str:
        told = f"{place.slug}:{value}".encode()
        return hashlib.blake2b(told, key=self._known.tag_key(), digest_size=TAG_BYTES, person=b"dvauth.tag").hexdigest()


def _answered(check: Check, cookie: str | None, visit: Visit) -> dict[str, Any]:
    """Whoever shows a cookie had a session, even if nothing is known of it any more: an open page is not anonymous.

    Across sites browsers withhold the cookie, and only they know where a site ends: public suffixes such as gov.vn.
    """
    if not isinstance(check, Anonymous):
        return {"state": check.state, "reason": check.reason if isinstance(check, Ended) else None}
    if cookie:
        return {"state": State.ENDED, "reason": None}
    is_elsewhere = visit.header("Sec-Fetch-Site") == "cross-site"
    return {"state": State.ANONYMOUS, "reason": "cross-site" if is_elsewhere else None}


def _cors(visit: Visit, place: WebPlace) -> Headers:
    """The exact origin of a registered portal, with credentials."""
    if visit.origin is None or place.portal is None or place.own_host:
        return ()
    return (
        ("Access-Control-Allow-Origin", visit.origin),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Expose-Headers", "Retry-After"),
    )


def _parsed(text: bytes) -> tuple[Cause, timedelta]:
    """The cause, and how long ago the last input was. Raises ``ValueError`` with a sentence."""
    body = _json(text)
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


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def look_of(portal: Portal | None) -> dict[str, Any]:
    """What the portal changes about the prompt; most change nothing, and it costs them nothing."""
    look = portal.look.to_document() if portal else {}
    return {"prompt": look} if look else {}


def durations(verdict: Verdict) -> dict[str, Any]:
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
