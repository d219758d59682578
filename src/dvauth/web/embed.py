"""The script that portals include: the same bytes for everybody, with or without a cookie."""

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from dvauth.portals.embed_tag import fingerprint, script

embed = Blueprint("embed", __name__)

FRESH_SECONDS = 300  # how long a portal's visitors may see an older version after an upgrade
YEAR_SECONDS = 31_536_000


@embed.get("/embed.js")
def current() -> Response:
    return _script(f"public, max-age={FRESH_SECONDS}")


@embed.get("/embed.<version>.js")
def frozen(version: str) -> Response:
    """The version of this fingerprint for ever, for tags with ``integrity``."""
    if version != fingerprint():
        abort(404)
    return _script(f"public, max-age={YEAR_SECONDS}, immutable")


def _script(caching: str) -> Response:
    response = Response(script(), content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = caching
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"  # SRI reads the bytes; they are public
    response.set_etag(fingerprint())
    return response.make_conditional(request)
