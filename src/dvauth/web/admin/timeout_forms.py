"""Timeouts as an administrator types them: durations in words, one field for each limit."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Self

from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from wtforms import IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional

from dvauth.policies.book import ReasonMissing
from dvauth.timeouts.durations import TooLong, parse_duration
from dvauth.timeouts.policy import FIELDS, Mistake, Override, PolicyError, TimeoutPolicy
from dvauth.web.admin.whose import whose
from dvauth.web.forms import TranslatedForm
from dvauth.web.i18n import in_words
from dvauth.web.i18n import lazy_gettext as _

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class DurationField(StringField):
    """An empty field has no ``data``."""

    data: timedelta | None  # type: ignore[assignment]  # of a StringField it is text

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return in_words(self.data) if isinstance(self.data, timedelta) else ""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        typed = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not typed:
            return
        try:
            self.data = parse_duration(typed)
        except TooLong:
            raise ValueError(gettext("“%(typed)s” is too long.") % {"typed": typed}) from None
        except ValueError:
            number = typed if typed.isdecimal() and typed.strip("0") else "15"
            sentence = gettext("“%(typed)s” is no duration. Write a number and its unit, such as “%(number)s minutes”.")
            raise ValueError(sentence % {"typed": typed, "number": number}) from None


class TimeoutForm(TranslatedForm):
    idle_timeout = DurationField(_("Log out without activity after"), render_kw=_PLAIN)
    warn_before = DurationField(_("Warn so long before"), render_kw=_PLAIN)
    absolute_timeout = DurationField(_("Log out in any case after"), render_kw=_PLAIN)
    remember_for = DurationField(_("Remember a login for"), render_kw=_PLAIN)
    max_sessions = IntegerField(_("Devices logged in at a time, at most"), [Optional()], render_kw=_PLAIN)
    reason = TextAreaField(_("Why it is looser than recommended"), render_kw={"rows": 3})

    @classmethod
    def showing(cls, policy: TimeoutPolicy | Override, fields: Sequence[str]) -> Self:
        return cls(data={name: getattr(policy, name) for name in fields}).with_only(fields)

    @classmethod
    def sent(cls, typed: MultiDict[str, str], fields: Sequence[str], *, required: bool) -> Self:
        form = cls(typed).with_only(fields)
        if required:
            for name in fields:
                form[name].validators = [InputRequired(gettext("%(field)s: enter a value", field=field_title(name)))]
        return form

    def with_only(self, fields: Sequence[str]) -> Self:
        for name in FIELDS:
            if name not in fields:
                del self[name]
        return self

    def values(self) -> dict[str, Any]:
        """What was typed, by field; an empty one is ``None``."""
        return {name: self[name].data for name in FIELDS if name in self}

    def take(
        self, refused: PolicyError | ReasonMissing, own: str = "", in_force: TimeoutPolicy | Override | None = None
    ) -> None:
        """Show why it was refused: beside the field if it is of the policy that the form is about, else by its name.

        ``own`` is whose that is, as in ``Mistake``. Of two fields that do not fit together the one is blamed that
        differs from what is ``in_force``.
        """
        if isinstance(refused, ReasonMissing):
            self.reason.errors = [gettext("Write down why, so that you can answer for it later.")]
            return
        for mistake in refused.mistakes:
            name, sentence = self._blamed(mistake, in_force), mistake.explain(gettext, say)
            if name == "reason" or (name in self and mistake.whose == own):
                self[name].errors = [*self[name].errors, sentence]
            else:
                self.form_errors.append(told(mistake))

    def _blamed(self, mistake: Mistake, in_force: TimeoutPolicy | Override | None) -> str:
        name, other = str(mistake.values["field"]), str(mistake.values.get("other", ""))
        changed = {each for each in (name, other) if each in self and self[each].data != getattr(in_force, each, None)}
        return other if changed == {other} else name


def told(mistake: Mistake) -> str:
    """A mistake as a sentence, with whose it is."""
    kind, _colon, name = mistake.whose.partition(":")
    return f"{whose(kind, name)}: {mistake.explain(gettext, say)}"


def say(value: Any) -> str:
    """A value, or the name of a field, in words; of an override that leaves a field alone, that it does."""
    if value is None:
        return gettext("as for everybody")
    if isinstance(value, timedelta):
        return in_words(value)
    return field_title(value) if value in FIELDS else str(value)


def field_title(name: str) -> str:
    return str(getattr(TimeoutForm, name).args[0])
