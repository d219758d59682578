"""A person's own account: profile, password, sessions."""

from datetime import timedelta
from typing import Any, cast

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.exceptions import NotFound

from dvauth.accounts.errors import InvalidCredentials, LoginLocked, PasswordRefused
from dvauth.accounts.passwords import SHORTEST
from dvauth.audit.events import Event
from dvauth.sessions.check import Active
from dvauth.sessions.record import SessionRecord
from dvauth.storage.redis import StoreUnavailable
from dvauth.timeouts.judge import Reason
from dvauth.timeouts.policy import TimeoutPolicy
from dvauth.web.forms import ChangePasswordForm
from dvauth.web.identity import CurrentUser, current_check, current_visit
from dvauth.web.services import services

account = Blueprint("account", __name__, url_prefix="/account")
me = cast("CurrentUser", current_user)


@account.before_request
def require_login() -> ResponseReturnValue | None:
    check = current_check()
    if isinstance(check, Active):
        return _rotated(check) if check.record.rotation_due and request.method == "GET" else None
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        abort(401)
    return redirect(url_for("login.form"), 303)


def _rotated(check: Active) -> ResponseReturnValue | None:
    """A role change asks for a new secret. The page is then asked for again, for its forms are bound to the cookie."""
    known = services()
    cookie = known.keeper.rotate(known.jar.read(request))
    if cookie is None:
        return None
    response = redirect(request.full_path.rstrip("?"), 303)
    known.jar.set(response, cookie, max_age=_cookie_seconds(check.verdict.absolute_remaining))
    return response


def _cookie_seconds(left: timedelta) -> int | None:
    """Where the person is remembered the cookie lives as long as the session can; else as long as the browser."""
    return round(left.total_seconds()) or None if me.session.remember else None


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
        known.jar.set(response, cookie, max_age=_cookie_seconds(_policy().remember_for))
    return response


@account.get("/sessions")
def sessions() -> str:
    known = services()
    names = {portal.id: portal.name for portal in known.portals().portals}
    records = known.keeper.sessions_of(me.get_id())
    return _page("account/sessions.html", sessions=records, portal_names=names)


@account.post("/sessions")
def end_sessions() -> ResponseReturnValue:
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
    return _page("account/password.html", form=form, least_length=SHORTEST)
