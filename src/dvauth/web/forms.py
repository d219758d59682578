"""What the pages ask people for. The forms check that something was given; whether it is right, the services say."""

from typing import Any

import flask_babel
from wtforms import BooleanField, Form, PasswordField, SelectMultipleField, StringField
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from dvauth.explained import N_
from dvauth.web.i18n import lazy_gettext as _

# What WTForms says by itself, so that it is in our catalogue.
WTFORMS_SAYS = (N_("Not a valid choice."), N_("Not a valid integer value."), N_("Not a valid datetime value."))

_USERNAME = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}


class TranslatedForm(Form):
    """Says what WTForms says by itself in the language of the page."""

    class Meta:
        def get_translations(self, form: Form) -> Any:
            return flask_babel.get_translations()


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
