"""What the pages ask people for. The forms check that something was given; whether it is right, the services say."""

from wtforms import BooleanField, Form, PasswordField, SelectMultipleField, StringField
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from dvauth.web.i18n import lazy_gettext as _

_USERNAME = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}


class CheckboxesField(SelectMultipleField):
    """A checkbox for each choice."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class LoginForm(Form):
    username = StringField(_("Username"), [InputRequired(_("Enter your username"))], render_kw=_USERNAME)
    password = PasswordField(
        _("Password"), [InputRequired(_("Enter your password"))], render_kw={"autocomplete": "current-password"}
    )
    remember = BooleanField(_("Remember me on this device"))


class ConfirmForm(Form):
    password = PasswordField(
        _("Password"), [InputRequired(_("Enter your password"))], render_kw={"autocomplete": "current-password"}
    )


def _new_password() -> PasswordField:
    required = InputRequired(_("Enter a new password"))
    return PasswordField(_("New password"), [required], render_kw={"autocomplete": "new-password"})


class NewPasswordForm(Form):
    new = _new_password()


class ChangePasswordForm(Form):
    current = PasswordField(
        _("Current password"),
        [InputRequired(_("Enter your current password"))],
        render_kw={"autocomplete": "current-password"},
    )
    new = _new_password()
