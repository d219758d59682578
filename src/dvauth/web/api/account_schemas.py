"""What programs send and are told about accounts."""

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from dvauth.accounts.account import Draft
from dvauth.web.api.fields import Paged, Strict, Text, Truth


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


class Invited(Account):
    setup_link = fields.String(
        required=True, metadata={"description": "By it the owner chooses a password, once. It is not told again."}
    )
    setup_link_seconds = fields.Float(required=True, metadata={"description": "How long it works."})


class Unlocked(Schema):
    failures = fields.Integer(required=True, metadata={"description": "How many failed logins are forgotten."})


class Search(Paged):
    text = Text(load_default="", metadata={"description": "A part of the username or the name, accents or not."})
    role = Text()
    state = fields.String(validate=validate.OneOf(["enabled", "disabled"]))


class NewAccount(Strict):
    username = Text(required=True)
    name = Text(metadata={"description": "The name that people read; the username unless given."})
    roles = fields.List(Text(), load_default=list)

    @post_load
    def draft(self, given: dict[str, Any], **_: Any) -> Draft:
        return Draft(given["username"], given.get("name"), tuple(given["roles"]))


class Name(Strict):
    name = Text(required=True)


class Roles(Strict):
    roles = fields.List(Text(), required=True, metadata={"description": "All that the account is to have."})


class Enabled(Strict):
    enabled = Truth(required=True)
