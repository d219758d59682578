"""Who may see a page: whoever is logged in, or has a role. For blueprints to ask before each of their requests."""

from datetime import timedelta
from typing import cast

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from dvauth.audit.events import Event
from dvauth.sessions.check import Active
from dvauth.web.identity import CurrentUser, current_check, current_visit
from dvauth.web.services import services

# A login is fresh for so long. A form that was shown in that time may be sent a while later.
FRESH = timedelta(minutes=10)
FRESH_FOR_CHANGES = timedelta(minutes=30)

me = cast("CurrentUser", current_user)


def require_login() -> ResponseReturnValue | None:
    check = current_check()
    if isinstance(check, Active):
        return _rotated(check) if check.record.rotation_due and request.method == "GET" else None
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        abort(401)
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("login.form", return_to=back), 303)


def require_role(role: str) -> None:
    """Of somebody logged in."""
    if role in me.roles:
        return
    address, resource = current_visit().client_address, request.path
    services().audit.record(Event.AUTHZ_FAIL, account=me.get_id(), address=address, resource=resource)
    abort(403)


def has_fresh_login(*, for_changes: bool = False) -> bool:
    """Whether the person, who is logged in, has proved lately who they are."""
    return services().keeper.time_since_login(me.session) <= (FRESH_FOR_CHANGES if for_changes else FRESH)


def ask_for_proof(back: str) -> ResponseReturnValue:
    """Send the person to prove again who they are, and then to the page ``back``."""
    return redirect(url_for("confirm.form", back=back), 303)


def _rotated(check: Active) -> ResponseReturnValue | None:
    """A role change asks for a new secret. The page is then asked for again, for its forms are bound to the cookie."""
    known = services()
    cookie = known.keeper.rotate(known.jar.read(request))
    if cookie is None:
        return None
    response = redirect(request.full_path.rstrip("?"), 303)
    known.jar.set(response, cookie, max_age=cookie_seconds(check.verdict.absolute_remaining))
    return response


def cookie_seconds(left: timedelta) -> int | None:
    """Where the person is remembered the cookie lives as long as the session can; else as long as the browser."""
    return round(left.total_seconds()) or None if me.session.remember else None
