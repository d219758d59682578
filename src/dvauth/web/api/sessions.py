"""Sessions of other people, by programs."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from dvauth.administration.session_index import Position
from dvauth.api_tokens.token import Scope
from dvauth.web.api.entrance import current_actor
from dvauth.web.api.fields import Paged, Strict, Text
from dvauth.web.api.noun import Noun
from dvauth.web.api.problems import WrongCursor
from dvauth.web.services import services

sessions = Noun("sessions", "Who is logged in now.")


class Session(Schema):
    id = fields.String(required=True, metadata={"description": "Its public handle, which opens nothing."})
    account_id = fields.String(required=True)
    username = fields.String(required=True, allow_none=True)
    roles = fields.List(fields.String(), required=True)
    portal = fields.String(
        required=True, allow_none=True, metadata={"description": "The slug of the portal that it began at."}
    )
    address = fields.String(required=True)
    device = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    last_activity_at = fields.AwareDateTime(required=True)


class Sessions(Schema):
    sessions = fields.List(fields.Nested(Session), required=True)
    next = fields.String(required=True, allow_none=True)


class Search(Paged):
    """By one of them, or all there are."""

    account = Text(metadata={"description": "Those of this account (its username)."})
    portal = Text(metadata={"description": "Those that began with a login on this portal (its slug)."})
    address = Text(metadata={"description": "Those from this IP address."})
    device = Text(metadata={"description": "Those on devices or in browsers with this word, such as `firefox`."})

    @validates_schema
    def one_at_most(self, given: dict[str, Any], **_: Any) -> None:
        if len(given.keys() & {"account", "portal", "address", "device"}) > 1:
            raise ValidationError("Give one of account, portal, address, device.")


class Whose(Strict):
    """Exactly one of them: a query that lost its value must not end everybody's."""

    account = Text(metadata={"description": "All of this account (its username)."})
    portal = Text(metadata={"description": "All that began with a login on this portal (its slug)."})
    everybody = fields.String(validate=validate.OneOf(["true"]), metadata={"description": "All there are."})

    @validates_schema
    def exactly_one(self, given: dict[str, Any], **_: Any) -> None:
        if len(given) != 1:
            raise ValidationError("Give one of account, portal, everybody=true.")


class Ended(Schema):
    sessions = fields.Integer(required=True, metadata={"description": "How many it concerns."})
    ended = fields.Boolean(
        required=True, metadata={"description": "False: they are being ended, a million within minutes."}
    )


@sessions.operation("GET", "", Scope.SESSIONS_READ, query=Search, answers={200: Sessions})
def search(query: dict[str, Any]) -> dict[str, Any]:
    """Find live sessions, the youngest first."""
    desk, most, cursor = services().administration.sessions, query.pop("most"), query.pop("cursor", None)
    after = Position.from_text(cursor) if cursor else None
    if cursor and after is None:
        raise WrongCursor(cursor=cursor)
    page = desk.page(desk.search(username=query.pop("account", None), **query), after, most)
    return {"sessions": desk.documents(page), "next": page.next.to_text() if page.next else None}


@sessions.operation("DELETE", "/<session_id>", Scope.SESSIONS_WRITE, answers={204: None})
def end(session_id: str) -> tuple[str, int]:
    """End one session."""
    services().administration.sessions.end_one(current_actor(), session_id)
    return "", 204


@sessions.operation("DELETE", "", Scope.SESSIONS_WRITE, query=Whose, answers={200: Ended, 202: Ended})
def end_many(whose: dict[str, str]) -> tuple[dict[str, Any], int]:
    """End all of an account, at once; or order the end of all of a portal, or of everybody (202)."""
    desk, actor = services().administration.sessions, current_actor()
    if "account" in whose:
        return {"sessions": desk.end_account(actor, whose["account"]), "ended": True}, 200
    number = desk.end_portal(actor, whose["portal"]) if "portal" in whose else desk.end_everybody(actor)
    return {"sessions": number, "ended": False}, 202
