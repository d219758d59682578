"""A program that administers for Charlie, at the site of ``tests/web``."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from dvauth.administration.actor import Actor
from dvauth.administration.api_tokens import Issued
from dvauth.api_tokens.token import Scope
from dvauth.audit.trail import Wanted

Ask = Callable[..., TestResponse]
Recorded = Callable[[str], list[tuple[str | None, Any]]]


@pytest.fixture
def token(site: Any) -> Issued:
    """One that may do everything."""
    return full_token(site)


@pytest.fixture
def ask(site: Any, token: Issued) -> Ask:
    """``ask("GET", "accounts?most=2")``; a body is what becomes JSON, headers go by their names."""
    return asking(site, token)


@pytest.fixture
def frail_ask(frail_site: Any) -> Ask:
    return asking(frail_site, full_token(frail_site))


def full_token(site: Any) -> Issued:
    desk = site.parts.administration.api_tokens
    issued: Issued = desk.add(Actor("cli"), "charlie", name="a program", scopes=Scope, lasts=timedelta(days=1))
    return issued


def asking(site: Any, token: Issued) -> Ask:
    client = site.app.test_client(use_cookies=False)

    def ask(method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer: TestResponse = client.open(
            f"/api/v1/{path}",
            method=method,
            base_url=site.centre,
            data=None if body is None else json.dumps(body),
            content_type=None if body is None else "application/json",
            headers={"Authorization": f"Bearer {token.text}", **sent},
        )
        assert answer.status_code < 500, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        if answer.status_code >= 400:
            assert answer.content_type == "application/problem+json"
            assert answer.json["status"] == answer.status_code
        return answer

    return ask


@pytest.fixture
def recorded(site: Any, token: Issued) -> Recorded:
    """Of the events of a name, the newest first: whom it is about, and the details. Each was done by the token."""

    def found(event: str) -> list[tuple[str | None, Any]]:
        site.parts.audit.flush()
        rows = site.parts.administration.audit.newest(Wanted(event=event), most=100)
        assert {(row.actor, row.details["token"]) for row in rows} <= {(token.owner.id, token.token.id)}
        return [(row.account, row.details) for row in rows]

    return found
