"""Which program asks, and what its token lets it do. The token comes in the Authorization header and nowhere else."""

from collections.abc import Callable
from typing import Any, cast

from flask import abort, g, request
from werkzeug.exceptions import BadRequest

from dvauth.administration.actor import Actor
from dvauth.administration.api_tokens import Admitted
from dvauth.api_tokens.token import Scope
from dvauth.audit.events import Event
from dvauth.storage.redis import StoreUnavailable
from dvauth.web.identity import current_visit
from dvauth.web.services import services


class TokenMissing(Exception):
    """Nobody has shown any."""


class ScopeMissing(Exception):
    """The token is good, and not for this."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        super().__init__(scope)


def admit(scope: Scope) -> None:
    """Raises ``TokenMissing``, ``TokenRefused``, ``ScopeMissing``."""
    scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise TokenMissing
    visit = current_visit()
    g.admitted = admitted = services().administration.api_tokens.admit(text, visit.client_address)
    if scope not in admitted.scopes:
        who = {"account": admitted.actor.name, "address": admitted.actor.address, "token": admitted.actor.token}
        services().audit.record(Event.AUTHZ_FAIL, **who, resource=request.path, scope=scope)
        raise ScopeMissing(scope)


def current_actor() -> Actor:
    return cast("Admitted", g.admitted).actor


def require_json() -> None:
    """A body that is to be read is one JSON text, and is said to be."""
    if not request.is_json:
        abort(415, "Send the body as application/json.")
    try:
        request.get_json()
    except (BadRequest, RecursionError):
        abort(400, "The body is no JSON, or is nested too deeply.")


Saved = tuple[dict[str, Any], int]  # what is so now, and the status


def saved(act: Callable[[], object]) -> int:
    """The status of an act that is kept in SQL: 200, or 202 where Redis hears of it once it is back."""
    try:
        act()
    except StoreUnavailable:
        return 202
    return 200
