"""Logging in and out."""

from datetime import timedelta

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from dvauth.accounts.account import Account
from dvauth.accounts.errors import InvalidCredentials, LoginLocked
from dvauth.administration.devices import device_of
from dvauth.audit.events import Event
from dvauth.portals.portal import Portal
from dvauth.sessions.check import Active, Anonymous, Check, Ended
from dvauth.sessions.record import Origin, Place, Principal, SessionRecord
from dvauth.storage.redis import StoreUnavailable
from dvauth.timeouts.judge import Reason
from dvauth.web.enter import MOUNT, enter_url
from dvauth.web.forms import LoginForm
from dvauth.web.guards import FORM_COOKIE
from dvauth.web.identity import current_check, current_visit, page_is_about_an_error
from dvauth.web.services import services
from dvauth.web.way_back import own_page

login = Blueprint("login", __name__)


@login.get("/")
def start() -> ResponseReturnValue:
    return redirect(url_for("account.profile"), 303)


@login.get("/login")
def form() -> ResponseReturnValue:
    check = _check_where_they_go()
    if isinstance(check, Active):
        return redirect(_destination(), 303)
    ended = check if isinstance(check, Ended) else None
    return _page(LoginForm(username=_known_name(ended), remember=_is_remembered(ended)), ended)


@login.post("/login")
def log_in() -> ResponseReturnValue:
    form = LoginForm(request.form)
    if not form.validate():
        return _page(form), 422
    try:
        return _logged_in(form.username.data or "", form.password.data or "", remember=form.remember.data)
    except LoginLocked as locked:
        form.form_errors.append(locked.explain(gettext))
        return _page(form), 429
    except InvalidCredentials:
        form.form_errors.append(gettext("The username or the password is not right."))
        return _page(form), 401


@login.get("/logout")
def confirm_logout() -> str:
    if not _may_be_logged_in():
        # At a portal this is also where the logout leads.
        told = "all" if "done" in request.args or isinstance(current_check(), Ended) else "stranger"
        everywhere = services().settings.base_url + url_for("login.confirm_logout")
        return render_template("login/logged_out.html", told=told, logout_url=everywhere)
    return render_template("login/logout.html", cancel_url=url_for("account.profile") if _at_centre() else "/")


@login.post("/logout")
def log_out() -> ResponseReturnValue:
    known = services()
    try:
        if record := _living_session():
            known.keeper.end(record, Reason.LOGOUT, given_back=known.jar.read(request))
        response = redirect(url_for("login.logged_out") if _at_centre() else f"{MOUNT}/logout?done=all", 303)
    except StoreUnavailable:
        noted = known.log_out_later(known.jar.read(request))
        page_is_about_an_error()
        response = make_response(render_template("login/logged_out.html", told="later" if noted else "nobody"), 503)
    known.jar.expire(response)
    # "storage" on a portal's host would wipe the drafts of its other tabs; "cookies" would log out sibling portals.
    response.headers["Clear-Site-Data"] = '"cache", "storage"' if _at_centre() else '"cache"'
    return response


@login.get("/logged-out")
def logged_out() -> ResponseReturnValue:
    if isinstance(current_check(), Active):
        return redirect(url_for("account.profile"), 303)
    return render_template("login/logged_out.html", told="all")


def _living_session() -> SessionRecord | None:
    """The session of this cookie; it may have ended at this portal alone."""
    check = current_check()
    return None if isinstance(check, Anonymous) else check.record


def _may_be_logged_in() -> bool:
    """Logging out is offered while nobody can be judged, too."""
    try:
        return _living_session() is not None
    except StoreUnavailable:
        page_is_about_an_error()
        return True


def _at_centre() -> bool:
    return current_visit().is_central


def _portal() -> Portal | None:
    """The portal that the person comes from and goes back to."""
    return services().portals().for_return_to(request.args.get("return_to", ""))


def _destination() -> str:
    portal, return_to = _portal(), request.args.get("return_to", "")
    if portal is None:
        return own_page(return_to) or url_for("account.profile", done=_told())
    return enter_url(return_to) if portal.mounted else return_to


def _told() -> str | None:
    """What the account's page still has to say to somebody who was logged in when they used a one-time link."""
    return "setup" if request.method == "GET" and request.args.get("done") == "setup" else None


def _check_where_they_go() -> Check:
    """A session that lives may have ended at this portal alone; then the person must prove again who they are."""
    check, portal = current_check(), _portal()
    if portal and isinstance(check, Active):
        return services().keeper.check(services().jar.read(request), Place(portal))
    return check


def _is_remembered(ended: Ended | None) -> bool:
    """Whether the session, which lives on elsewhere, goes on as remembered when the person proves who they are."""
    return ended is not None and ended.record is not None and ended.record.remember


def _known_name(ended: Ended | None) -> str | None:
    """The username, where the session lives on and has ended at one portal alone (WCAG 3.3.7).

    The same cookie opens the account's page then, which shows the name as well. After any other end it would tell
    whoever sits down at a shared computer who was there before: by the link on the cover of the page, too.
    """
    account = services().accounts.get(ended.record.account_id) if ended and ended.record else None
    return account.username if account else None


def _page(form: LoginForm, ended: Ended | None = None) -> str:
    portal = _portal()
    policies, slug = services().policies(), portal.slug if portal else None
    policy = policies.strictest((), slug).policy
    idle = timedelta(seconds=ended.tombstone.idle_seconds) if ended and ended.tombstone else policy.idle_timeout
    return render_template(
        "login/login.html",
        form=form,
        portal=portal,
        policy=policy,
        some_sooner=policies.some_role_is_stricter(slug),
        ended=ended and ended.reason,
        idled_for=idle,
    )


def _logged_in(username: str, password: str, *, remember: bool) -> Response:
    """Raises what ``Authenticator.authenticate`` raises."""
    known = services()
    address = current_visit().client_address
    portal = _portal()
    account = known.authenticator.authenticate(username, password, address, portal.slug if portal else None)
    remember_for = known.policies().strictest(account.roles).policy.remember_for if remember else timedelta(0)
    remembered = bool(remember_for)
    cookie = _renewed(account, remember=remembered) or _opened(account, address, remember=remembered)
    response = redirect(_destination(), 303)
    known.jar.set(response, cookie, max_age=round(remember_for.total_seconds()) or None)
    known.jar.expire(response, FORM_COOKIE)  # the visitor of before is nobody now
    return response


def _renewed(account: Account, *, remember: bool) -> str | None:
    """Whoever proves again who they are keeps the session, with a new secret. Another person's session ends."""
    known, check = services(), current_check()
    if not isinstance(check, Active):
        return None
    if check.record.account_id == account.id:
        return known.keeper.rotate(known.jar.read(request), reauthenticated=True, remember=remember)
    known.keeper.end(check.record, Reason.LOGOUT, given_back=known.jar.read(request))
    return None


def _opened(account: Account, address: str, *, remember: bool) -> str:
    known = services()
    opened = known.keeper.open(
        Principal(account_id=account.id, roles=account.roles),
        origin=Origin(address=address, user_agent=device_of(request.user_agent.string)),
        portal=_portal(),
        remember=remember,
    )
    if not known.authenticator.confirm(account):
        known.keeper.end(opened.record, Reason.REVOKED)
        raise InvalidCredentials
    for _evicted in opened.evicted:
        known.audit.record(Event.EXCESS_SESSIONS_EXCEEDED, account=account.id, address=address)
    return opened.cookie
