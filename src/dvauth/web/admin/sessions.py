"""Administrators find other people's sessions, and end them."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from dvauth.accounts.errors import NoSuchAccount
from dvauth.administration.session_index import Position, Search
from dvauth.administration.sessions import NoSuchSession, SessionPage
from dvauth.explained import Explained
from dvauth.portals.errors import NoSuchPortal
from dvauth.web.admin.entrance import current_actor, require_fresh_administrator
from dvauth.web.admission import me
from dvauth.web.i18n import lazy_gettext
from dvauth.web.services import services

sessions = Blueprint("sessions", __name__, url_prefix="/admin/sessions")
sessions.before_request(require_fresh_administrator)

SEARCHES = {
    "account": lazy_gettext("Username"),
    "portal": lazy_gettext("Portal of the login"),
    "address": lazy_gettext("IP address"),
    "device": lazy_gettext("Device or browser"),
}
DONE = {
    "one": lazy_gettext("The session is ended."),
    "gone": lazy_gettext("The session had ended already."),
    "account": lazy_gettext("The sessions of the account are ended."),
    "many": lazy_gettext("The sessions are being ended: a few within two seconds, a million within minutes."),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list was asked for: by one of ``SEARCHES``, or all of them."""

    by: str = ""
    value: str = ""

    @classmethod
    def current(cls) -> "Asked":
        by, value = request.args.get("by", ""), request.args.get("value", "").strip()
        if by not in SEARCHES or not value:
            return cls()
        return cls(by, _slug_of(value) if by == "portal" else value)

    @property
    def query(self) -> dict[str, Any]:
        return {"by": self.by, "value": self.value} if self.by else {}

    def search(self) -> Search | None:
        """Raises ``NoSuchAccount``, ``NoSuchPortal``."""
        by = "username" if self.by == "account" else self.by
        return services().administration.sessions.search(**({by: self.value} if by else {}))


@sessions.get("")
def overview() -> ResponseReturnValue:
    asked = Asked.current()
    try:
        page = services().administration.sessions.page(
            asked.search(), Position.from_text(request.args.get("after", ""))
        )
    except Explained:  # nobody has that name, no portal either
        return _list(asked, SessionPage([], {}, None)), 404
    return _list(asked, page)


@sessions.post("/end")
def end() -> ResponseReturnValue:
    """One, without further questions: whoever is logged out can log in again."""
    try:
        services().administration.sessions.end_one(current_actor(), request.form.get("session", ""))
    except NoSuchSession:  # a double click, or it was over while the list was looked at
        return _back(Asked.current(), "gone")
    return _back(Asked.current(), "one")


@sessions.get("/everybody/end", defaults={"kind": "everybody", "name": ""})
@sessions.get("/<any(account, portal):kind>/<name>/end")
def confirm_end(kind: str, name: str) -> str:
    of = {"username": name} if kind == "account" else {"portal": name} if kind == "portal" else {}
    try:
        number = services().administration.sessions.number(**of)
    except (NoSuchAccount, NoSuchPortal) as unknown:
        raise NotFound from unknown
    return render_template("admin/sessions/end.html", kind=kind, name=name, number=number, own=_is_among(kind, name))


@sessions.post("/everybody/end", defaults={"kind": "everybody", "name": ""})
@sessions.post("/<any(account, portal):kind>/<name>/end")
def end_all(kind: str, name: str) -> ResponseReturnValue:
    desk, spared = services().administration.sessions, me.session.ref.session_id
    try:
        if kind == "account":
            desk.end_account(current_actor(), name, spared=spared)
        elif kind == "portal":
            desk.end_portal(current_actor(), name, spared=spared)
        else:
            desk.end_everybody(current_actor(), spared=spared)
    except (NoSuchAccount, NoSuchPortal) as unknown:
        raise NotFound from unknown
    return _back(Asked(), "account" if kind == "account" else "many")


def _slug_of(text: str) -> str:
    """Portals are found by the names that people read, too."""
    names = {portal.name.casefold(): portal.slug for portal in services().portals().portals}
    return names.get(text.casefold(), text)


def _is_among(kind: str, name: str) -> bool:
    """Whether the administrator's own session is one of them."""
    if kind == "portal":
        portal = services().portals().by_slug(name)
        return portal is not None and portal.id == me.session.origin.portal_id
    found = services().accounts.find(name) if kind == "account" else me.account
    return found is not None and found.id == me.get_id()


def _list(asked: Asked, page: SessionPage) -> str:
    portals = services().portals().portals
    return render_template(
        "admin/sessions/overview.html",
        asked=asked,
        page=page,
        portals=portals,
        portal_of={portal.id: portal for portal in portals},
        searches=SEARCHES,
        is_first="after" not in request.args,
        done=DONE.get(request.args.get("done", "")),
    )


def _back(asked: Asked, done: str) -> ResponseReturnValue:
    return redirect(url_for("sessions.overview", **asked.query, done=done), 303)
