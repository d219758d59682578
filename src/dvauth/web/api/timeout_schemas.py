"""What programs send and are told about timeouts. Durations are in seconds."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from marshmallow import Schema, fields, post_load, validate

from dvauth.policies.book import Change
from dvauth.timeouts.policy import FIELDS, Assurance
from dvauth.web.api.fields import Seconds, Strict, Text
from dvauth.web.api.problems import as_written

WRITTEN = {name: as_written(name) for name in FIELDS}


def _given(*, nullable: bool) -> dict[str, fields.Field[Any]]:
    count = fields.Integer(strict=True, allow_none=nullable)
    return {
        written: count if name == "max_sessions" else Seconds(allow_none=nullable, attribute=name, data_key=written)
        for name, written in WRITTEN.items()
    }


def _told(*, required: bool) -> dict[str, fields.Field[Any]]:
    return {
        written: fields.Integer(required=required) if name == "max_sessions" else fields.Float(required=required)
        for name, written in WRITTEN.items()
    }


Policy = Schema.from_dict(_told(required=True), name="Policy")
Override = Schema.from_dict(_told(required=False), name="Override")
PolicyChange = Strict.from_dict(_given(nullable=False), name="PolicyChange")
OverrideChange = Strict.from_dict(_given(nullable=True), name="OverrideChange")


class Timeouts(Schema):
    version = fields.Integer(required=True, metadata={"description": "The number of the last change."})
    default = fields.Nested(Policy, required=True)
    roles = fields.Dict(keys=fields.String(), values=fields.Nested(Override), required=True)
    portals = fields.Dict(keys=fields.String(), values=fields.Nested(Override), required=True)
    assurance_level = fields.Integer(required=True, validate=validate.OneOf([*map(int, Assurance)]))
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why they are looser than the level says."}
    )


class TimeoutChange(Strict):
    """What is not given stays; ``null`` takes a field of an override out."""

    default = fields.Nested(PolicyChange, load_default=dict)
    roles = fields.Dict(keys=Text(), values=fields.Nested(OverrideChange), load_default=dict)
    portals = fields.Dict(keys=Text(), values=fields.Nested(OverrideChange), load_default=dict)
    assurance_level = fields.Integer(strict=True, validate=validate.OneOf([*map(int, Assurance)]))
    reason = Text()

    @post_load
    def change(self, given: Mapping[str, Any], **_: Any) -> Change:
        level = given.get("assurance_level")
        return Change(
            default=_as_kept(given["default"]),
            roles={name: _as_kept(values) for name, values in given["roles"].items()},
            portals={slug: _as_kept(values) for slug, values in given["portals"].items()},
            assurance=None if level is None else Assurance(level),
            reason=given.get("reason") or None,
        )


def _as_kept(values: Mapping[str, int | None]) -> dict[str, Any]:
    return {
        name: value if value is None or name == "max_sessions" else timedelta(seconds=value)
        for name, value in values.items()
    }


class Impact(Schema):
    sessions = fields.Integer(required=True, metadata={"description": "How many there are, there."})
    looked_at = fields.Integer(required=True)
    exact = fields.Boolean(required=True, metadata={"description": "False: the numbers are estimates, of a sample."})
    ended = fields.Integer(required=True, metadata={"description": "How many it ends."})
    warned = fields.Integer(required=True, metadata={"description": "How many are warned in a minute, with it."})
    warned_now = fields.Integer(required=True, metadata={"description": "How many are, without it."})


class Whose(Strict):
    account = Text(required=True, metadata={"description": "Its username."})
    portal = Text(metadata={"description": "Its slug."})


class SetBy(Schema):
    value = fields.Float(required=True)
    set_by = fields.String(required=True, metadata={"description": "`default`, `role:…` or `portal:…`."})


Effective = Schema.from_dict(
    {written: fields.Nested(SetBy, required=True) for written in WRITTEN.values()}, name="Effective"
)


class Difference(Schema):
    whose = fields.String(required=True, metadata={"description": "`default`, `role:…`, `portal:…`, or `assurance`."})
    field = fields.String(required=True)
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class TimeoutsChanged(Schema):
    version = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    actor = fields.String(required=True, metadata={"description": "An account's id, `cli`, or `dvauth`."})
    reason = fields.String(required=True, allow_none=True)
    differences = fields.List(fields.Nested(Difference), required=True)


class Changes(Schema):
    changes = fields.List(fields.Nested(TimeoutsChanged), required=True)
