"""What programs are told of mistakes: the one place where each of them gets its status."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, UnprocessableEntity

from dvauth.accounts.errors import NoSuchAccount, UsernameTaken
from dvauth.administration.accounts import OfAdministrators
from dvauth.administration.api_tokens import TokenRefused
from dvauth.administration.portals import ChosenOnce
from dvauth.administration.sessions import NoSuchSession
from dvauth.explained import Explained
from dvauth.policies.book import ChangedSince, NothingToTakeBack, ReasonMissing
from dvauth.portals.errors import HostTaken, NoSuchPortal, SlugTaken
from dvauth.timeouts.policy import FIELDS, Mistake, PolicyError
from dvauth.web.answers import problem
from dvauth.web.api.entrance import ScopeMissing, TokenMissing


class WrongCursor(Explained):
    sentence = "“{cursor}” is no cursor: take “next” of the page before, as it was told."


class VersionMissing(Exception):
    """A change must say which timeouts it has seen."""


STATUS: Mapping[type[Explained], int] = {
    OfAdministrators: 403,
    NoSuchAccount: 404,
    NoSuchPortal: 404,
    NoSuchSession: 404,
    UsernameTaken: 409,
    SlugTaken: 409,
    HostTaken: 409,
    ChosenOnce: 409,
    NothingToTakeBack: 409,
    ChangedSince: 412,
    Explained: 422,  # any other
}
LEVELS = {"_schema", "key", "value"}  # marshmallow's own, where nobody has sent anything of that name
LONGEST_VALUE = 80  # signs of a wrong value that are told
REALM = 'Bearer realm="dvauth"'  # RFC 6750, 3


def init_blueprint(blueprint: Blueprint) -> None:
    blueprint.register_error_handler(TokenMissing, _token_missing)
    blueprint.register_error_handler(TokenRefused, _token_refused)
    blueprint.register_error_handler(ScopeMissing, _scope_missing)
    blueprint.register_error_handler(Explained, _explained)
    blueprint.register_error_handler(PolicyError, _policy_error)
    blueprint.register_error_handler(ReasonMissing, _reason_missing)
    blueprint.register_error_handler(VersionMissing, _version_missing)
    blueprint.register_error_handler(UnprocessableEntity, _unfit)
    blueprint.register_error_handler(BadRequest, _unreadable)


def _token_missing(_error: TokenMissing) -> Response:
    return _challenge(401, "Show a token: Authorization: Bearer dvauth_…", REALM)


def _token_refused(_error: TokenRefused) -> Response:
    detail = "The token is unknown, has ended, or acts for nobody any more."
    return _challenge(401, detail, f'{REALM}, error="invalid_token"')


def _scope_missing(error: ScopeMissing) -> Response:
    detail = f"The token has not the scope {error.scope}."
    return _challenge(403, detail, f'{REALM}, error="insufficient_scope", scope="{error.scope}"', scope=error.scope)


def _challenge(status: int, detail: str, challenge: str, **members: Any) -> Response:
    response = problem(status, detail, **members).to_response()
    response.headers["WWW-Authenticate"] = challenge
    return response


def _explained(error: Explained) -> Response:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    return problem(status, str(error)).to_response()


def _policy_error(error: PolicyError) -> Response:
    errors = [
        {"field": _whose_field(mistake), "detail": mistake.explain(str, as_written)} for mistake in error.mistakes
    ]
    return problem(422, " ".join(each["detail"] for each in errors), errors=errors).to_response()


def _reason_missing(error: ReasonMissing) -> Response:
    looser = ", ".join(
        f"{as_written(each.field)} at most {as_written(each.bound)}, {each.source}"
        for each in error.deviations
        if each.bound is not None
    )
    detail = f"This is looser than the assurance level says ({looser}): say why in “reason”."
    return problem(422, detail, errors=[{"field": "reason", "detail": "It is missing."}]).to_response()


def _version_missing(_error: VersionMissing) -> Response:
    detail = "Send If-Match with the ETag of GET /api/v1/timeouts: others may have changed them since."
    return problem(428, detail).to_response()


def _unfit(error: UnprocessableEntity) -> Response:
    """What the schema of a body or a query refuses, field by field."""
    data: Mapping[str, Any] = getattr(error, "data", {})
    errors = [
        {"field": ".".join(path), "detail": _sentence(place, path, message)}
        for place, found in data.get("messages", {}).items()
        for path, message in _mistakes(found)
    ]
    return problem(422, " ".join(each["detail"] for each in errors), errors=errors).to_response()


def _unreadable(error: BadRequest) -> Response:
    return problem(400, error.description or "").to_response()


def _mistakes(found: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(found, Mapping):
        for name, inner in found.items():
            yield from _mistakes(inner, path if name in LEVELS else (*path, str(name)))
    else:
        for message in found:
            yield path, str(message)


def _sentence(place: str, path: tuple[str, ...], message: str) -> str:
    """``"most" is "many": Not a valid integer.``"""
    if not path:
        return message
    value = _value(request.args if place == "query" else request.get_json(silent=True), path)
    told = "" if value is None else f" is {json.dumps(value, ensure_ascii=False)[:LONGEST_VALUE]}"
    return f'"{".".join(path)}"{told}: {message}'


def _value(document: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if isinstance(document, Mapping):
            document = document.get(name)
        elif isinstance(document, list) and name.isdecimal() and int(name) < len(document):
            document = document[int(name)]
        else:
            return None
    return document


def _whose_field(mistake: Mistake) -> str:
    """``roles.editor.idle_timeout_seconds``, as the body has it."""
    kind, _colon, name = mistake.whose.partition(":")
    field = as_written(mistake.values["field"])
    return f"{kind}s.{name}.{field}" if name else field if field == "reason" else f"{kind}.{field}"


def as_written(value: Any) -> str:
    """As programs write it: durations in seconds, and the names of their fields."""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}"
    return f"{value}_seconds" if value in FIELDS and value != "max_sessions" else str(value)
