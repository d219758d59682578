"""Administrators read who did what, and why sessions ended. Here is nothing to change."""

from datetime import UTC
from itertools import chain
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, to_utc
from wtforms import DateTimeLocalField, SelectField, StringField
from wtforms.validators import Optional

from dvauth.administration import audit as administration
from dvauth.administration.spreadsheet import UTF8_MARK
from dvauth.audit.events import Event
from dvauth.audit.trail import Place, Recorded, Wanted
from dvauth.web.admin.audit_facts import facts, roles
from dvauth.web.admin.entrance import current_actor, require_administrator
from dvauth.web.forms import TranslatedForm
from dvauth.web.i18n import lazy_gettext as _
from dvauth.web.i18n import role_name
from dvauth.web.services import services

PAGE = 50  # rows
TYPES = {
    administration.Form.CSV: "text/csv; charset=utf-8",
    administration.Form.JSON_LINES: "application/jsonl; charset=utf-8",
}
_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}

audit = Blueprint("audit", __name__, url_prefix="/admin/audit")
audit.before_request(require_administrator)


def _events() -> dict[str, str]:
    return {"": gettext("all")} | {event.value: meaning(event) for event in Event}


def _portals() -> dict[str, str]:
    return {"": gettext("all")} | {portal.slug: portal.name for portal in services().portals().portals}


