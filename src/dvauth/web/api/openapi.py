"""The description of the API, ``/api/openapi.json``: made of what the routes themselves declare."""

from typing import Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from flask_smorest import Api

from dvauth.web.api.accounts import accounts
from dvauth.web.api.audit import audit
from dvauth.web.api.fields import Problem
from dvauth.web.api.noun import Noun
from dvauth.web.api.portals import portals
from dvauth.web.api.sessions import sessions
from dvauth.web.api.statistics import statistics
from dvauth.web.api.timeouts import timeouts

PREFIX = "/api/"
NOUNS: tuple[Noun, ...] = (accounts, sessions, portals, timeouts, audit, statistics)


class _Api(Api):
    ERROR_SCHEMA = Problem  # type: ignore[assignment]  # the same
    DEFAULT_RESPONSE_CONTENT_TYPE = "application/problem+json"  # of errors: the others name theirs

    def _register_error_handlers(self) -> None:
        """Ours stand in ``problems``, and in ``app`` for what every door has in common."""


def init_app(app: Flask, *, base_url: str) -> None:
    assert isinstance(app.json, DefaultJSONProvider)
    app.json.ensure_ascii = app.json.sort_keys = False  # names stay readable, and an answer begins with its id
    app.config["OPENAPI_URL_PREFIX"] = PREFIX
    api: Any = _Api(  # type: ignore[no-untyped-call]  # it brings no types
        app,
        spec_kwargs={
            "title": "dvauth",
            "version": "1",
            "openapi_version": "3.1.0",
            "servers": [{"url": base_url}],
        },
    )
    token = {"type": "http", "scheme": "bearer", "description": "A token of `dvauth token add` or of /admin/tokens."}
    api.spec.components.security_scheme("token", token)
    for noun in NOUNS:
        api.register_blueprint(noun.blueprint)
