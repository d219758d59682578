"""What stands in bodies and queries of the API, and is the same for every noun."""

from datetime import timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

MOST = 200  # on a page
LONGEST_TEXT = 2048
LONGEST = timedelta(days=36_500)  # far beyond what any policy allows, and what can still be added to a date


class Text(fields.String):
    """Characters that every database takes: no NUL, and no halves of a character."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
            raise ValidationError("It has a character that cannot be kept.")
        if len(text) > LONGEST_TEXT:
            raise ValidationError(f"It is longer than {LONGEST_TEXT} characters.")
        return text


class Strict(Schema):
    """A field that is not ours is refused, not ignored: somebody tries what they might set."""

    error_messages = {  # noqa: RUF012 - marshmallow reads a plain dict
        "unknown": "There is no such field here.",
        "type": "Send a JSON object.",
    }


class Paged(Strict):
    """A query for a page of a list."""

    most = fields.Integer(
        load_default=50,
        validate=validate.Range(1, MOST),
        metadata={"description": "How many there are on a page."},
    )
    cursor = Text(
        load_default=None, metadata={"description": "Where the page begins: `next` of the page before, as it was told."}
    )


class ProblemItem(Schema):
    field = fields.String(required=True, metadata={"description": "Which field, as in `roles.0`."})
    detail = fields.String(required=True)


class Problem(Schema):
    """RFC 9457. ``detail`` is a sentence; ``errors`` has one for each field that is wrong."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(ProblemItem))
    scope = fields.String(metadata={"description": "The scope that the token has not."})
