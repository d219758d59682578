"""What holds for every request: forged forms are refused, portals' hosts see little, answers carry their headers."""

import hashlib
import hmac
import secrets

from flask import Flask, abort, g, redirect, request
from markupsafe import Markup
from werkzeug.exceptions import Forbidden, HTTPException
from werkzeug.wrappers import Response

from dvauth.audit.events import Event
from dvauth.origins import origin_of
from dvauth.storage.redis import StoreUnavailable
from dvauth.web.answers import CHALLENGE
from dvauth.web.headers import ALWAYS, AT_CENTRE, NEVER_STORED, WITHOUT_PAGE
from dvauth.web.identity import current_visit
from dvauth.web.services import services
from dvauth.web.visit import PLAIN_HTTP

SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
ON_PORTAL_HOSTS = {
    "embed.current",
    "embed.frozen",
    "enter.handshake",
    "login.confirm_logout",
    "login.log_out",
    "static",
    "bootstrap.static",
}
ASKED_FROM_INSIDE = {"health.live", "health.ready"}  # by proxies, on the inner network
ON_ANY_HOST = {*ASKED_FROM_INSIDE, "static", "bootstrap.static"}  # the page that says what is wrong has a style
OF_ADMINISTRATION = {
    "timeouts",
    "sessions",
    "accounts",
    "account_import",
    "portals",
    "prompt_preview",
    "audit",
    "dashboard",
    "tokens",
}
PAGES = {"login", "account", "confirm", "setup", "enter"} | OF_ADMINISTRATION
WITHOUT_EFFECT = {"prompt_preview.keep_alive"}  # a forged one would change nothing
OF_PROGRAMS = "api_"  # so begin their endpoints: no cookie opens them, so no page can forge what they are asked
FORM_COOKIE = "form"
FORM_FIELD = "csrf_token"
CACHEABLE = {"embed.current", "embed.frozen", "static", "bootstrap.static"}


class Misdirected(HTTPException):
    """Asked at an address that is not ours."""

    code = 421


class StaleForm(Forbidden):
    """A form without the token of this session: forged, or from before the person logged in or out."""


def init_app(app: Flask) -> None:
    app.before_request(refuse_plain_http)
    app.before_request(refuse_unmeasured_bodies)
    app.before_request(refuse_other_hosts)
    app.before_request(refuse_forged_forms)
    app.before_request(refuse_nul)
    app.after_request(set_form_cookie)
    app.after_request(set_headers)
    app.context_processor(lambda: {"csrf_field": csrf_field, "csp_nonce": csp_nonce})


def refuse_plain_http() -> Response | None:
    """Where people come by https, pages lead there and everything else is refused (NIST SP 800-63B-4, SB-9)."""
    if current_visit().is_safe or request.endpoint in ASKED_FROM_INSIDE:
        return None
    if request.method not in {"GET", "HEAD"} or request.blueprint not in PAGES:
        abort(403, PLAIN_HTTP)
    return redirect(services().settings.base_url + request.full_path.rstrip("?"), 308)


def refuse_unmeasured_bodies() -> None:
    """A chunked body would be cut off at the largest size in silence, and taken for whole."""
    if "Transfer-Encoding" in request.headers:
        abort(411)


def refuse_other_hosts() -> None:
    """On a portal's host only a few routes answer: a hole in the portal must not reach login, account or admin.

    On a host that is nobody's nothing does: it may be a portal's, whose proxy forgot to say so.
    """
    visit = current_visit()
    if misdirection := visit.misdirection(services().last_portals):
        if request.endpoint not in ON_ANY_HOST:
            raise Misdirected(misdirection)
    elif not visit.is_central and request.endpoint not in ON_PORTAL_HOSTS:
        abort(404)


def refuse_forged_forms() -> None:
    """Unsafe methods need our own Origin and the form token of this very session (ASVS 3.5.1, NIST SB-10)."""
    if request.method in SAFE_METHODS or request.endpoint is None or request.endpoint in WITHOUT_EFFECT:
        return
    if request.endpoint.startswith(OF_PROGRAMS):
        return
    token = request.form.get(FORM_FIELD, "")
    if _comes_from_us() and hmac.compare_digest(token.encode(), form_token().encode()):
        return
    address = current_visit().client_address
    services().audit.record(Event.MALICIOUS_CSRF, address=address, resource=request.endpoint)
    raise StaleForm


def refuse_nul() -> None:
    """PostgreSQL takes no text with NUL in it, and no page of ours sends one."""
    sent = (text for _name, text in request.values.items(multi=True))
    if any("\0" in text for text in (request.path, *sent)):
        abort(400, "A text with the character NUL in it cannot be kept.")


def _comes_from_us() -> bool:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return False
    visit = current_visit()
    if visit.is_central:
        return visit.origin == services().settings.base_url
    return visit.origin == f"{visit.scheme}://{visit.host}"


def form_token() -> str:
    """Proves that a form was made for this session, or for this visitor before there is one.

    Bound to the cookie itself: a new secret makes old forms stale, and logout works while Redis is away.
    """
    known = services()
    cookie = known.jar.read(request)
    bound_to = cookie if known.signer.read(cookie) else _visitor_nonce()
    key = known.settings.secret_key[-1].encode()
    return hmac.new(key, f"dvauth.form:{bound_to}".encode(), hashlib.sha256).hexdigest()


def _visitor_nonce() -> str:
    if "visitor_nonce" not in g:
        g.visitor_nonce = services().jar.read(request, FORM_COOKIE)
        g.fresh_visitor_nonce = not g.visitor_nonce
        g.visitor_nonce = g.visitor_nonce or secrets.token_urlsafe(16)
    nonce: str = g.visitor_nonce
    return nonce


def set_form_cookie(response: Response) -> Response:
    if g.get("fresh_visitor_nonce"):
        services().jar.set(response, g.visitor_nonce, FORM_COOKIE)
    return response


def csrf_field() -> str:
    return Markup('<input type="hidden" name="{}" value="{}">').format(FORM_FIELD, form_token())


def csp_nonce() -> str:
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def set_headers(response: Response) -> Response:
    """The headers of ``headers``, unless the view has set one of them itself."""
    headers = response.headers
    for name, value in (*ALWAYS, *(AT_CENTRE if current_visit().is_central else ())):
        headers.setdefault(name, value)
    if response.status_code == 401:
        headers.setdefault("WWW-Authenticate", CHALLENGE)
    if request.endpoint not in CACHEABLE or response.status_code >= 400:
        headers.update(NEVER_STORED)
    if response.mimetype == "text/html":
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Content-Security-Policy"] = page_csp()
    else:
        headers.update(WITHOUT_PAGE)
    return response


def page_csp() -> str:
    return (
        f"default-src 'none'; script-src 'nonce-{csp_nonce()}'; style-src 'self'; img-src 'self' data:; "
        f"font-src 'self'; connect-src 'self'; form-action {_form_targets()}; frame-ancestors 'none'; "
        "base-uri 'none'; object-src 'none'"
    )


def _form_targets() -> str:
    """Chromium applies form-action to redirects too, so a login may lead to the portal that sent the person."""
    if "return_to" not in request.args:
        return "'self'"
    known = services()
    return_to = request.args["return_to"]
    try:
        leads_to_portal = known.portals().for_return_to(return_to) is not None
    except StoreUnavailable:
        leads_to_portal = False
    return f"'self' {origin_of(return_to)}" if leads_to_portal else "'self'"