class MomentField(DateTimeLocalField):
    """Typed as the clock on the wall shows it; its ``data`` is UTC."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist)
        try:
            self.data = to_utc(self.data).replace(tzinfo=UTC) if self.data else None
        except OverflowError:  # it lies before the first day of UTC
            self.data = None
            raise ValueError(self.gettext("Not a valid datetime value.")) from None


class AuditForm(TranslatedForm):
    since = MomentField(_("From"), [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
    until = MomentField(_("Until"), [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
    event = SelectField(_("What happened"), choices=_events, default="")
    account = StringField(_("Whom it is about (username)"), render_kw=_PLAIN)
    actor = StringField(_("Who did it (username, or “cli”)"), render_kw=_PLAIN)
    portal = SelectField(_("Portal"), choices=_portals, default="")
    address = StringField(_("IP address"), render_kw=_PLAIN)
    session = StringField(_("Session"), render_kw=_PLAIN)

    def wanted(self) -> Wanted:
        known = services().administration.audit
        typed = {name: (self[name].data or "").strip() or None for name in ("event", "portal", "address", "session")}
        people = {name: (self[name].data or "").strip() for name in ("account", "actor")}
        ids = {name: known.account_id(typed) if typed else None for name, typed in people.items()}
        return Wanted(since=self.since.data, until=self.until.data, **typed, **ids)


@audit.get("")
def overview() -> ResponseReturnValue:
    form = AuditForm(request.args)
    is_right = form.validate()
    known = services().administration.audit
    place = Place.from_text(request.args.get("before", ""))  # where it was changed by hand: from the newest
    rows = known.newest(form.wanted(), place, most=PAGE + 1) if is_right else []
    shown = rows[:PAGE]
    page = render_template(
        "admin/audit.html",
        form=form,
        rows=shown,
        names=known.usernames(shown),
        older=_url("audit.overview", before=shown[-1].place.to_text()) if len(rows) > PAGE else None,
        newest=_url("audit.overview") if request.args.get("before") else None,
        exports={each: _url("audit.export", form=each.value) for each in TYPES} if is_right else {},
        retention=services().settings.audit_retention,
    )
    return page, 200 if is_right else 422


@audit.get("/export.<any(csv, jsonl):form>")
def export(form: str) -> ResponseReturnValue:
    chosen = AuditForm(request.args)
    if not chosen.validate():
        return overview()
    kind = administration.Form(form)
    lines = services().administration.audit.export(current_actor(), chosen.wanted(), kind)
    mark = [UTF8_MARK] if kind is administration.Form.CSV else []
    return Response(
        chain(mark, lines),
        content_type=TYPES[kind],
        headers={"Content-Disposition": f'attachment; filename="dvauth-audit.{kind}"'},
    )


def _url(endpoint: str, **values: Any) -> str:
    """With the filters of this request."""
    chosen: dict[str, Any] = {name: value for name, value in request.args.items() if value and name in AuditForm()}
    return url_for(endpoint, **(chosen | values))


def meaning(event: Event) -> str:
    """As a heading begins. Whether the vocabulary has it matters to machines alone."""
    told = gettext(event.meaning).removeprefix("(ours) ")
    return told[:1].upper() + told[1:]


def heading(row: Recorded) -> str:
    """What happened; of an event that stands for many acts, the act."""
    act = row.details.get("action") or row.details.get("change")
    if row.known is None or act is None:
        return meaning(row.known) if row.known else row.event
    told = in_words(row, "change" if "change" in row.details else "action", act)
    return told[:1].upper() + told[1:]


def in_words(row: Recorded, name: str, value: Any) -> str:
    """A detail of an event; what dvauth does not know by heart stays as it was recorded."""
    if name in {"before", "after"}:
        return facts(row.event, str(value))
    if name == "roles":
        return roles(str(value))
    if name == "role":
        return role_name(str(value))
    known = {
        "idle": gettext("no activity"),
        "portal-idle": gettext("no activity on this portal"),
        "absolute": gettext("the longest time was over"),
        "logout": gettext("logged out"),
        "revoked": gettext("ended by an administrator"),
        "evicted": gettext("logged in on too many devices"),
        "password-changed": gettext("the password was changed"),
        "account-disabled": gettext("the account was disabled"),
        "timeouts changed": gettext("timeouts changed"),
        "reason for looser timeouts changed": gettext("reason for looser timeouts changed"),
        "portal added": gettext("portal added"),
        "portal changed": gettext("portal changed"),
        "portal removed": gettext("portal removed"),
        "prompt changed": gettext("prompt changed"),
        "tag looked for": gettext("tag looked for"),
        "audit exported": gettext("audit log exported"),
        "accounts exported": gettext("accounts exported"),
        "session ended": gettext("session ended"),
        "sessions of the account ended": gettext("sessions of the account ended"),
        "sessions of the portal ended": gettext("sessions of the portal ended"),
        "all sessions ended": gettext("all sessions ended"),
        "sessions ended": gettext("sessions of the account ended"),
        "setup link issued": gettext("one-time link made"),
        "renamed": gettext("name changed"),
        "unlocked": gettext("account unlocked"),
        "enabled": gettext("account enabled"),
        "disabled": gettext("account disabled"),
        "password": gettext("password"),
        "unknown": gettext("not known, or revoked"),
        "expired": gettext("its time was over"),
        "owner": gettext("it acts for no active administrator"),
        "all": gettext("all"),
        "csv": "CSV",
        "jsonl": "JSON Lines",
    }
    worded = {"reason", "action", "change", "factor", "rows", "form"}
    return known.get(str(value), str(value)) if name in worded else str(value)


def title(name: str) -> str:
    known = {
        "reason": gettext("Why"),
        "action": gettext("What was done"),
        "change": gettext("What was done"),
        "before": gettext("Before"),
        "after": gettext("After"),
        "factor": gettext("Proved by"),
        "role": gettext("Role"),
        "roles": gettext("Roles"),
        "limit": gettext("Limit"),
        "retries": gettext("Failures before"),
        "resource": gettext("What was asked for"),
        "origin": gettext("Page of the origin"),
        "url": gettext("Address of the page"),
        "rows": gettext("Rows"),
        "form": gettext("Form"),
        "token": gettext("API token"),
        "scope": gettext("Scope"),
        "scopes": gettext("Scopes"),
        "expires_at": gettext("Works until"),
        "name": gettext("Name"),
        "sessions": gettext("Sessions"),
    }
    return known.get(name, name)
