"""Administrators look for accounts, add them, change them, lock them out and help their owners in."""

from itertools import chain
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from dvauth.accounts.account import Account, Draft
from dvauth.accounts.errors import AccountError, BadDisplayName, BadUsername, NoSuchAccount, UsernameTaken
from dvauth.accounts.search import Wanted
from dvauth.accounts.throttle import FREE_FAILURES, MOST_FAILURES
from dvauth.administration.account_table import accounts_csv
from dvauth.administration.accounts import OwnAccount
from dvauth.administration.spreadsheet import UTF8_MARK
from dvauth.administration.timeouts import UnknownRole
from dvauth.web.admin.account_forms import NewAccountForm, RenameForm, RolesForm, told
from dvauth.web.admin.entrance import current_actor, refuse_unknown_fields, require_fresh_administrator
from dvauth.web.i18n import lazy_gettext
from dvauth.web.services import services

accounts = Blueprint("accounts", __name__, url_prefix="/admin/accounts")
accounts.before_request(require_fresh_administrator)

DONE = {
    "renamed": lazy_gettext("The name is changed."),
    "roles": lazy_gettext("The roles are changed. They hold at once, also where the person is logged in."),
    "disabled": lazy_gettext("The account is disabled, and all its sessions are ended."),
    "enabled": lazy_gettext("The account is enabled."),
    "unlocked": lazy_gettext("The failed logins are forgotten: the person need not wait."),
    "sessions": lazy_gettext("All sessions are ended: the person logs in again."),
}
STATES = {"enabled": True, "disabled": False}


@accounts.get("")
def overview() -> str:
    asked = {name: request.args.get(name, "").strip() for name in ("text", "role", "state", "after")}
    wanted = Wanted(
        text=asked["text"], role=asked["role"] or None, enabled=STATES.get(asked["state"]), after=asked["after"] or None
    )
    page = services().administration.accounts.page(wanted)
    return render_template(
        "admin/accounts/overview.html", page=page, asked=asked, roles=services().administration.timeouts.roles()
    )


@accounts.get("/new")
def new() -> str:
    return _new_page(NewAccountForm.offering(services().administration.timeouts.roles()))


@accounts.post("/new")
def add() -> ResponseReturnValue:
    form = NewAccountForm.offering(services().administration.timeouts.roles(), request.form)
    refuse_unknown_fields(form)
    if not form.validate():
        return _new_page(form), 422
    draft = Draft(form.username.data or "", form.display_name.data or None, tuple(form.roles.data or ()))
    try:
        invitation = services().administration.accounts.add(current_actor(), draft)
    except (BadUsername, UsernameTaken) as refused:
        form.username.errors = [refused.explain(gettext)]
    except BadDisplayName as refused:
        form.display_name.errors = [refused.explain(gettext)]
    except (AccountError, UnknownRole) as refused:
        form.roles.errors = [told(refused)]
    else:
        return render_template("admin/accounts/invitation.html", invitation=invitation, is_new=True)
    return _new_page(form), 422


@accounts.get("/export")
def export() -> Response:
    lines = accounts_csv(services().administration.accounts.export(current_actor()))
    body = stream_with_context(line.encode() for line in chain([UTF8_MARK], lines))
    attachment = {"Content-Disposition": 'attachment; filename="accounts.csv"'}
    return Response(body, mimetype="text/csv", headers=attachment)


@accounts.get("/<account_id>")
def show(account_id: str) -> str:
    return _account_page(_existing(account_id))


@accounts.post("/<account_id>/name")
def rename(account_id: str) -> ResponseReturnValue:
    account, form = _existing(account_id), RenameForm(request.form)
    refuse_unknown_fields(form)
    if not form.validate():
        return _account_page(account, names=form), 422
    try:
        services().administration.accounts.rename(current_actor(), account, form.display_name.data or "")
    except BadDisplayName as refused:
        form.display_name.errors = [refused.explain(gettext)]
        return _account_page(account, names=form), 422
    return _done(account, "renamed")


@accounts.post("/<account_id>/roles")
def set_roles(account_id: str) -> ResponseReturnValue:
    account = _existing(account_id)
    form = RolesForm.offering(_roles_for(account), request.form)
    refuse_unknown_fields(form)
    if not form.validate():
        return _account_page(account, roles=form), 422
    try:
        services().administration.accounts.set_roles(current_actor(), account, form.roles.data or ())
    except (AccountError, OwnAccount, UnknownRole) as refused:
        form.roles.errors = [told(refused)]
        return _account_page(account, roles=form), 422
    return _done(account, "roles")


@accounts.post("/<account_id>/<any(disable, enable, unlock, revoke):act>")
def change(account_id: str, act: str) -> ResponseReturnValue:
    account, desk = _existing(account_id), services().administration.accounts
    refuse_unknown_fields()
    acts = {
        "disable": (desk.disable, "disabled"),
        "enable": (desk.enable, "enabled"),
        "unlock": (desk.unlock, "unlocked"),
        "revoke": (desk.end_sessions, "sessions"),
    }
    do, done = acts[act]
    try:
        do(current_actor(), account)
    except (AccountError, OwnAccount) as refused:
        return _account_page(account, problem=refused.explain(gettext)), 422
    return _done(account, done)


@accounts.post("/<account_id>/link")
def invite(account_id: str) -> str:
    account = _existing(account_id)
    refuse_unknown_fields()
    invitation = services().administration.accounts.invite(current_actor(), account)
    return render_template("admin/accounts/invitation.html", invitation=invitation, is_new=False)


def _existing(account_id: str) -> Account:
    try:
        return services().administration.accounts.get(account_id)
    except NoSuchAccount:
        abort(404)


def _roles_for(account: Account) -> list[str]:
    known = services().administration.timeouts.roles()
    return [*known, *(role for role in account.roles if role not in known)]


def _done(account: Account, done: str) -> ResponseReturnValue:
    return redirect(url_for("accounts.show", account_id=account.id, done=done), 303)


def _new_page(form: NewAccountForm) -> str:
    return render_template("admin/accounts/new.html", form=form)


def _account_page(
    account: Account, *, names: RenameForm | None = None, roles: RolesForm | None = None, problem: str | None = None
) -> str:
    page: dict[str, Any] = {
        "account": account,
        "names": names or RenameForm(data={"display_name": account.display_name}),
        "roles": roles or RolesForm.offering(_roles_for(account), held=account.roles),
        "problem": problem,
        "failures": services().administration.accounts.failures(account),
        "free_failures": FREE_FAILURES,
        "most_failures": MOST_FAILURES,
        "sessions": len(services().keeper.sessions_of(account.id)),
        "done": DONE.get(request.args.get("done", "")),
    }
    return render_template("admin/accounts/account.html", **page)
