"""What happened by hour and portal, by programs."""

from typing import Any

from marshmallow import Schema, fields, validate

from dvauth.administration.statistics import MOST_HOURS, document
from dvauth.api_tokens.token import Scope
from dvauth.audit.counts import Figure
from dvauth.web.api.fields import Strict, Text
from dvauth.web.api.noun import Noun
from dvauth.web.services import services

statistics = Noun("statistics", "How many are logged in, what happened by hour and portal, and what needs attention.")

COUNTS: dict[str, fields.Field[Any]] = {
    figure.value: fields.Integer(required=True, allow_none=figure is Figure.LIVE) for figure in Figure
}
Counts = Schema.from_dict(COUNTS, name="Counts")


class Hour(Schema.from_dict(COUNTS)):  # type: ignore[misc]  # a class that is made has no type
    at = fields.AwareDateTime(required=True, metadata={"description": "When the hour begins."})


class Live(Schema):
    sessions = fields.Integer(required=True)
    exact = fields.Boolean(required=True, metadata={"description": "`false`: there are at least so many."})


class Concern(Schema):
    kind = fields.String(required=True)
    message = fields.String(required=True)


class Found(Schema):
    portal = fields.String(required=True, allow_none=True)
    live = fields.Nested(Live, required=True)
    hours = fields.List(fields.Nested(Hour), required=True)
    total = fields.Nested(Counts, required=True)
    portals = fields.Dict(keys=fields.String(), values=fields.Nested(Counts), required=True)
    concerns = fields.List(fields.Nested(Concern), required=True, metadata={"description": "What needs attention."})


class Range(Strict):
    hours = fields.Integer(
        load_default=24,
        validate=validate.Range(1, MOST_HOURS),
        metadata={"description": "So many hours until now, the one that has begun among them."},
    )
    portal = Text(metadata={"description": "Of this portal alone (its slug)."})


@statistics.operation("GET", "", Scope.STATISTICS_READ, query=Range, answers={200: Found})
def overview(query: dict[str, Any]) -> dict[str, Any]:
    """Read what happened, hour by hour, the oldest first."""
    return document(services().administration.statistics.last(query["hours"], query.get("portal")))
