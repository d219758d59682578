"""A person's own account: profile, password, sessions."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.exceptions import NotFound

from dvauth.accounts.errors import InvalidCredentials, LoginLocked, PasswordRefused
from dvauth.accounts.passwords import SHORTEST
from dvauth.audit.events import Event
from dvauth.sessions.record import SessionRecord
from dvauth.storage.redis import StoreUnavailable
from dvauth.timeouts.judge import Reason
from dvauth.timeouts.policy import TimeoutPolicy
from dvauth.web.admission import ask_for_proof, cookie_seconds, has_fresh_login, me, require_login
from dvauth.web.forms import ChangePasswordForm
from dvauth.web.identity import current_visit
from dvauth.web.services import services

account = Blueprint("account", __name__, url_prefix="/account")
account.before_request(require_login)


@account.get("/")
def profile() -> str:
    return _page("account/index.html", policy=_policy(), portals=services().portals().portals)


@account.get("/password")
def password() -> str:
    return _password_page(ChangePasswordForm())


@account.post("/password")
def change_password() -> ResponseReturnValue:
    known, form = services(), ChangePasswordForm(request.form)
    if not form.validate():
        return _password_page(form), 422
    try:
        known.authenticator.change_password(
            me.account,
            form.current.data or "",
            form.new.data or "",
            address=current_visit().client_address,
            keep=me.session.ref.session_id,
        )
    except LoginLocked as locked:
        form.current.errors = [locked.explain(gettext)]
        return _password_page(form), 429
    except InvalidCredentials:
        form.current.errors = [gettext("The current password is not right.")]
        return _password_page(form), 403
    except PasswordRefused as refused:
        form.new.errors = [refused.explain(gettext)]
        return _password_page(form), 422
    response = redirect(url_for("account.sessions", done="password"), 303)
    try:
        cookie = known.keeper.rotate(known.jar.read(request), reauthenticated=True)
    except StoreUnavailable:  # the password is changed; a session whose secret could not be must not outlive that
        known.log_out_later(known.jar.read(request))
        cookie = None
    if cookie:
        known.jar.set(response, cookie, max_age=cookie_seconds(_policy().remember_for))
    return response


@account.get("/sessions")
def sessions() -> str:
    known = services()
    names = {portal.id: portal.name for portal in known.portals().portals}
    records = known.keeper.sessions_of(me.get_id())
    return _page("account/sessions.html", sessions=records, portal_names=names)


@account.post("/sessions")
def end_sessions() -> ResponseReturnValue:
    """Whoever sits down at a computer that was left alone looks at the sessions, and ends none (ASVS 7.5.2)."""
    if not has_fresh_login():
        return ask_for_proof(back=url_for("account.sessions"))
    keeper, wanted = services().keeper, request.form.get("end", "")
    if wanted == "others":
        keeper.end_all(me.get_id(), Reason.LOGOUT, keep=me.session.ref.session_id)
    elif not keeper.has_ended(me.get_id(), wanted):  # a double click is no attack
        keeper.end(_own_session(wanted), Reason.LOGOUT)
    return redirect(url_for("account.sessions", done="others" if wanted == "others" else "one"), 303)


def _own_session(session_id: str) -> SessionRecord:
    """Another person's session is as unknown here as one that never was."""
    known, account_id = services(), me.get_id()
    for record in known.keeper.sessions_of(account_id):
        if record.ref.session_id == session_id:
            return record
    address = current_visit().client_address
    known.audit.record(Event.AUTHZ_FAIL, account=account_id, address=address, resource=f"session {session_id}")
    raise NotFound


def _policy() -> TimeoutPolicy:
    return services().policies().strictest(me.roles).policy


def _page(template: str, **values: Any) -> str:
    return render_template(template, account=me.account, done=request.args.get("done"), **values)


def _password_page(form: ChangePasswordForm) -> str:
    """With an error in one field the other one is empty as well: no page brings a password back."""
    if form.errors:
        if not form.current.errors:
            form.current.errors = [gettext("Enter your current password once more")]
        if not form.new.errors:
            form.new.errors = [gettext("Enter the new password once more")]
    return _page("account/password.html", form=form, least_length=SHORTEST)
