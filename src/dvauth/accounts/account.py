"""An account as the rest of dvauth sees it: a value, and the rules for its names."""

import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from dvauth.accounts.errors import BadDisplayName, BadRole, BadUsername, TooManyRoles
from dvauth.timeouts.policy import ADMIN_ROLE

KNOWN_ROLES = ("reader", "editor", ADMIN_ROLE)

ID_LENGTH = 12
MAX_USERNAME = 64
MAX_DISPLAY_NAME = 200
MAX_ROLE = 16
# All of an account, joined by spaces, in bytes: Redis holds a session tightly only while every value is this short.
MAX_ROLES = 64
# In code points, as typed: room for the longest username in any Unicode form.
MOST_TYPED = 4 * MAX_USERNAME

# 32 signs that nobody confuses when reading them aloud; 12 of them are 60 bits.
_ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One person who may log in. Instants are aware UTC; roles are sorted."""

    id: str
    username: str
    display_name: str
    roles: tuple[str, ...]
    created_at: datetime
    password_hash: str | None = field(default=None, repr=False)
    disabled_at: datetime | None = None
    password_changed_at: datetime | None = None
    last_login_at: datetime | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Those that colleagues know its owner by."""
        return self.username, self.display_name

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None


@dataclass(frozen=True, slots=True)
class Draft:
    """What an account is to be; nothing of it is checked yet. Without a display name it gets its username."""

    username: str
    display_name: str | None = None
    roles: tuple[str, ...] = ()


def new_id() -> str:
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(ID_LENGTH))


def canonical(name: str) -> str:
    """The form by which names are compared and counted: “ＡＮ”, “An” and “an” are one name.

    What is too long for a name is the empty one, which nobody has: normalising costs time by the square of the length,
    and strangers may send any length.
    """
    typed = name.strip()
    if len(typed) > MOST_TYPED:
        return ""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", typed).casefold())


def plain(text: str) -> str:
    """As people type it when they are lazy: “Cổng Báo-tỉnh” is “cong bao-tinh”."""
    letters = unicodedata.normalize("NFD", canonical(text).replace("đ", "d"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def checked_username(raw: str) -> str:
    """The name as it is shown. Raises ``BadUsername``."""
    name = unicodedata.normalize("NFC", raw.strip())
    # NFKC can lengthen a name 18 times.
    fits = name and len(name) <= MAX_USERNAME and len(canonical(name)) <= MAX_USERNAME
    if not fits or not name.isprintable() or " " in name:
        raise BadUsername(name=raw, most=MAX_USERNAME)
    return name


def checked_display_name(raw: str) -> str:
    """Raises ``BadDisplayName``."""
    name = unicodedata.normalize("NFC", raw.strip())
    if not 1 <= len(name) <= MAX_DISPLAY_NAME or not name.isprintable():
        raise BadDisplayName(name=raw, most=MAX_DISPLAY_NAME)
    return name


def checked_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """The roles, sorted, each once. Raises ``BadRole``, ``TooManyRoles``."""
    chosen = sorted(set(roles))
    for role in chosen:
        if not re.fullmatch(rf"[a-z][a-z0-9-]{{0,{MAX_ROLE - 1}}}", role):
            raise BadRole(role=role, most=MAX_ROLE)
    if (length := len(" ".join(chosen))) > MAX_ROLES:
        raise TooManyRoles(length=length, most=MAX_ROLES)
    return tuple(chosen)
