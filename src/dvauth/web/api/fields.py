"""What stands in bodies and queries of the API, and is the same for every noun."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

MOST = 200  # on a page
LONGEST_SECONDS = 10**9  # thirty years: more than any policy allows, and a date can still be counted from it


class Text(fields.String):
    """Characters that every database takes: no NUL, and no halves of a character. How long, the services say.

    In addresses NUL is refused at the door; a body of JSON may escape it.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
            raise ValidationError("It has a character that cannot be kept.")
        return text


class Moment(fields.AwareDateTime):
    """It becomes UTC; the first and the last hours of the calendar are not in every zone."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        moment: datetime = super()._deserialize(value, attr, data, **kwargs)
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from None


class Truth(fields.Boolean):
    """``true`` or ``false``; not "yes", 1, or "off"."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Seconds(fields.Integer):
    """A duration."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(0, LONGEST_SECONDS), **options)


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
    cursor = Text(metadata={"description": "Where the page begins: `next` of the page before, as it was told."})


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
