"""What administrators type about accounts. Whether it is right, the service says."""

from collections.abc import Sequence
from typing import Self

from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from wtforms import Form, StringField
from wtforms.validators import InputRequired

from dvauth.administration.timeouts import UnknownRole
from dvauth.explained import Explained
from dvauth.web.forms import CheckboxesField
from dvauth.web.i18n import lazy_gettext as _
from dvauth.web.i18n import role_name

_NAME = {"autocomplete": "off", "spellcheck": "false"}
_USERNAME = {**_NAME, "autocapitalize": "none"}


class RolesForm(Form):
    roles = CheckboxesField(_("Roles"), validate_choice=False)  # the service says which there are

    @classmethod
    def offering(cls, roles: Sequence[str], typed: MultiDict[str, str] | None = None, held: Sequence[str] = ()) -> Self:
        """``held`` are ticked, unless something was ``typed``."""
        form = cls(typed, data={"roles": list(held)})
        form.roles.choices = [(role, role_name(role)) for role in roles]
        return form


class NewAccountForm(RolesForm):
    username = StringField(_("Username"), [InputRequired(_("Enter a username"))], render_kw=_USERNAME)
    display_name = StringField(_("Name that people read"), render_kw=_NAME)


class RenameForm(Form):
    display_name = StringField(_("Name that people read"), [InputRequired(_("Enter a name"))], render_kw=_NAME)


def told(why: Explained) -> str:
    """In words; where a command would be named, the page."""
    if not isinstance(why, UnknownRole):
        return why.explain(gettext)
    sentence = gettext(
        "There is no role “{role}”; there are {known}. A role of your own begins with its times on the page “Automatic "
        "logout”."
    )
    return sentence.format(**why.values)
