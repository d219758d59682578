"""How soon a password would be guessed: by lists, repetitions, rows, keyboard runs, and the names at hand.

zxcvbn brings the lists (leaked passwords, words, names; 90,000 in all), so nothing is asked of the network. It judges
the password as a whole: a listed word in a long passphrase is one part among others.
"""

import re
import unicodedata
from collections.abc import Iterable

from dvauth.accounts.account import canonical
from dvauth.accounts.errors import PasswordIsCommon, PasswordIsKnown

# What zxcvbn's authors ask for against guessing offline, once hashes are stolen; the throttle allows far fewer.
FEWEST_GUESSES = 10**10

# In code points. What begins well stays good, and zxcvbn takes seconds for 72 digits and signs that stand for letters.
MOST_JUDGED = 32


def refuse_guessable(password: str, names: Iterable[str]) -> None:
    """``names`` are those that everybody knows. Raises ``PasswordIsCommon``, ``PasswordIsKnown``."""
    if _guesses(canonical(password)) < FEWEST_GUESSES:
        raise PasswordIsCommon
    whole = _bare(password)
    rest = re.sub(_any_of(names), "", whole)
    if rest != whole and _guesses(rest) < FEWEST_GUESSES:
        raise PasswordIsKnown


def _guesses(password: str) -> int:
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its lists take 14 MB, and most processes never see a new password

    return int(zxcvbn(password[:MOST_JUDGED])["guesses"]) if password else 0


def _any_of(names: Iterable[str]) -> str:
    """A pattern of the names and their words, the longest first; two letters stand in many a word by chance."""
    parts = {_bare(part) for name in names for part in (name, *re.split(r"[\W_]+", name))}
    return "|".join(sorted((part for part in parts if len(part) > 2), key=len, reverse=True))


def _bare(text: str) -> str:
    """As people type it when they are lazy: “Cổng Báo-tỉnh” is “congbaotinh”."""
    letters = unicodedata.normalize("NFD", canonical(text).replace("đ", "d"))
    return re.sub(r"[\W_]", "", letters)
