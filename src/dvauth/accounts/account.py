"""An account as the rest of dvauth sees it: a value, and the rules for its names."""

import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

from dvauth.accounts.errors import BadRole, BadUsername

ADMIN = "admin"
KNOWN_ROLES = ("reader", "editor", ADMIN)

ID_LENGTH = 12
MAX_USERNAME = 64
MAX_ROLE = 16

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
    def is_active(self) -> bool:
        return self.disabled_at is None


def new_id() -> str:
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(ID_LENGTH))


def canonical(name: str) -> str:
    """The form by which names are compared and counted: “ＡＮ”, “An” and “an” are one name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def checked_username(raw: str) -> str:
    """The name in its shown form. Raises ``BadUsername``."""
    name = unicodedata.normalize("NFC", raw.strip())
    fits = 1 <= len(name) <= MAX_USERNAME and len(canonical(name)) <= MAX_USERNAME
    if not fits or not name.isprintable() or " " in name:
        raise BadUsername(name=raw, most=MAX_USERNAME)
    return name


def checked_roles(roles: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """The roles, sorted, each once. Raises ``BadRole``."""
    for role in roles:
        if not re.fullmatch(rf"[a-z][a-z0-9-]{{0,{MAX_ROLE - 1}}}", role):
            raise BadRole(role=role, most=MAX_ROLE)
    return tuple(sorted(set(roles)))
