"""``/health``: liveness touches nothing; readiness asks Redis and SQL."""

from flask import Blueprint, Response

from dvauth.storage.redis import StoreUnavailable
from dvauth.web.answers import problem
from dvauth.web.services import services

health = Blueprint("health", __name__, url_prefix="/health")


@health.get("/live")
def live() -> Response:
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@health.get("/ready")
def ready() -> Response:
    """200 when people can log in; 503 names what is missing."""
    known = services()
    missing = []
    try:
        known.policies()
    except StoreUnavailable:
        missing.append("redis")
    if not known.database.is_ready():
        missing.append("sql")
    if missing:
        return problem(503, f"Not ready: {' and '.join(missing)}.", missing=missing).to_response()
    return Response("ok\n", content_type="text/plain; charset=utf-8")
