"""The audit log, by programs. Here is nothing to change."""

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from dvauth.administration.audit import Form
from dvauth.api_tokens.token import Scope
from dvauth.audit.events import Event as Kind
from dvauth.audit.trail import Place, Wanted
from dvauth.web.api.entrance import current_actor
from dvauth.web.api.fields import Moment, Paged, Strict, Text
from dvauth.web.api.noun import Noun
from dvauth.web.api.problems import WrongCursor
from dvauth.web.services import services

audit = Noun("audit", "Who did what, and why sessions ended.")

JSON_LINES = "application/jsonl"


class Event(Schema):
    id = fields.String(required=True)
    at = fields.AwareDateTime(required=True)
    level = fields.String(required=True, allow_none=True)
    event = fields.String(required=True)
    account = fields.String(required=True, allow_none=True, metadata={"description": "Whom it is about."})
    account_username = fields.String(required=True, allow_none=True, metadata={"description": "As it is now."})
    actor = fields.String(required=True, allow_none=True, metadata={"description": "Who did it: an id, or `cli`."})
    actor_username = fields.String(required=True, allow_none=True, metadata={"description": "As it is now."})
    session = fields.String(
        required=True, allow_none=True, metadata={"description": "What all events of one session share."}
    )
    portal = fields.String(required=True, allow_none=True)
    address = fields.String(required=True, allow_none=True)
    details = fields.Dict(required=True)


class Events(Schema):
    events = fields.List(fields.Nested(Event), required=True)
    next = fields.String(required=True, allow_none=True)


class Filters(Strict):
    since = Moment(metadata={"description": "From then on, such as `2026-03-02T08:00:00+07:00`."})
    until = Moment(metadata={"description": "Before then."})
    event = fields.String(validate=validate.OneOf([*Kind]))
    account = Text(metadata={"description": "About this account (its username or id)."})
    actor = Text(metadata={"description": "Done by this account (its username or id), or by `cli`."})
    session = Text(metadata={"description": "Of this session, as its events name it."})
    portal = Text(metadata={"description": "On this portal (its slug)."})
    address = Text(metadata={"description": "From this IP address."})


class Search(Filters, Paged):
    pass


@audit.operation("GET", "", Scope.AUDIT_READ, query=Search, answers={200: Events})
def search(query: dict[str, Any]) -> dict[str, Any]:
    """Read events, the newest first."""
    most, cursor = query.pop("most"), query.pop("cursor", None)
    before = Place.from_text(cursor) if cursor else None
    if cursor and before is None:
        raise WrongCursor(cursor=cursor)
    desk = services().administration.audit
    rows = desk.newest(_wanted(query), before, most=most + 1)
    shown = rows[:most]
    return {"events": desk.documents(shown), "next": shown[-1].place.to_text() if len(rows) > most else None}


@audit.operation(
    "GET",
    "/export",
    Scope.AUDIT_READ,
    query=Filters,
    answers={200: Event},
    content_type=JSON_LINES,
)
def export(query: dict[str, Any]) -> Response:
    """All events that fit, the newest first, one JSON line each. That they were taken along is recorded."""
    lines = services().administration.audit.export(current_actor(), _wanted(query), Form.JSON_LINES)
    return Response(lines, content_type=JSON_LINES)


def _wanted(query: dict[str, Any]) -> Wanted:
    find = services().administration.audit.account_id
    return Wanted(**query | {name: find(query[name]) for name in ("account", "actor") if name in query})
