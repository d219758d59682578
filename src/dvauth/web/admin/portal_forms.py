"""Portals as an administrator types them."""

from typing import Any, Self

from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Form, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from dvauth.explained import LANGUAGES
from dvauth.portals.errors import (
    BadAccent,
    BadName,
    BadOrigin,
    BadSlug,
    BadText,
    HostTaken,
    NoOrigin,
    OneHostOnly,
    PaleAccent,
    PortalError,
    SlugTaken,
)
from dvauth.portals.look import WORDS, PromptLook
from dvauth.portals.portal import Activity, Portal
from dvauth.web.forms import TranslatedForm
from dvauth.web.i18n import lazy_gettext as _

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}
_CODE = _PLAIN | {"autocapitalize": "none"}
_FIELD_OF: dict[type[PortalError], str] = {
    BadSlug: "slug",
    SlugTaken: "slug",
    BadName: "name",
    BadOrigin: "origins",
    HostTaken: "origins",
    NoOrigin: "origins",
    OneHostOnly: "origins",
    BadAccent: "accent",
    PaleAccent: "accent",
}


def _activities() -> dict[str, str]:
    return {
        Activity.NAVIGATION.value: gettext("a page that the person opens"),
        Activity.ANY.value: gettext("every request"),
        Activity.NONE.value: gettext("no request; the script alone reports activity"),
    }


class PortalForm(TranslatedForm):
    """Name and origins; ``NewPortalForm`` has what can be chosen but once."""

    name = StringField(_("Name"), [InputRequired(_("Enter a name"))], render_kw=_PLAIN)
    origins = TextAreaField(
        _("Addresses (origins), one a line"),
        [InputRequired(_("Enter at least one address"))],
        render_kw=_CODE | {"rows": 3},
    )

    @classmethod
    def showing(cls, portal: Portal) -> Self:
        return cls(data={"name": portal.name, "origins": "\n".join(portal.origins)})

    def values(self) -> dict[str, Any]:
        return {"name": self.name.data or "", "origins": (self.origins.data or "").split()}

    def take(self, refused: PortalError) -> None:
        """Show why it was refused, beside the field where that is."""
        self[_FIELD_OF[type(refused)]].errors = [refused.explain(gettext)]


class NewPortalForm(PortalForm):
    slug = StringField(_("Short name"), [InputRequired(_("Enter a short name"))], render_kw=_CODE)
    activity = SelectField(_("What keeps a session alive when its proxy asks /verify"), choices=_activities)
    mounted = BooleanField(_("Its host maps /dvauth/ to this service"))

    def values(self) -> dict[str, Any]:
        chosen = {"activity": Activity(self.activity.data), "mounted": self.mounted.data}
        return super().values() | {"slug": self.slug.data or ""} | chosen


class LookForm(Form):
    """The prompt's colour, and its words in each language: ``vi_title`` and so on."""

    accent = StringField(_("Colour of the button"), render_kw=_CODE)
    vi_title = StringField(_("Heading, in Vietnamese"), render_kw=_PLAIN)
    vi_message = StringField(_("Words before the button, in Vietnamese"), render_kw=_PLAIN)
    vi_button = StringField(_("Button, in Vietnamese"), render_kw=_PLAIN)
    en_title = StringField(_("Heading, in English"), render_kw=_PLAIN)
    en_message = StringField(_("Words before the button, in English"), render_kw=_PLAIN)
    en_button = StringField(_("Button, in English"), render_kw=_PLAIN)

    @classmethod
    def showing(cls, look: PromptLook) -> Self:
        words = {f"{language}_{word}": text for language, own in look.texts.items() for word, text in own.items()}
        return cls(data={"accent": look.accent, **words})

    @classmethod
    def sent(cls, typed: MultiDict[str, str]) -> Self:
        return cls(typed)

    def values(self) -> dict[str, Any]:
        texts = {language: {word: self[f"{language}_{word}"].data or "" for word in WORDS} for language in LANGUAGES}
        return {"accent": (self.accent.data or "").strip(), "texts": texts}

    def take(self, refused: PortalError) -> None:
        """Show why it was refused, beside the field where that is."""
        about_a_word = isinstance(refused, BadText)
        wrong = [field for field in self if field.data == refused.values["text"]] if about_a_word else [self.accent]
        for field in wrong:
            field.errors = [refused.explain(gettext)]
