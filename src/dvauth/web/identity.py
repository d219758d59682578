"""Who is behind this request: judged once, by the cookie, and offered to pages as Flask-Login's ``current_user``."""

from flask import Flask, Request, g, request
from flask_login import LoginManager, UserMixin

from dvauth.accounts.account import Account
from dvauth.audit.events import Event
from dvauth.sessions.check import Active, Check, Ended
from dvauth.sessions.record import SessionRecord
from dvauth.web.services import services
from dvauth.web.visitor import WebPlace, is_persons_navigation, place_of


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


def current_place() -> WebPlace:
    if "place" not in g:
        known = services()
        g.place = place_of(request, known.portals(), known.proxies, known.settings.base_url)
    place: WebPlace = g.place
    return place


def current_check() -> Check:
    """The verdict on this request's cookie. A navigation that the person started counts as activity."""
    if "check" not in g:
        known = services()
        g.check = known.keeper.check(known.jar.read(request), current_place(), activity=is_persons_navigation(request))
        report_replay(g.check)
    check: Check = g.check
    return check


def report_replay(check: Check) -> None:
    """A cookie used after its session was ended on purpose is an event, once: somebody may have stolen it.

    After an idle or an absolute end it is everyday: the person came back and clicked.
    """
    known = services()
    if not (isinstance(check, Ended) and check.replayed and check.tombstone and check.reason.willed):
        return
    if known.keeper.is_first_replay(check.ref):
        known.audit.record(
            Event.SESSION_USE_AFTER_EXPIRE,
            account=check.tombstone.account_id,
            session=check.ref.session_id,
            address=known.proxies.client_address(request),
            reason=check.reason,
        )
