"""Administrators make tokens for programs, see them all, and revoke them. A new one is shown once."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from dvauth.api_tokens.errors import ApiTokenError, NoSuchToken
from dvauth.web.admin.entrance import current_actor, refuse_unknown_fields, require_fresh_administrator
from dvauth.web.admin.token_forms import SCOPES, NewTokenForm
from dvauth.web.admission import me
from dvauth.web.i18n import lazy_gettext
from dvauth.web.services import services

tokens = Blueprint("tokens", __name__, url_prefix="/admin/tokens")
tokens.before_request(require_fresh_administrator)

DONE = {
    "revoked": lazy_gettext("The token is revoked: it opens nothing any more."),
    "gone": lazy_gettext("There is no such token any more."),
}


@tokens.get("")
def overview() -> str:
    return _overview(NewTokenForm())


@tokens.post("")
def add() -> ResponseReturnValue:
    form = NewTokenForm.sent(request.form)
    refuse_unknown_fields(form)
    if not form.validate():
        return _overview(form), 422
    try:
        issued = services().administration.api_tokens.add(current_actor(), me.account.username, **form.values())
    except ApiTokenError as refused:
        form.take(refused)
        return _overview(form), 422
    return render_template("admin/tokens/issued.html", issued=issued)


@tokens.get("/<token_id>/revoke")
def confirm_revocation(token_id: str) -> str:
    found = services().administration.api_tokens.all()
    token = next((each for each in found.tokens if each.id == token_id), None) or abort(404)
    return render_template("admin/tokens/revoke.html", token=token, owner=found.owners.get(token.account_id))


@tokens.post("/<token_id>/revoke")
def revoke(token_id: str) -> ResponseReturnValue:
    refuse_unknown_fields()
    try:
        services().administration.api_tokens.revoke(current_actor(), token_id)
    except NoSuchToken:  # a double click, or somebody else was faster
        return redirect(url_for("tokens.overview", done="gone"), 303)
    return redirect(url_for("tokens.overview", done="revoked"), 303)


def _overview(form: NewTokenForm) -> str:
    done = DONE.get(request.args.get("done", "")) if request.method == "GET" else None
    found = services().administration.api_tokens.all()
    return render_template("admin/tokens/overview.html", found=found, form=form, scopes=SCOPES, done=done)
