"""Who is behind this request: judged once, by the cookie, and offered to pages as Flask-Login's ``current_user``."""

from flask import Flask, Request, g, request
from flask_login import LoginManager, UserMixin

from dvauth.accounts.account import Account
from dvauth.sessions.check import Active, Check
from dvauth.sessions.record import SessionRecord
from dvauth.web.replays import report_replay
from dvauth.web.services import services
from dvauth.web.visit import Visit, WebPlace


class CurrentUser(UserMixin):
    """The person logged in. Their account is read from SQL only when a page asks for it."""

    def __init__(self, record: SessionRecord) -> None:
        self.session = record
        self.roles = record.roles

    def get_id(self) -> str:
        return self.session.account_id

    @property
    def account(self) -> Account:
        if "account" not in g:
            g.account = services().accounts.get(self.session.account_id)
        account: Account = g.account
        return account

    @property
    def name(self) -> str:
        return self.account.display_name


def init_app(app: Flask) -> None:
    """Identity comes from our cookie and nowhere else: no user loader, nothing in Flask's own session."""
    manager = LoginManager()
    manager.session_protection = None  # type: ignore[assignment]  # untyped, and None is its word for "off"
    # Flask-Login looks for a cookie of this name before it asks us. Nobody sets one.
    app.config["REMEMBER_COOKIE_NAME"] = "__Host-dvauth-unused"
    manager.request_loader(_load)
    manager.init_app(app)


def _load(_request: Request) -> CurrentUser | None:
    """Who a page shows. A page about an error shows nobody where the session cannot be judged."""
    try:
        check = current_check()
    except Exception:
        if "about_error" not in g:
            raise
        return None
    return CurrentUser(check.record) if isinstance(check, Active) else None


def page_is_about_an_error() -> None:
    """Call before rendering it: what kept us from judging the session must not keep us from saying so."""
    g.about_error = True


def current_visit() -> Visit:
    if "visit" not in g:
        g.visit = Visit(request.environ, services().entrance)
    visit: Visit = g.visit
    return visit


def current_place() -> WebPlace:
    return current_visit().place(services().portals())


def current_check() -> Check:
    """The verdict on this request's cookie. A navigation that the person started counts as activity."""
    if "check" not in g:
        known, visit = services(), current_visit()
        place, activity = current_place(), visit.is_persons_navigation
        g.check = known.keeper.check(known.jar.read(visit), place, activity=activity)
        report_replay(known, visit, g.check)
    check: Check = g.check
    return check
