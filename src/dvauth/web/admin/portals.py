"""Administrators register portals, change them and their prompt, and see whether a page has the tag."""

from functools import partial
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from dvauth.administration.tag_check import PageUnread, Tag
from dvauth.portals.embed_tag import pinned_tag, tag
from dvauth.portals.errors import NoSuchPortal, PortalError
from dvauth.portals.look import LEAST_CONTRAST, OUR_ACCENT, OUR_TEXTS
from dvauth.portals.portal import Portal
from dvauth.web.admin.entrance import current_actor, require_fresh_administrator, told_later
from dvauth.web.admin.portal_forms import LookForm, NewPortalForm, PortalForm
from dvauth.web.i18n import lazy_gettext
from dvauth.web.services import services

portals = Blueprint("portals", __name__, url_prefix="/admin/portals")
portals.before_request(require_fresh_administrator)

DONE = {
    "added": lazy_gettext("The portal is registered. Put its tag into the head of its pages."),
    "saved": lazy_gettext("Saved. Every process knows it within two seconds."),
    "look": lazy_gettext("The prompt is changed. Open pages show it after their next question."),
    "removed": lazy_gettext("The portal is removed."),
    "later": lazy_gettext("Saved. Redis does not answer: every process hears of it as soon as Redis is back."),
}
FOUND = {
    Tag.THERE: lazy_gettext("The tag is on this page: people get the prompt there."),
    Tag.OUTDATED: lazy_gettext(
        "A tag is on this page, but of another version: browsers refuse its script, and there is no prompt. "
        "Put today's tag in its place."
    ),
    Tag.MISSING: lazy_gettext(
        "The tag is not on this page. If it is there for people who are logged in only, or is added by a script, look "
        "at the page yourself."
    ),
}


@portals.get("")
def overview() -> str:
    return _overview(NewPortalForm())


@portals.post("")
def add() -> ResponseReturnValue:
    form = NewPortalForm(request.form)
    if not form.validate():
        return _overview(form), 422
    given = form.values()
    try:
        act = partial(services().administration.portals.add, current_actor(), given.pop("slug"), **given)
        done = told_later(act, "added")
    except PortalError as refused:
        form.take(refused)
        return _overview(form), 422
    return redirect(url_for("portals.show", slug=form.slug.data, done=done), 303)


@portals.get("/<slug>")
def show(slug: str) -> str:
    return _page(_portal(slug))


@portals.post("/<slug>")
def change(slug: str) -> ResponseReturnValue:
    portal, form = _portal(slug), PortalForm(request.form)
    if not form.validate():
        return _page(portal, form=form), 422
    try:
        act = partial(services().administration.portals.change, current_actor(), slug, **form.values())
        done = told_later(act, "saved")
    except PortalError as refused:
        form.take(refused)
        return _page(portal, form=form), 422
    return redirect(url_for("portals.show", slug=slug, done=done), 303)


@portals.post("/<slug>/look")
def change_look(slug: str) -> ResponseReturnValue:
    portal, form = _portal(slug), LookForm.sent(request.form)
    try:
        act = partial(services().administration.portals.change_prompt, current_actor(), slug, **form.values())
        done = told_later(act, "look")
    except PortalError as refused:
        form.take(refused)
        return _page(portal, look_form=form), 422
    return redirect(url_for("portals.show", slug=slug, done=done, _anchor="prompt"), 303)


@portals.post("/<slug>/tag")
def look_for_tag(slug: str) -> ResponseReturnValue:
    portal, url = _portal(slug), request.form.get("url", "").strip()
    try:
        found = services().administration.portals.look_for_tag(current_actor(), slug, url)
    except PageUnread as why:
        return _page(portal, asked=url, unread=why.explain(gettext)), 422
    return _page(portal, asked=url, found=FOUND[found], is_there=found is Tag.THERE)


@portals.get("/<slug>/look")
@portals.get("/<slug>/tag")
def back(slug: str) -> ResponseReturnValue:
    """Where a person comes by the address of a form: after they proved who they are, or chose another language."""
    return redirect(url_for("portals.show", slug=slug), 303)


@portals.get("/<slug>/remove")
def confirm_removal(slug: str) -> str:
    return render_template("admin/portals/remove.html", portal=_portal(slug))


@portals.post("/<slug>/remove")
def remove(slug: str) -> ResponseReturnValue:
    _portal(slug)
    done = told_later(partial(services().administration.portals.remove, current_actor(), slug), "removed")
    return redirect(url_for("portals.overview", done=done), 303)


def _portal(slug: str) -> Portal:
    try:
        return services().administration.portals.find(slug)
    except NoSuchPortal:
        abort(404)


def _overview(form: NewPortalForm) -> str:
    found = services().administration.portals.all()
    return render_template("admin/portals/overview.html", portals=found, form=form, done=_done())


def _page(portal: Portal, **values: Any) -> str:
    base_url = services().settings.base_url
    page: dict[str, Any] = {
        "portal": portal,
        "form": PortalForm.showing(portal),
        "look_form": LookForm.showing(portal.look),
        "our_accent": OUR_ACCENT,
        "least_contrast": LEAST_CONTRAST,
        "our_texts": OUR_TEXTS,
        "tags": (tag(portal, base_url), pinned_tag(portal, base_url)),
        "asked": f"{portal.origins[0]}/",
        "found": None,
        "is_there": False,
        "unread": None,
        "done": _done(),
    }
    return render_template("admin/portals/portal.html", **(page | values))


def _done() -> str | None:
    return DONE.get(request.args.get("done", "")) if request.method == "GET" else None
