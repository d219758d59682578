"""What the command line says, in the language of the terminal: Vietnamese or English."""

import os
from collections.abc import Mapping
from functools import cache
from gettext import bindtextdomain, ngettext
from importlib.resources import as_file, files

import click
from babel.support import NullTranslations, Translations

from dvauth.explained import N_

# What click says by itself when something is typed wrong, so that it is in our catalogue.
CLICK_SAYS = (
    N_("Usage:"),
    N_("Options"),
    N_("Commands"),
    N_("Show this message and exit."),
    N_("Show the version and exit."),
    N_("default: {default}"),
    N_("required"),
    N_("Missing command."),
    N_("Error: invalid input"),
    N_("file"),
    N_("{name} {filename!r} does not exist."),
    N_("{name} {filename!r} is a directory."),
    N_("{name} {filename!r} is not readable."),
    N_("Try '{command} {option}' for help."),
    N_("Error: {message}"),
    N_("No such command {name!r}."),
    N_("No such option {name!r}."),
    N_("Option {name!r} does not take a value."),
    N_("Missing argument"),
    N_("Missing option"),
    N_("Invalid value for {param_hint}: {message}"),
    N_("{value!r} is not a valid {number_type}."),
    N_("{value} is not in the range {range}."),
    N_("Aborted!"),
    ngettext("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)", 1),
    ngettext("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})", 1),
    ngettext("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments.", 1),
    ngettext("{value!r} is not {choice}.", "{value!r} is not one of {choices}.", 1),
)


def teach_click() -> None:
    """Have click look for its own sentences in our catalogue; it asks the standard library's gettext."""
    bindtextdomain("messages", str(files("dvauth") / "translations"))
    click.IntRange.name = gettext("whole number")  # the one word that it does not ask for


def gettext(sentence: str) -> str:
    """The sentence in the terminal's language; where it has no translation, in English."""
    return _translations(language_of(os.environ)).gettext(sentence)


def language_of(environ: Mapping[str, str]) -> str:
    """``vi`` or ``en``, by the first of the variables of POSIX that is set."""
    chosen = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "vi" if chosen.startswith("vi") else "en"


@cache
def _translations(language: str) -> NullTranslations:
    with as_file(files("dvauth") / "translations") as folder:
        return Translations.load(folder, [language])
