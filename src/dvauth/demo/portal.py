"""A province's news portal: everybody reads, editors write. Whoever may not is refused here, on the server.

``/dvauth/`` on this host leads to dvauth, so that the portal gets a cookie of its own by the ``enter`` handshake.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response
from flask_bootstrap import Bootstrap5
from itsdangerous import URLSafeSerializer
from werkzeug.middleware.http_proxy import ProxyMiddleware

from dvauth.demo import editor, errors, form_token, pages, second_window
from dvauth.demo.articles import Articles
from dvauth.demo.gate import Gate
from dvauth.demo.people import People
from dvauth.demo.site import NAME, SECTIONS, Site, reader, reader_name, site, this_page
from dvauth.web import i18n

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LONGEST_REQUEST = 1024 * 1024  # bytes; far above the longest article


def create_portal(*, origin: str, auth_url: str, verify_url: str, data_dir: Path, secret_key: str) -> Flask:
    app = Flask("dvauth", static_folder="static/demo", static_url_path="/static")
    app.config.update(BOOTSTRAP_SERVE_LOCAL=True, MAX_CONTENT_LENGTH=LONGEST_REQUEST, MAX_FORM_MEMORY_SIZE=None)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.extensions["site"] = Site(
        origin=origin,
        auth_url=auth_url,
        articles=Articles(data_dir / "articles.sqlite"),
        people=People.in_folder(data_dir),
        gate=Gate(verify_url, origin),
        signer=URLSafeSerializer(secret_key, salt="form"),
    )
    Bootstrap5(app)
    i18n.init_app(app, default="vi", cookie="__Host-portal-lang")
    form_token.init_app(app)
    app.register_blueprint(pages.blueprint)
    second_window.init_app(app)
    app.register_blueprint(editor.blueprint)
    app.context_processor(_every_page)
    app.after_request(_secure)
    errors.init_app(app)
    app.wsgi_app = _with_dvauth(app.wsgi_app, origin, verify_url)  # type: ignore[method-assign, assignment]
    return app


def _every_page() -> dict[str, Any]:
    return {
        "site_name": NAME,
        "sections": SECTIONS,
        "embed_url": f"{site().auth_url}/embed.js",
        "reader": reader(),
        "reader_name": reader_name(),
        "account_url": f"{site().auth_url}/account/",
        "today": datetime.now(UTC),
        "login_url": site().login_url(this_page()),
    }


def _secure(response: Response) -> Response:
    """The strict policy that dvauth's script is made for: nothing inline, nothing from anywhere else."""
    auth_url = site().auth_url
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {auth_url}; connect-src 'self' {auth_url}; style-src 'self'; "
        "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "require-trusted-types-for 'script'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    if response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
    return response


def _with_dvauth(pages: "WSGIApplication", origin: str, verify_url: str) -> "WSGIApplication":
    """Serve dvauth under ``/dvauth/``, saying for whom: what a browser made up of what only a proxy says is dropped."""
    proxied = ProxyMiddleware(pages, {"/dvauth/": {"target": verify_url, "remove_prefix": True}})
    public = urlsplit(origin)

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        for name in [name for name in environ if name.startswith(("HTTP_X_FORWARDED_", "HTTP_X_ORIGINAL_"))]:
            del environ[name]
        environ["HTTP_X_FORWARDED_FOR"] = environ["REMOTE_ADDR"]
        environ["HTTP_X_FORWARDED_HOST"] = public.netloc
        environ["HTTP_X_FORWARDED_PROTO"] = public.scheme
        environ["HTTP_X_FORWARDED_PREFIX"] = "/dvauth"
        answer = Response.from_app(proxied, environ)
        is_unreachable = answer.status_code == HTTPStatus.BAD_GATEWAY  # dvauth itself never says so
        return (pages if is_unreachable else answer)(environ, start_response)

    return application
