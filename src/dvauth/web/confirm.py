"""Before a step that matters: whoever has been logged in for long proves again that it is still them."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from dvauth.accounts.errors import InvalidCredentials, LoginLocked
from dvauth.web.admission import cookie_seconds, me, require_login
from dvauth.web.forms import ConfirmForm
from dvauth.web.identity import current_visit
from dvauth.web.services import services
from dvauth.web.way_back import own_page

confirm = Blueprint("confirm", __name__, url_prefix="/confirm")
confirm.before_request(require_login)


@confirm.get("")
def form() -> str:
    return _page(ConfirmForm())


@confirm.post("")
def prove() -> ResponseReturnValue:
    """The session goes on with a new secret, and its clocks begin anew."""
    known, form = services(), ConfirmForm(request.form)
    if not form.validate():
        return _page(form), 422
    try:
        known.authenticator.authenticate(me.account.username, form.password.data or "", current_visit().client_address)
    except LoginLocked as locked:
        form.password.errors = [locked.explain(gettext)]
        return _page(form), 429
    except InvalidCredentials:
        form.password.errors = [gettext("The password is not right.")]
        return _page(form), 403
    response = redirect(own_page(request.args.get("back", "")) or url_for("account.profile"), 303)
    if cookie := known.keeper.rotate(known.jar.read(request), reauthenticated=True):
        remembered_for = known.policies().strictest(me.roles).policy.remember_for
        known.jar.set(response, cookie, max_age=cookie_seconds(remembered_for))
    return response


def _page(form: ConfirmForm) -> str:
    return render_template("account/confirm.html", form=form, account=me.account, cancel_url=url_for("account.profile"))
