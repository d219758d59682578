"""A login beside a form that waits in another window ends at the way back to it, not at a second, empty form.

dvauth's script opens that login by itself. Where the portal sends somebody to log in, it remembers that in a cookie,
and whoever comes back finds what they asked for.
"""

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as Redirect

from dvauth.demo.site import site, this_page

COOKIE = "portal-sent"
SECONDS = 600


def init_app(app: Flask) -> None:
    app.after_request(_forget)


def send_to_login() -> Redirect:
    """To the login, and back in the same window."""
    response = redirect(site().login_url(this_page()))
    response.set_cookie(COOKIE, this_page(), SECONDS, secure=site().is_secure, httponly=True, samesite="Lax")
    return response


def is_second_window() -> bool:
    return _comes_from_the_login() and request.cookies.get(COOKIE) != this_page()


def _comes_from_the_login() -> bool:
    """The way from dvauth's host to here names no page that it came from."""
    return request.headers.get("Sec-Fetch-Site") in {"same-site", "cross-site"} and "Referer" not in request.headers


def _forget(response: Response) -> Response:
    if COOKIE in request.cookies and response.status_code == 200:
        response.delete_cookie(COOKIE, secure=site().is_secure, httponly=True, samesite="Lax")
    return response
