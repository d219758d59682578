"""What holds for every request: forged forms are refused, portals' hosts see little, answers carry their headers."""

import hashlib
import hmac
import secrets

from flask import Flask, abort, g, redirect, request
from markupsafe import Markup
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from dvauth.audit.events import Event
from dvauth.origins import origin_of
from dvauth.storage.redis import StoreUnavailable
from dvauth.web.problems import problem
from dvauth.web.services import services

SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
OWN_DEFENCE = {
    "session_api.keep_alive",  # JSON only, so that a preflight applies
    "verify.verify_request",  # changes nothing by these methods: it refuses them
}
ON_PORTAL_HOSTS = {
    "embed.current",
    "embed.frozen",
    "session_api.status",
    "session_api.preflight",
    "session_api.keep_alive",
    "enter.handshake",
    "login.confirm_logout",
    "login.log_out",
    "static",
    "bootstrap.static",
    "verify.verify_request",
}
ASKED_FROM_INSIDE = {"health.live", "health.ready", "verify.verify_request"}  # by proxies, on the inner network
PAGES = {"login", "account", "setup", "enter"}
FORM_COOKIE = "form"
FORM_FIELD = "csrf_token"
UNLESS_SET = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=31536000; includeSubDomains"
CACHEABLE = {"embed.current", "embed.frozen", "static", "bootstrap.static"}
BARE_CSP = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"


class StaleForm(Forbidden):
    """A form without the token of this session: forged, or from before the person logged in or out."""


def init_app(app: Flask) -> None:
    app.before_request(refuse_plain_http)
    app.before_request(refuse_unmeasured_bodies)
    app.before_request(refuse_other_hosts)
    app.before_request(refuse_forged_forms)
    app.after_request(set_form_cookie)
    app.after_request(set_headers)
    app.context_processor(lambda: {"csrf_field": csrf_field, "csp_nonce": csp_nonce})


def refuse_plain_http() -> Response | None:
    """Where people come by https, pages lead there and everything else is refused (NIST SP 800-63B-4, SB-9)."""
    known = services()
    if known.settings.base_url.startswith("http:") or known.proxies.scheme(request) == "https":
        return None
    if request.endpoint in ASKED_FROM_INSIDE:
        return None
    if request.method not in {"GET", "HEAD"} or request.blueprint not in PAGES:
        abort(403, "This service is reached by https only.")
    return redirect(known.settings.base_url + request.full_path.rstrip("?"), 308)


def refuse_unmeasured_bodies() -> None:
    """A chunked body would be cut off at the largest size in silence, and taken for whole."""
    if "Transfer-Encoding" in request.headers and request.endpoint != "verify.verify_request":
        abort(411)


def refuse_other_hosts() -> None:
    """On a portal's host only a few routes answer: a hole in the portal must not reach login, account or admin.

    On a host that nobody reports nothing does: it may be a portal's, whose proxy forgot to say so.
    """
    proxies = services().proxies
    if proxies.is_central(request):
        return
    if not proxies.reports_host(request):
        if request.endpoint not in ASKED_FROM_INSIDE:
            abort(problem(421, _misdirected(proxies.host(request), proxies.central_host)))
    elif request.endpoint not in ON_PORTAL_HOSTS:
        abort(404)


def _misdirected(asked: str, central: str) -> str:
    return (
        f"{asked} was asked for, but the service is {central} (DVAUTH_BASE_URL). The proxy of a portal must send "
        "X-Forwarded-Host, and its address must be in DVAUTH_TRUSTED_PROXIES."
    )


def refuse_forged_forms() -> None:
    """Unsafe methods need our own Origin and the form token of this very session (ASVS 3.5.1, NIST SB-10)."""
    if request.method in SAFE_METHODS or request.endpoint in OWN_DEFENCE or request.endpoint is None:
        return
    token = request.form.get(FORM_FIELD, "")
    if _comes_from_us() and hmac.compare_digest(token.encode(), form_token().encode()):
        return
    known = services()
    known.audit.record(Event.MALICIOUS_CSRF, address=known.proxies.client_address(request), resource=request.endpoint)
    raise StaleForm


def _comes_from_us() -> bool:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return False
    proxies, origin = services().proxies, request.headers.get("Origin", "")
    if proxies.is_central(request):
        return origin == services().settings.base_url
    return origin == f"{proxies.scheme(request)}://{proxies.host(request)}"


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
    headers = response.headers  # add() is used where nobody else sets a header: it does not search for an older one
    present = {name for name, _ in headers}
    for name, value in UNLESS_SET.items():
        if name not in present:
            headers.add(name, value)
    if services().proxies.is_central(request):
        headers.add("Strict-Transport-Security", HSTS)
    if request.endpoint not in CACHEABLE or response.status_code >= 400:
        headers["Cache-Control"] = "no-store"
    if response.mimetype == "text/html":
        headers.add("Cross-Origin-Opener-Policy", "same-origin")
        headers.add("Content-Security-Policy", page_csp())
    else:
        headers.add("Content-Security-Policy", BARE_CSP)
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
