"""What administrators type about tokens of programs. Whether it is right, the service says."""

from datetime import timedelta
from typing import Any, Self

from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from wtforms import Form, SelectField, StringField
from wtforms.validators import InputRequired

from dvauth.api_tokens.errors import ApiTokenError, BadLifetime, BadTokenName
from dvauth.api_tokens.token import Scope
from dvauth.web.forms import CheckboxesField
from dvauth.web.i18n import in_words
from dvauth.web.i18n import lazy_gettext as _

DAYS = (30, 90, 180, 365)
SCOPES = {
    Scope.ACCOUNTS_READ: _("Read accounts"),
    Scope.ACCOUNTS_WRITE: _("Add and change accounts"),
    Scope.SESSIONS_READ: _("Read sessions"),
    Scope.SESSIONS_WRITE: _("End sessions"),
    Scope.PORTALS_READ: _("Read portals"),
    Scope.PORTALS_WRITE: _("Register and change portals"),
    Scope.TIMEOUTS_READ: _("Read timeouts"),
    Scope.TIMEOUTS_WRITE: _("Change timeouts"),
    Scope.AUDIT_READ: _("Read the audit log"),
    Scope.STATISTICS_READ: _("Read statistics"),
}


def _scopes() -> dict[str, str]:
    return {scope.value: f"{title} ({scope})" for scope, title in SCOPES.items()}


def _lifetimes() -> dict[str, str]:
    return {str(days): in_words(timedelta(days=days)) for days in DAYS}


class NewTokenForm(Form):
    name = StringField(
        _("Name"), [InputRequired(_("Enter a name"))], render_kw={"autocomplete": "off", "spellcheck": "false"}
    )
    scopes = CheckboxesField(_("What it may do"), choices=_scopes, validate_choice=False)
    days = SelectField(_("How long it works"), choices=_lifetimes, default="90")

    @classmethod
    def sent(cls, typed: MultiDict[str, str]) -> Self:
        return cls(typed)

    def values(self) -> dict[str, Any]:
        lasts = timedelta(days=int(self.days.data))
        return {"name": self.name.data or "", "scopes": self.scopes.data or (), "lasts": lasts}

    def take(self, refused: ApiTokenError) -> None:
        """Show why it was refused, beside the field where that is."""
        fields = {BadTokenName: self.name, BadLifetime: self.days}
        fields.get(type(refused), self.scopes).errors = [refused.explain(gettext)]
