"""``create_app``: the web in front of its parts; and the one place where errors become HTTP."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, g, render_template, request
from flask_bootstrap import Bootstrap5
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from dvauth.accounts.errors import HashingBusy, TooManyAttempts
from dvauth.parts import Parts
from dvauth.sessions.check import Contention
from dvauth.storage.redis import StoreUnavailable
from dvauth.storage.sql import DatabaseUnavailable
from dvauth.web import guards, i18n, identity
from dvauth.web.account import account
from dvauth.web.cookies import CookieJar
from dvauth.web.embed import embed
from dvauth.web.enter import MOUNT, enter
from dvauth.web.health import health
from dvauth.web.login import login
from dvauth.web.problems import problem
from dvauth.web.services import WebServices
from dvauth.web.session_api import session_api
from dvauth.web.setup import setup
from dvauth.web.verify import verify
from dvauth.web.visitor import Proxies

LARGEST_BODY = 16 * 1024  # bytes; no form here needs more, and a server thread reads what is sent
FOR_PROGRAMS = {"session_api", "verify", "health"}
RETRY_SECONDS = 5
ERROR_PAGES = {400, 403, 404, 405, 413, 429, 500, 503}


class Service(Flask):
    """Flask, without what it does for every request and nobody here needs."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view and no hook of ours is asynchronous; Flask would look at each of them for each request."""
        return func


def create_app(parts: Parts) -> Flask:
    """The WSGI application. ``parts`` must be started before it serves."""
    app = Service(__name__)
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_BODY, MAX_FORM_MEMORY_SIZE=LARGEST_BODY, BOOTSTRAP_SERVE_LOCAL=True)
    # Otherwise Werkzeug redirects to what the Host header says, by http.
    app.url_map.strict_slashes = app.url_map.merge_slashes = False
    app.jinja_env.undefined = StrictUndefined
    known = app.extensions["dvauth"] = _web_services(parts)
    Bootstrap5(app)
    i18n.init_app(app, default=parts.settings.default_locale, cookie=known.jar.name("language"))
    identity.init_app(app)
    guards.init_app(app)
    for blueprint in (login, account, setup, session_api, enter, verify, embed, health):
        app.register_blueprint(blueprint)
    app.context_processor(_page_context)
    _register_errors(app)
    return app


def _web_services(parts: Parts) -> WebServices:
    settings = parts.settings
    return WebServices(
        settings=settings,
        keeper=parts.keeper,
        signer=parts.signer,
        tickets=parts.tickets,
        accounts=parts.accounts,
        authenticator=parts.authenticator,
        setup_links=parts.setup_links,
        audit=parts.audit,
        database=parts.database,
        jar=CookieJar.from_settings(settings),
        proxies=Proxies(settings.trusted_proxies, urlsplit(settings.base_url).netloc),
        portals=parts.portal_directory,
        policies=parts.policies,
        log_out_later=parts.log_out_later,
    )


def _page_context() -> dict[str, Any]:
    known: WebServices = current_app.extensions["dvauth"]
    return {
        "site_name": known.settings.site_name,
        "home_url": f"{known.settings.base_url}/account/",
        "mount": "" if known.proxies.is_central(request) else MOUNT,
    }


def _register_errors(app: Flask) -> None:
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(StoreUnavailable, _store_unavailable)
    app.register_error_handler(DatabaseUnavailable, lambda _: _failed(503, "The database does not answer."))
    app.register_error_handler(Contention, lambda _: _failed(503, "This session is changing; ask again."))
    app.register_error_handler(TooManyAttempts, lambda error: _failed(429, "Too many attempts.", error.retry_after))
    app.register_error_handler(HashingBusy, lambda error: _failed(503, "Too many logins at once.", error.retry_after))
    app.register_error_handler(Exception, _unexpected)


def _refused(error: HTTPException) -> Response:
    if error.response is not None or error.code is None:
        return error.get_response()
    response = _failed(error.code, error.description or HTTPStatus(error.code).phrase, template=_template_of(error))
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _template_of(error: HTTPException) -> str:
    return "stale_form" if isinstance(error, guards.StaleForm) else str(error.code)


def _store_unavailable(_error: StoreUnavailable) -> Response:
    """Nobody is judged, so nobody is logged out: the page shows no one, and no cookie is touched."""
    return _failed(
        503, "The session store does not answer; nobody is logged out by that.", StoreUnavailable.retry_after
    )


def _unexpected(error: Exception) -> Response:
    """The stack goes to the log, a number to the person."""
    g.correlation_id = secrets.token_hex(8)
    current_app.logger.error("unexpected error %s", g.correlation_id, exc_info=error)
    return _failed(500, f"Something went wrong here; it is logged under {g.correlation_id}.")


def _failed(status: int, detail: str, retry_after: int | None = None, *, template: str | None = None) -> Response:
    if request.blueprint == "verify":
        status = 403  # all that a proxy understands as a refusal
    if request.blueprint in FOR_PROGRAMS or not _wants_page():
        response: Response = problem(status, detail)
    else:
        response = _page(status, retry_after, template or str(status))
    if status in {429, 503}:
        response.headers["Retry-After"] = str(retry_after or RETRY_SECONDS)
    return response


def _wants_page() -> bool:
    navigates = request.headers.get("Sec-Fetch-Mode") == "navigate"
    return navigates or request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def _page(status: int, retry_after: int | None, template: str) -> Response:
    identity.page_is_about_an_error()
    name = template if template == "stale_form" or status in ERROR_PAGES else "400"
    page = render_template(
        f"errors/{name}.html",
        correlation_id=g.get("correlation_id"),
        retry_after=timedelta(seconds=retry_after or RETRY_SECONDS),
    )
    return current_app.make_response((page, status))
