"""Portals, by programs."""

from functools import partial
from typing import Any

from marshmallow import Schema, fields, validate

from dvauth.administration.portals import document
from dvauth.administration.tag_check import Tag
from dvauth.api_tokens.token import Scope
from dvauth.explained import LANGUAGES
from dvauth.portals.look import WORDS
from dvauth.portals.portal import Activity
from dvauth.web.api.entrance import Saved, current_actor, saved
from dvauth.web.api.fields import Strict, Text, Truth
from dvauth.web.api.noun import Noun
from dvauth.web.services import services

portals = Noun("portals", "The web sites that rely on dvauth, and how their prompt looks.")

NAMED = "/<slug>"
Words = Strict.from_dict({word: Text() for word in WORDS}, name="Words")
Texts = Strict.from_dict({language: fields.Nested(Words) for language in LANGUAGES}, name="Texts")


class Look(Strict):
    """The colour of the prompt's button, and words by language."""

    accent = Text(metadata={"description": "Such as `#a61b1b`; empty: ours."})
    texts = fields.Nested(Texts, load_default=dict, metadata={"description": "Empty words go back to ours."})


class Portal(Schema):
    id = fields.Integer(required=True)
    slug = fields.String(required=True)
    name = fields.String(required=True)
    origins = fields.List(fields.String(), required=True)
    activity = fields.String(required=True, validate=validate.OneOf([*Activity]))
    mounted = fields.Boolean(required=True)
    look = fields.Nested(Look, required=True)
    tag = fields.String(required=True, metadata={"description": "For the head of its pages; follows upgrades."})
    pinned_tag = fields.String(required=True, metadata={"description": "The same for this version alone, with SRI."})


class Portals(Schema):
    portals = fields.List(fields.Nested(Portal), required=True)


class PortalToBe(Strict):
    name = Text(required=True)
    origins = fields.List(Text(), required=True, metadata={"description": "Scheme and host of its pages."})
    activity = fields.Enum(Activity, by_value=fields.String, load_default=Activity.NAVIGATION)
    mounted = Truth(load_default=False)


class PortalChange(Strict):
    name = Text()
    origins = fields.List(Text())


class Page(Strict):
    url = Text(required=True, metadata={"description": "A page of the portal, to be looked at."})


class TagFound(Schema):
    tag = fields.String(required=True, validate=validate.OneOf([*Tag]))


@portals.operation("GET", "", Scope.PORTALS_READ, answers={200: Portals})
def overview() -> dict[str, Any]:
    """All portals, by slug."""
    base_url = services().settings.base_url
    return {"portals": [document(each, base_url) for each in services().administration.portals.all()]}


@portals.operation("GET", NAMED, Scope.PORTALS_READ, answers={200: Portal})
def show(slug: str) -> dict[str, Any]:
    """One portal, and the tag for its pages."""
    return document(services().administration.portals.find(slug), services().settings.base_url)


@portals.operation("PUT", NAMED, Scope.PORTALS_WRITE, body=PortalToBe, answers={200: Portal, 201: Portal, 202: Portal})
def put(given: dict[str, Any], slug: str) -> Saved:
    """Register a portal (201), or give it this name and these origins."""
    desk, is_new = services().administration.portals, not _is_there(slug)
    status = saved(partial(desk.put, current_actor(), slug, **given))
    return show(slug), 201 if is_new and status == 200 else status


@portals.operation("PATCH", NAMED, Scope.PORTALS_WRITE, body=PortalChange, answers={200: Portal, 202: Portal})
def change(given: dict[str, Any], slug: str) -> Saved:
    """Change the name or the origins; sessions live on."""
    desk = services().administration.portals
    before = desk.find(slug)
    after = {"name": before.name, "origins": before.origins, **given}
    status = saved(partial(desk.change, current_actor(), slug, **after))
    return show(slug), status


@portals.operation("PATCH", f"{NAMED}/look", Scope.PORTALS_WRITE, body=Look, answers={200: Portal, 202: Portal})
def change_look(given: dict[str, Any], slug: str) -> Saved:
    """Change the colour and the words of the prompt; what is not given stays."""
    status = saved(partial(services().administration.portals.change_prompt, current_actor(), slug, **given))
    return show(slug), status


@portals.operation("DELETE", NAMED, Scope.PORTALS_WRITE, answers={204: None})
def remove(slug: str) -> tuple[str, int]:
    """Remove the portal and its timeouts; its pages have no prompt from then on."""
    saved(partial(services().administration.portals.remove, current_actor(), slug))
    return "", 204


@portals.operation("POST", f"{NAMED}/tag-check", Scope.PORTALS_WRITE, body=Page, answers={200: TagFound})
def look_for_tag(given: dict[str, str], slug: str) -> dict[str, str]:
    """Look whether a page of the portal has the tag: `there`, `outdated` or `missing`."""
    return {"tag": services().administration.portals.look_for_tag(current_actor(), slug, given["url"])}


def _is_there(slug: str) -> bool:
    return any(each.slug == slug for each in services().administration.portals.all())
