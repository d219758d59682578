"""Administrators look at the timeouts, see what a change would do, make it, and take it back."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from dvauth.accounts.account import checked_roles
from dvauth.accounts.errors import BadRole
from dvauth.administration.timeouts import differences
from dvauth.explained import Explained
from dvauth.policies.book import Change, ChangedSince, NothingToTakeBack, ReasonMissing
from dvauth.timeouts.policy import (
    ADMIN_ROLE,
    FIELDS,
    Assurance,
    Override,
    PolicyError,
)
from dvauth.timeouts.recommendations import PRESETS, Recommendation, compared_with, looser_than
from dvauth.web.admin.entrance import current_actor, require_fresh_administrator, told_later
from dvauth.web.admin.filters import recommendation
from dvauth.web.admin.pause_plot import PausePlot
from dvauth.web.admin.timeout_forms import TimeoutForm, told
from dvauth.web.admin.timeout_scope import Scope
from dvauth.web.answers import json_answer
from dvauth.web.i18n import lazy_gettext
from dvauth.web.services import services

timeouts = Blueprint("timeouts", __name__, url_prefix="/admin/timeouts")
timeouts.before_request(require_fresh_administrator)

DONE = {
    "saved": lazy_gettext("Saved. Every session is judged by it within two seconds."),
    "later": lazy_gettext("Saved. Redis does not answer: live sessions are judged by it as soon as it is back."),
    "taken-back": lazy_gettext("The change is taken back. Every session is judged by it within two seconds."),
}


@timeouts.get("")
def overview() -> str:
    return _overview()


@timeouts.get("/explained")
def explained() -> ResponseReturnValue:
    """Which timeouts hold for an account on a portal, and why."""
    username, slug = request.args.get("account", "").strip(), request.args.get("portal") or None
    account = services().accounts.find(username)
    if account is None:
        return _overview(unknown=username, asked=username, asked_portal=slug), 404
    if slug and services().portals().by_slug(slug) is None:
        abort(404)
    effective = services().administration.timeouts.policies().strictest(account.roles, slug)
    return _overview(effective=effective, whom=account, asked=username, asked_portal=slug)


@timeouts.get("/progress")
def progress() -> ResponseReturnValue:
    """How far the sweep is, for the page that waits for its end."""
    return json_answer({"done": services().administration.timeouts.swept()}).to_response()


@timeouts.get("/roles")
def choose_role() -> ResponseReturnValue:
    name = request.args.get("name", "").strip()
    try:
        checked_roles([name])
    except BadRole as refused:
        return _overview(role=name, bad_role=refused.explain(gettext)), 422
    return redirect(Scope("role", name).url, 303)


@timeouts.get("/default", defaults={"kind": "default", "name": ""})
@timeouts.get("/<any(role, portal):kind>/<name>")
def edit(kind: str, name: str) -> str:
    scope = _scope(kind, name)
    values = scope.values(services().administration.timeouts.policies())
    return _form_page(scope, TimeoutForm.showing(values, scope.fields))


@timeouts.post("/default", defaults={"kind": "default", "name": ""})
@timeouts.post("/<any(role, portal):kind>/<name>")
def change(kind: str, name: str) -> ResponseReturnValue:
    """Show what the change would do; make it only when it was looked at."""
    scope = _scope(kind, name)
    form = TimeoutForm.sent(request.form, scope.fields, required=scope.kind == "default")
    if not form.validate():
        _judge_the_rest(form, scope)
        return _form_page(scope, form), 422
    change = replace(Change.of(kind, name, form.values()), reason=form.reason.data or None)
    if request.form.get("step") == "edit":
        return _form_page(scope, form)
    try:
        return _saved(change) if request.form.get("step") == "save" else _impact_page(change, form, scope.url, scope)
    except (PolicyError, ReasonMissing) as refused:
        form.take(refused, scope.source, scope.values(services().administration.timeouts.policies()))
    except BadRole as refused:
        form.form_errors.append(refused.explain(gettext))
    except ChangedSince as refused:
        form.form_errors.append(refused.explain(gettext))
        return _form_page(scope, form), 409
    return _form_page(scope, form), 422


@timeouts.post("/presets/<name>")
def use_preset(name: str) -> ResponseReturnValue:
    preset = PRESETS.get(name) or abort(404)
    form = TimeoutForm.sent(request.form, (), required=False)
    change = Change(default=preset.default, roles=preset.roles, reason=form.reason.data or None)
    here = url_for("timeouts.use_preset", name=name)
    try:
        return _saved(change) if request.form.get("step") == "save" else _impact_page(change, form, here)
    except PolicyError as refused:
        return _overview(problems=_problems(refused)), 422
    except ReasonMissing as missing:
        form.take(missing)
        return _impact_page(change, form, here), 422
    except ChangedSince as refused:
        return _overview(problems=_problems(refused)), 409


@timeouts.post("/assurance")
def choose_assurance() -> ResponseReturnValue:
    level, reason = request.form.get("level", ""), request.form.get("reason", "").strip()
    if level not in Assurance.__members__:
        abort(422, gettext("“%(level)s” is no assurance level.", level=level))
    try:
        return _saved(Change(assurance=Assurance[level], reason=reason or None))
    except PolicyError as refused:
        return _overview(problems=_problems(refused)), 422
    except ChangedSince as refused:
        return _overview(problems=_problems(refused)), 409
    except ReasonMissing as missing:
        return _overview(level_wanted=level, missing=missing.deviations, reason=reason), 422


@timeouts.get("/take-back")
def look_at_taking_back() -> ResponseReturnValue:
    """Show what taking the last change back would do."""
    try:
        back = services().administration.timeouts.taking_back()
        nothing_typed, here = TimeoutForm.showing(Override(), ()), url_for("timeouts.take_back")
        return _impact_page(back, nothing_typed, here, Scope.only_one_of(back), again=False, act=gettext("Take back"))
    except NothingToTakeBack as refused:
        return _overview(problems=_problems(refused)), 404
    except (PolicyError, ReasonMissing) as refused:
        return _overview(problems=_problems(refused)), 409


@timeouts.post("/take-back")
def take_back() -> ResponseReturnValue:
    desk = services().administration.timeouts
    try:
        done = told_later(partial(desk.take_back, current_actor(), _last_seen()), "taken-back")
        return redirect(url_for("timeouts.overview", done=done), 303)
    except (ChangedSince, NothingToTakeBack, PolicyError, ReasonMissing) as refused:
        return _overview(problems=_problems(refused)), 409


def _judge_the_rest(form: TimeoutForm, scope: Scope) -> None:
    """So that all that is wrong is told at once: what could be read is judged, beside what is in force."""
    read = {name: value for name, value in form.values().items() if not form[name].errors}
    try:
        services().administration.timeouts.checked(Change.of(scope.kind, scope.name, read))
    except PolicyError as refused:
        about_read = [
            each for each in refused.mistakes if {each.values["field"], each.values.get("other")} <= {*read, None}
        ]
        form.take(PolicyError(about_read), scope.source)
    except (BadRole, ReasonMissing):
        pass  # told when the rest is right


def _problems(refused: Explained | PolicyError | ReasonMissing) -> list[str]:
    if isinstance(refused, PolicyError):
        return [told(mistake) for mistake in refused.mistakes]
    if isinstance(refused, ReasonMissing):
        return [recommendation(each) for each in refused.deviations]
    return [refused.explain(gettext)]


def _last_seen() -> int | None:
    """The number of the last change that the page told of."""
    return request.form.get("last", type=int)


def _scope(kind: str, name: str) -> Scope:
    if kind == "portal" and services().portals().by_slug(name) is None:
        abort(404)
    return Scope(kind, name)


def _saved(change: Change) -> ResponseReturnValue:
    desk = services().administration.timeouts
    done = told_later(partial(desk.change, current_actor(), change, _last_seen()), "saved")
    return redirect(url_for("timeouts.overview", done=done), 303)


def _overview(**values: Any) -> str:
    desk = services().administration.timeouts
    policies, portals = desk.policies(), services().portals().portals
    scopes = [Scope("default"), *(Scope("role", role) for role in desk.roles())]
    scopes += [Scope("portal", portal.slug) for portal in portals]
    changes = desk.changes()
    page = {
        "policies": policies,
        "scopes": scopes,
        "portals": portals,
        "looser": looser_than(policies.default),
        "reason": desk.reason(),
        "changes": changes,
        "last": desk.version(),
        "actors": _names_of(made.actor for made in changes),
        "presets": PRESETS,
        "levels": list(Assurance),
        "done": DONE.get(request.args.get("done", "")),
        "swept": desk.swept() if request.args.get("done") in {"saved", "taken-back"} else None,
    }
    return render_template("admin/timeouts/overview.html", **(page | values))


def _form_page(scope: Scope, form: TimeoutForm) -> str:
    policies = services().administration.timeouts.policies()
    administration = scope == Scope("role", ADMIN_ROLE)
    compared: dict[str, list[Recommendation]] = {name: [] for name in FIELDS}
    for each in compared_with(administration=administration):
        compared[each.field].append(each)
    return render_template(
        "admin/timeouts/edit.html",
        scope=scope,
        form=form,
        last=services().administration.timeouts.version(),
        in_force=scope.in_force(policies),
        default=policies.default,
        compared=compared,
    )


def _impact_page(change: Change, form: TimeoutForm, here: str, scope: Scope | None = None, **values: Any) -> str:
    desk = services().administration.timeouts
    before = desk.policies()
    after = change.applied_to(before)
    shown = scope or Scope("default")
    old, new = shown.in_force(before), shown.in_force(after)
    page = {
        "here": here,
        "act": gettext("Save the change"),
        "again": scope is not None,
        "form": form,
        "last": _last_seen() or desk.version(),
        "scope": scope,
        "differences": differences(before, after),
        "impact": None if form.errors else desk.impact(change),
        "plot": PausePlot(desk.pauses(), old, new),
        "looser": looser_than(new, administration=shown == Scope("role", ADMIN_ROLE)),
        "in_force": new,
    }
    return render_template(
        "admin/timeouts/impact.html",
        **page | values,
    )


def _names_of(actors: Iterable[str]) -> dict[str, str]:
    """By actor; whoever has no account, such as ``cli``, is called as the log calls them."""
    names = {actor: actor for actor in actors}
    return names | {actor: account.display_name for actor, account in services().accounts.known(names).items()}
