"""Timeouts, by programs: look, see what a change would do, change, and take back."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any

from flask import request

from dvauth.administration.timeouts import differences
from dvauth.api_tokens.token import Scope
from dvauth.policies.book import Change, Changed
from dvauth.web.api import timeout_schemas as schemas
from dvauth.web.api.entrance import current_actor, saved
from dvauth.web.api.noun import Noun
from dvauth.web.api.problems import VersionMissing, as_written
from dvauth.web.services import services

timeouts = Noun("timeouts", "How long sessions may last.")

IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string", "examples": ['"17"']},
    "description": "The ETag of the timeouts that you have seen: refused (412) if they were changed since.",
}
VERSION = re.compile(r'"([0-9]{1,15})"')
Answer = tuple[dict[str, Any], int, dict[str, str]]


@timeouts.operation("GET", "", Scope.TIMEOUTS_READ, answers={200: schemas.Timeouts})
def overview() -> Answer:
    """The default, what roles and portals override, and the version, which is the ETag too."""
    return _answer(200)


@timeouts.operation(
    "PATCH",
    "",
    Scope.TIMEOUTS_WRITE,
    body=schemas.TimeoutChange,
    headers=[IF_MATCH],
    answers={200: schemas.Timeouts, 202: schemas.Timeouts},
)
def change(change: Change) -> Answer:
    """Change what is given; every session is judged by it within two seconds. 202: as soon as Redis is back."""
    return _answer(saved(partial(services().administration.timeouts.change, current_actor(), change, _seen())))


@timeouts.operation("POST", "/impact", Scope.TIMEOUTS_READ, body=schemas.TimeoutChange, answers={200: schemas.Impact})
def impact(change: Change) -> dict[str, Any]:
    """What a change would do to the sessions that live now. Nothing is changed."""
    found = services().administration.timeouts.impact(change)
    return {**asdict(found), "exact": found.is_exact}


@timeouts.operation(
    "POST",
    "/take-back",
    Scope.TIMEOUTS_WRITE,
    headers=[IF_MATCH],
    answers={200: schemas.Timeouts, 202: schemas.Timeouts},
)
def take_back() -> Answer:
    """Undo the last change."""
    return _answer(saved(partial(services().administration.timeouts.take_back, current_actor(), _seen())))


@timeouts.operation("GET", "/effective", Scope.TIMEOUTS_READ, query=schemas.Whose, answers={200: schemas.Effective})
def effective(whose: dict[str, str]) -> dict[str, Any]:
    """Which timeouts hold for an account, on a portal or anywhere, and who set each of them."""
    desk = services().administration
    account = desk.accounts.find(whose["account"])
    slug = desk.portals.find(whose["portal"]).slug if "portal" in whose else None
    return desk.timeouts.policies().strictest(account.roles, slug).to_document()


@timeouts.operation("GET", "/changes", Scope.TIMEOUTS_READ, answers={200: schemas.Changes})
def changes() -> dict[str, Any]:
    """The last ten changes, the latest first."""
    return {"changes": list(map(_document, services().administration.timeouts.changes()))}


def _answer(status: int) -> Answer:
    desk = services().administration.timeouts
    version = desk.version()
    document = desk.policies().to_document() | {"reason": desk.reason(), "version": version}
    return document, status, {"ETag": f'"{version}"'}


def _seen() -> int | None:
    """The number of the last change that the program has seen; ``None``: whichever."""
    if not request.if_match:
        raise VersionMissing
    if request.if_match.star_tag:
        return None
    seen = VERSION.fullmatch(request.if_match.to_header())
    return int(seen[1]) if seen else -1


def _document(made: Changed) -> dict[str, Any]:
    found: list[Mapping[str, Any]] = [
        {
            "whose": f"{each.kind}:{each.name}" if each.name and each.kind != "assurance" else each.kind,
            "field": as_written(each.field),
            "before": _plain(each.old),
            "after": _plain(each.new),
        }
        for each in differences(made.before, made.after)
    ]
    return {
        "version": made.number,
        "at": made.at.isoformat(),
        "actor": made.actor,
        "reason": made.reason,
        "differences": found,
    }


def _plain(value: Any) -> Any:
    return value.total_seconds() if isinstance(value, timedelta) else value
