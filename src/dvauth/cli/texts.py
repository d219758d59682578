"""What the command line says, in the language of the terminal: Vietnamese or English."""

import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files

from babel.support import NullTranslations, Translations


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
