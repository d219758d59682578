"""Proves that a form was made by this portal, for one account in one browser.

Not for one session: a form outlives the login it was opened in, and is saved after the next one of the same person.
"""

import secrets

from flask import Flask, Response, g, request
from itsdangerous import BadSignature

from dvauth.demo.site import site

FIELD = "csrf_token"


def init_app(app: Flask) -> None:
    app.after_request(_mark_browser)


def form_token(account: str) -> str:
    return str(site().signer.dumps(account, salt=_browser()))


def form_account() -> str | None:
    """Whose form was sent; ``None`` if this portal did not make it for this browser, or another site sent it."""
    if request.headers.get("Origin") != site().origin:
        return None
    try:
        return str(site().signer.loads(request.form.get(FIELD, ""), salt=_browser()))
    except BadSignature:
        return None


def _browser() -> str:
    if "browser" not in g:
        g.browser = request.cookies.get(_cookie_name()) or secrets.token_urlsafe(16)
    browser: str = g.browser
    return browser


def _mark_browser(response: Response) -> Response:
    name = _cookie_name()
    if "browser" in g and g.browser != request.cookies.get(name):
        response.set_cookie(name, g.browser, secure=site().is_secure, httponly=True, samesite="Lax")
    return response


def _cookie_name() -> str:
    return "__Host-portal-form" if site().is_secure else "portal-form"
