"""Passwords: what may be chosen, and how they are hashed.

The length is ruled, and that it is not among the first to be guessed; no composition: NIST SP 800-63B-4, 3.1.1.2. A
password is normalised to NFC before it is counted and hashed, so that it fits however a keyboard composes its letters
(docs/decisions/0010).
"""

import unicodedata
from collections.abc import Callable, Iterable
from datetime import timedelta

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from dvauth.accounts.errors import PasswordTooLong, PasswordTooShort
from dvauth.accounts.guessing import refuse_guessable
from dvauth.accounts.hashing_slots import HashingSlots

# In code points. NIST: at least 15 for a password without a second factor, at least 64 permitted.
SHORTEST = 15
LONGEST = 256
# As typed: room for the longest password in any Unicode form.
MOST_TYPED = 4 * LONGEST

# OWASP Password Storage Cheat Sheet, the row with the least memory × time; KiB.
MEMORY_COST = 19_456
TIME_COST = 2

# A hash takes some 30 ms: whoever is not served within this is better told to come again.
LONGEST_WAIT = timedelta(seconds=2)


class Passwords:
    """Checks, hashes and verifies passwords; ``slots`` is how many hashes this process may do at a time.

    ``portal_names`` may raise what it likes, such as ``DatabaseUnavailable``; so does ``choose`` then.
    """

    def __init__(
        self,
        *,
        site_name: str,
        portal_names: Callable[[], Iterable[str]] = tuple,
        slots: int = 1,
        line: int = 4,
        wait: timedelta = LONGEST_WAIT,
        memory_cost: int = MEMORY_COST,
        time_cost: int = TIME_COST,
    ) -> None:
        self._site_name = site_name
        self._portal_names = portal_names
        self._slots = HashingSlots(slots, line=line, wait=wait)
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_cost, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
        )
        # Whoever has no password is checked against this one, and takes as long.
        self._nobody = self._hasher.hash("")

    def choose(self, password: str, *, own_names: Iterable[str]) -> str:
        """The hash of a new password of whoever has these names.

        Raises ``PasswordRefused`` (before hashing), ``HashingBusy``.
        """
        chosen = _normalised(password)
        _require_length(chosen)
        known_names = [self._site_name, *self._portal_names()]
        with self._slots.taken():
            refuse_guessable(chosen, known_names, own_names)
            return self._hasher.hash(_bytes(password))

    def verify(self, stored: str | None, password: str) -> str | None:
        """The hash to keep from now on: the stored one, or a new one if the cost was raised since.

        ``None`` if the password is wrong, and after the same time if there is none to compare with (``stored`` is
        ``None``). Raises ``HashingBusy``.
        """
        with self._slots.taken():
            if not self._matches(stored or self._nobody, password) or stored is None:
                return None
            return self._hasher.hash(_bytes(password)) if self._hasher.check_needs_rehash(stored) else stored

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, _bytes(password))
        except (VerifyMismatchError, InvalidHashError):
            return False


def _require_length(password: str) -> None:
    if len(password) < SHORTEST:
        raise PasswordTooShort(length=len(password), least=SHORTEST)
    if len(password) > LONGEST:
        raise PasswordTooLong(length=len(password), most=LONGEST)


def is_same(one: str, other: str) -> bool:
    """Whether both open the same account."""
    return _bytes(one) == _bytes(other)


def _bytes(password: str) -> bytes:
    # A lone surrogate cannot come from a browser, but from a terminal; it must not become an error.
    return _normalised(password).encode("utf-8", "surrogatepass")


def _normalised(password: str) -> str:
    """What is too long stays as it is and fits no hash: normalising costs time by the square of the length."""
    return unicodedata.normalize("NFC", password) if len(password) <= MOST_TYPED else password
