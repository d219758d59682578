"""``/enter``: the handshake by which a portal's own host gets a cookie of its own for a session of the centre.

    portal  /dvauth/enter?return_to=…   sets a nonce, goes to
    centre  /enter?flow=…&challenge=…&return_to=…   logs in if need be, issues a ticket, goes to
    portal  /dvauth/enter?ticket=…&flow=…   redeems it with the nonce, sets the cookie, goes to return_to

A ticket works once, for 30 seconds, at that portal, in the browser that holds the nonce (RFC 9700 4.7: no login CSRF).
"""

import re
import secrets
from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response

from dvauth.origins import origin_asked, origin_of
from dvauth.portals.portal import Portal
from dvauth.sessions.check import Active
from dvauth.sessions.cookie import Credential
from dvauth.sessions.record import Place
from dvauth.sessions.tickets import Ticket, challenge
from dvauth.web.identity import current_check, current_place
from dvauth.web.services import services

MOUNT = "/dvauth"
NONCE_SECONDS = 300

enter = Blueprint("enter", __name__)


def enter_url(return_to: str) -> str:
    """Where a portal that maps ``/dvauth/`` to the service begins the handshake for one of its pages."""
    return f"{origin_asked(return_to)}{MOUNT}/enter?{urlencode({'return_to': return_to})}"


@enter.before_request
def only_as_a_page() -> None:
    """A frame, an image or a script of a portal's page has no business here."""
    if request.headers.get("Sec-Fetch-Dest", "document") != "document":
        abort(403)


@enter.after_request
def keep_the_ticket_secret(response: Response) -> Response:
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@enter.get("/enter")
def handshake() -> Response:
    place = current_place()
    if not place.own_host or place.portal is None:
        return _issue()
    return _redeem(place.portal) if "ticket" in request.args else _begin(place.portal)


def _begin(portal: Portal) -> Response:
    known = services()
    return_to = request.args.get("return_to", "")
    if known.portals().for_return_to(return_to) != portal:
        return_to = f"{portal.origins[0]}/"
    flow, nonce = secrets.token_urlsafe(6), secrets.token_urlsafe(32)
    query = {"flow": flow, "challenge": challenge(nonce), "return_to": return_to}
    response = redirect(f"{known.settings.base_url}/enter?{urlencode(query)}", 303)
    known.jar.set(response, nonce, _nonce_of(flow), max_age=NONCE_SECONDS)
    return response


def _issue() -> Response:
    known = services()
    return_to = request.args.get("return_to", "")
    portal = known.portals().for_return_to(return_to)
    expected, flow = request.args.get("challenge", ""), request.args.get("flow", "")
    if portal is None or not portal.mounted or not re.fullmatch(r"[0-9a-f]{64}", expected) or not _is_flow(flow):
        abort(400)
    credential = _credential_for(portal)
    if credential is None:
        return redirect(f"/login?{urlencode({'return_to': return_to})}", 303)
    ticket = Ticket(credential=credential, portal_id=portal.id, challenge=expected, return_to=return_to)
    query = {"ticket": known.tickets.issue(ticket), "flow": flow}
    return redirect(f"{origin_of(return_to)}{MOUNT}/enter?{urlencode(query)}", 303)


def _credential_for(portal: Portal) -> Credential | None:
    """The central cookie's, if its session lives, at this portal too."""
    known = services()
    cookie = known.jar.read(request)
    lives = isinstance(current_check(), Active) and isinstance(known.keeper.check(cookie, Place(portal)), Active)
    return known.signer.read(cookie) if lives else None


def _redeem(portal: Portal) -> Response:
    known = services()
    flow = request.args.get("flow", "")
    nonce = known.jar.read(request, _nonce_of(flow)) if _is_flow(flow) else None
    ticket = known.tickets.redeem(request.args["ticket"], portal, nonce or "")
    cookie = known.keeper.attach(ticket.credential, portal) if ticket else None
    if ticket is None or cookie is None:
        abort(403)
    response = redirect(ticket.return_to, 303)
    known.jar.set(response, cookie)
    known.jar.expire(response, _nonce_of(flow))
    return response


def _nonce_of(flow: str) -> str:
    return f"enter-{flow}"


def _is_flow(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_-]{8}", text) is not None
