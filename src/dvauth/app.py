"""``create_app``: the web in front of its parts; and the one place where errors become HTTP."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from flask import Flask, current_app, render_template, request
from flask_bootstrap import Bootstrap5
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from dvauth.parts import Parts
from dvauth.web import guards, i18n, identity
from dvauth.web.account import account
from dvauth.web.admin import filters
from dvauth.web.admin.account_import import account_import
from dvauth.web.admin.accounts import accounts
from dvauth.web.admin.audit import audit
from dvauth.web.admin.dashboard import dashboard
from dvauth.web.admin.portals import portals
from dvauth.web.admin.prompt_preview import prompt_preview
from dvauth.web.admin.sessions import sessions
from dvauth.web.admin.timeouts import timeouts
from dvauth.web.admin.tokens import tokens
from dvauth.web.answers import Failure, failure_of, problem
from dvauth.web.api import openapi
from dvauth.web.confirm import confirm
from dvauth.web.cookies import CookieJar
from dvauth.web.embed import embed
from dvauth.web.enter import MOUNT, enter
from dvauth.web.front import Front
from dvauth.web.health import health
from dvauth.web.login import login
from dvauth.web.services import WebServices, services
from dvauth.web.session_api import SessionApi
from dvauth.web.setup import setup
from dvauth.web.verify import Verify
from dvauth.web.visit import Entrance

LARGEST_BODY = 16 * 1024  # bytes; no form here needs more, and a server thread reads what is sent
ERROR_PAGES = {400, 403, 404, 405, 413, 421, 429, 500, 503}


def create_app(parts: Parts) -> Flask:
    """The WSGI application. ``parts`` must be started before it serves."""
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_BODY, MAX_FORM_MEMORY_SIZE=LARGEST_BODY, BOOTSTRAP_SERVE_LOCAL=True)
    # Otherwise Werkzeug redirects to what the Host header says, by http.
    app.url_map.strict_slashes = app.url_map.merge_slashes = False
    app.jinja_env.undefined = StrictUndefined
    known = app.extensions["dvauth"] = _web_services(parts)
    Bootstrap5(app)
    i18n.init_app(app, default=parts.settings.default_locale, cookie=known.jar.name("language"))
    identity.init_app(app)
    guards.init_app(app)
    filters.init_app(app)
    for blueprint in (
        login,
        account,
        confirm,
        setup,
        enter,
        embed,
        health,
        dashboard,
        timeouts,
        sessions,
        accounts,
        account_import,
        portals,
        audit,
        tokens,
        prompt_preview,
    ):
        app.register_blueprint(blueprint)
    openapi.init_app(app, base_url=parts.settings.base_url)
    app.context_processor(_page_context)
    _register_errors(app)
    routes = {**SessionApi(known).routes, **Verify(known).routes}
    app.wsgi_app = Front(app.wsgi_app, routes, known.entrance)  # type: ignore[method-assign]  # as Flask documents
    return app


def _web_services(parts: Parts) -> WebServices:
    settings = parts.settings
    return WebServices(
        settings=settings,
        keeper=parts.keeper,
        prompts=parts.prompts,
        signer=parts.signer,
        tickets=parts.tickets,
        accounts=parts.accounts,
        authenticator=parts.authenticator,
        administration=parts.administration,
        setup_links=parts.setup_links,
        audit=parts.audit,
        database=parts.database,
        jar=CookieJar.from_settings(settings),
        entrance=Entrance(settings.trusted_proxies, settings.base_url),
        portals=parts.portal_directory,
        last_portals=parts.last_portal_directory,
        policies=parts.policies,
        tag_key=parts.tag_key,
        log_out_later=parts.standing_ends.log_out_later,
    )


def _page_context() -> dict[str, Any]:
    settings = services().settings
    return {
        "site_name": settings.site_name,
        "contact": settings.contact,
        "home_url": f"{settings.base_url}/account/",
        "mount": "" if identity.current_visit().is_central else MOUNT,
    }


def _register_errors(app: Flask) -> None:
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Exception, _failed)


def _refused(error: HTTPException) -> Response:
    if error.response is not None or error.code is None:
        return error.get_response()
    detail = error.description or HTTPStatus(error.code).phrase
    response = _page(error, error.code) if _wants_page() else problem(error.code, detail).to_response()
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _failed(error: Exception) -> Response:
    failure = failure_of(error)
    if not _wants_page():
        return failure.to_answer().to_response()
    response = _page(error, failure.status, failure)
    if failure.retry_after:
        response.headers["Retry-After"] = str(failure.retry_after)
    return response


def _wants_page() -> bool:
    if request.blueprint == "health" or request.path.startswith(openapi.PREFIX):
        return False
    navigates = request.headers.get("Sec-Fetch-Mode") == "navigate"
    return navigates or request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def _page(error: Exception, status: int, failure: Failure | None = None) -> Response:
    identity.page_is_about_an_error()
    name = "stale_form" if isinstance(error, guards.StaleForm) else str(status if status in ERROR_PAGES else 400)
    page = render_template(
        f"errors/{name}.html",
        base_url=services().settings.base_url,
        correlation_id=failure and failure.number,
        retry_after=timedelta(seconds=failure.retry_after or 0) if failure else None,
    )
    return current_app.make_response((page, status))
