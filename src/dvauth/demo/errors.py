"""What the portal says to a request that leads nowhere."""

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from dvauth.demo.site import message
from dvauth.web.i18n import lazy_gettext as _

TEXTS = {
    400: (
        _("We could not read that request"),
        _("The address or the data sent is not complete. Go back, check it and try again."),
    ),
    404: (
        _("Page not found"),
        _("The article may have been moved. Look for it on the front page."),
    ),
    405: (
        _("That does not work this way"),
        _("This address only takes data from its own form. Start from the page before it."),
    ),
    413: (
        _("That is too much at once"),
        _("What was sent is larger than we accept. Shorten it and try again."),
    ),
    500: (
        _("Something went wrong on our side"),
        _("It is not your fault, and you have not been logged out. Please try again later."),
    ),
}


RETRY_SOON = {"Retry-After": "5"}  # seconds
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def init_app(app: Flask) -> None:
    """``/dvauth/`` comes here only when dvauth itself cannot be reached."""
    app.add_url_rule("/dvauth/<path:_>", view_func=lambda _: unavailable(), methods=METHODS)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Exception, _failed)


def unavailable() -> ResponseReturnValue:
    text = _("You have not been logged out. Please try again in a moment.")
    return message(_("The login service does not answer just now"), text), 503, RETRY_SOON


def _refused(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 400
    headers = [header for header in error.get_headers() if header[0] == "Allow"]
    title, text = TEXTS.get(status, TEXTS[400])
    return message(title, text), status, headers


def _failed(error: Exception) -> ResponseReturnValue:
    current_app.logger.error("%s %s failed", request.method, request.path, exc_info=error)
    g.reader = None  # who reads may be what could not be found out
    title, text = TEXTS[500]
    return message(title, text), 500
