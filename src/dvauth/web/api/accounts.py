"""Accounts, by programs."""

from typing import Any

from marshmallow import Schema, fields, validate

from dvauth.accounts.search import Wanted
from dvauth.administration.accounts import document
from dvauth.api_tokens.token import Scope
from dvauth.web.api.fields import Paged, Text
from dvauth.web.api.noun import Noun
from dvauth.web.services import services

accounts = Noun("accounts", "Who may log in.")


class Account(Schema):
    id = fields.String(required=True)
    username = fields.String(required=True)
    name = fields.String(required=True, metadata={"description": "The name that people read."})
    roles = fields.List(fields.String(), required=True)
    enabled = fields.Boolean(required=True)
    has_password = fields.Boolean(required=True)
    created_at = fields.AwareDateTime(required=True)
    last_login_at = fields.AwareDateTime(required=True, allow_none=True)


class Accounts(Schema):
    accounts = fields.List(fields.Nested(Account), required=True)
    next = fields.String(required=True, allow_none=True)


class Search(Paged):
    text = Text(load_default="", metadata={"description": "A part of the username or the name, accents or not."})
    role = Text(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf(["enabled", "disabled"]))


@accounts.operation("GET", "", Scope.ACCOUNTS_READ, query=Search, answers={200: Accounts})
def search(query: dict[str, Any]) -> dict[str, Any]:
    """Find accounts, by username."""
    wanted = Wanted(
        text=query["text"],
        role=query["role"],
        enabled=None if query["state"] is None else query["state"] == "enabled",
        after=query["cursor"],
    )
    page = services().administration.accounts.page(wanted, query["most"])
    return {
        "accounts": [document(each) for each in page.accounts],
        "next": page.accounts[-1].username if page.has_more else None,
    }
