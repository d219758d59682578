"""What stood before and after an act, as the audit log keeps it in one line, in the words of the pages."""

import re
from contextlib import suppress

from flask_babel import gettext

from dvauth.audit.events import Event
from dvauth.portals.look import WORDS
from dvauth.portals.portal import Activity
from dvauth.timeouts.durations import parse_duration
from dvauth.timeouts.policy import FIELDS
from dvauth.web.admin.timeout_forms import field_title
from dvauth.web.i18n import in_words, role_name

PORTAL_FACTS = ("name", "origins", "activity", "mounted", "accent")
_NAMES = "|".join([*FIELDS, *PORTAL_FACTS, "failures", rf"(?:vi|en)\.(?:{'|'.join(WORDS)})"])
_FACT = re.compile(rf"(?:^| )({_NAMES})=")


def facts(event: str, line: str) -> str:
    """``Log out without activity after: 15 minutes``; what is no such line stays as it was recorded."""
    if event == Event.AUTHZ_CHANGE:
        return roles(line)
    _before, *found = _FACT.split(line)
    if not found or _before:
        return _value(line)
    return "; ".join(f"{_title(name)}: {_value(value)}" for name, value in zip(found[::2], found[1::2], strict=True))


def roles(line: str) -> str:
    """Roles with spaces between."""
    return ", ".join(map(role_name, line.split())) or gettext("none")


def _title(name: str) -> str:
    if name in FIELDS:
        return field_title(name)
    language, _dot, word = name.partition(".")
    known = {
        "name": gettext("Name"),
        "origins": gettext("Addresses"),
        "activity": gettext("What keeps a session alive when its proxy asks /verify"),
        "mounted": gettext("Its host maps /dvauth/ to this service"),
        "accent": gettext("Colour of the button"),
        "failures": gettext("Wrong passwords in a row"),
        "title": gettext("Heading"),
        "message": gettext("Words before the button"),
        "button": gettext("Button"),
    }
    return f"{known[word]} ({language})" if word else known[name]


def _value(value: str) -> str:
    known = {
        "unset": gettext("not set"),
        "none": gettext("nothing"),
        "yes": gettext("yes"),
        "no": gettext("no"),
        "enabled": gettext("enabled"),
        "disabled": gettext("disabled"),
        Activity.NAVIGATION.value: gettext("a page that the person opens"),
        Activity.ANY.value: gettext("every request"),
    }
    if value in known:
        return known[value]
    with suppress(ValueError):
        return in_words(parse_duration(value))
    return value
