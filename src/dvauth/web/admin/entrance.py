"""Who comes into the administration, and by whom an act is done."""

from collections.abc import Callable, Iterable

from flask import abort, current_app, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import Form

from dvauth.administration.actor import Actor
from dvauth.storage.redis import StoreUnavailable
from dvauth.timeouts.policy import ADMIN_ROLE
from dvauth.web.admission import ask_for_proof, has_fresh_login, me, require_login, require_role
from dvauth.web.guards import FORM_FIELD
from dvauth.web.identity import current_visit


def require_administrator() -> ResponseReturnValue | None:
    """For blueprints to ask before each of their requests."""
    if refusal := require_login():
        return refusal
    require_role(ADMIN_ROLE)
    return None


def require_fresh_administrator() -> ResponseReturnValue | None:
    """The same, for pages that change something: whoever comes long after their login proves again who they are.

    They are sent to do so and come back. A page with a form asks sooner than the form itself, so that nothing typed
    is lost.
    """
    if refusal := require_administrator():
        return refusal
    changes = request.method not in {"GET", "HEAD"}
    if has_fresh_login(for_changes=changes):
        return None
    return ask_for_proof(back=_page_of_form() if changes else request.full_path.rstrip("?"))


def _page_of_form() -> str:
    """The address itself, or the nearest above it that shows a page."""
    routes, path = current_app.create_url_adapter(request), request.path
    while routes and not routes.test(path, "GET"):
        path = path.rpartition("/")[0]
    return path


def refuse_unknown_fields(form: Form | None = None, *, besides: Iterable[str] = ()) -> None:
    """A field that no page of ours has asked for is refused, not ignored: somebody tries what they might set."""
    known = {FORM_FIELD, *besides, *(form.data if form else ())}
    if unknown := sorted({*request.form, *request.files} - known):
        abort(422, gettext("There is no field “%(name)s” here.", name=unknown[0]))


def told_later(act: Callable[[], object], done: str) -> str:
    """What to say of an act: ``done``, or ``later`` where it is saved in SQL and Redis hears of it when it is back."""
    try:
        act()
    except StoreUnavailable:
        return "later"
    return done


def current_actor() -> Actor:
    return Actor(me.get_id(), current_visit().client_address)
