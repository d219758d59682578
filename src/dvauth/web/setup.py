"""The one-time link by which the owner of an account chooses a password."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from dvauth.accounts.account import Account
from dvauth.accounts.errors import LinkUnusable, PasswordRefused
from dvauth.accounts.passwords import SHORTEST
from dvauth.audit.events import Event
from dvauth.web.forms import NewPasswordForm
from dvauth.web.identity import current_visit
from dvauth.web.services import services

setup = Blueprint("setup", __name__, url_prefix="/setup")


@setup.after_request
def keep_the_link_secret(response: Response) -> Response:
    # Not "no-referrer": that makes the form's own Origin "null". Nothing but our origin is ever told.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


@setup.get("/<token>")
def choose(token: str) -> ResponseReturnValue:
    account = services().setup_links.peek(token)
    return _page(NewPasswordForm(), account) if account else _unusable()


@setup.post("/<token>")
def save(token: str) -> ResponseReturnValue:
    known, form = services(), NewPasswordForm(request.form)
    account = known.setup_links.peek(token)
    if account is None:
        return _unusable()
    if not form.validate():
        return _page(form, account), 422
    try:
        known.setup_links.redeem(token, form.new.data or "")
    except PasswordRefused as refused:
        form.new.errors = [refused.explain(gettext)]
        return _page(form, account), 422
    except LinkUnusable:
        return _unusable()
    known.audit.record(Event.AUTHN_PASSWORD_CHANGE, account=account.id, address=current_visit().client_address)
    return redirect(url_for("login.form", done="setup"), 303)


def _page(form: NewPasswordForm, account: Account) -> str:
    return render_template("setup/setup.html", form=form, account=account, least_length=SHORTEST)


def _unusable() -> ResponseReturnValue:
    return render_template("setup/unusable.html"), 404
