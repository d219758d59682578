"""How soon a password would be guessed: by lists, repetitions, rows, keyboard runs, phrases, and the names at hand.

zxcvbn brings the lists (leaked passwords, words, names; 90,000 in all), so nothing is asked of the network. It judges
the password as a whole: a listed word in a long passphrase is one part among others. Phrases and names count as
nothing; what is left must be hard to guess by itself.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import combinations

from dvauth.accounts.account import canonical, plain
from dvauth.accounts.errors import PasswordIsCommon, PasswordIsKnown
from dvauth.accounts.phrases import COMMON

# What zxcvbn's authors ask for against guessing offline, once hashes are stolen; the throttle allows far fewer.
FEWEST_GUESSES = 10**10

# In code points. What begins well stays good, and zxcvbn takes seconds for 72 digits and signs that stand for letters.
MOST_JUDGED = 32

# In letters. Shorter ones stand in many a word by chance, so they count only where they stand alone.
SHORTEST_WITHIN = 6


def refuse_guessable(password: str, known_names: Iterable[str], own_names: Iterable[str]) -> None:
    """``known_names`` are those that everybody knows, such as the site's; ``own_names`` are the person's.

    Raises ``PasswordIsCommon``, ``PasswordIsKnown``.
    """
    common, own_names = _any_of(COMMON), list(own_names)
    if _guesses(canonical(password)) < FEWEST_GUESSES or _is_little_more_than(common, password):
        raise PasswordIsCommon
    known = _any_of([*COMMON, *_parts([*known_names, *own_names])])
    if _is_little_more_than(f"{_any_order(own_names)}|{known}", password):
        raise PasswordIsKnown


def _guesses(password: str) -> int:
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its lists take 14 MB, and most processes never see a new password

    return int(zxcvbn(password[:MOST_JUDGED])["guesses"]) if password else 0


def _is_little_more_than(pattern: str, password: str) -> bool:
    whole = plain(password)
    rest = re.sub(pattern, " ", whole)
    return rest != whole and _guesses(" ".join(_words(rest))) < FEWEST_GUESSES


def _parts(names: Iterable[str]) -> Iterator[str]:
    """Each name whole, and every run of its words that is long enough to mean it."""
    for name in names:
        words = _words(plain(name))
        runs = [words[start:end] for start, end in combinations(range(len(words) + 1), 2)]
        yield from (" ".join(run) for run in runs if run == words or len("".join(run)) >= SHORTEST_WITHIN)


def _any_order(names: Iterable[str]) -> str:
    """A pattern that finds some of their words in whatever order, where they stand alone: “minhtran”, “Minh”.

    It does not go back: one way to divide a row of letters is enough, and there may be very many.
    """
    words = {word for name in names for word in _words(plain(name))}
    word = f"(?>{'|'.join(sorted(words, key=len, reverse=True)) or '(?!)'})"
    return rf"(?<![^\W\d_]){word}(?:[\W_]*+{word})*+(?![^\W\d_])"


def _any_of(phrases: Iterable[str]) -> str:
    """A pattern that finds them written together or apart, the longest first."""
    found = sorted({tuple(phrase.split()) for phrase in phrases}, key=lambda words: -len("".join(words)))
    return "|".join(_pattern(words) for words in found if words)


def _pattern(words: tuple[str, ...]) -> str:
    pattern = r"[\W_]*".join(map(re.escape, words))
    return pattern if len("".join(words)) >= SHORTEST_WITHIN else rf"(?<![^\W\d_]){pattern}(?![^\W\d_])"


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)
