"""A token as the rest of dvauth sees it: a value, the rules for it, and how it is written. Pure.

A token is ``dvauth_``, its id and its secret. The prefix lets scanners find one that was left in a repository; the id
is shown in lists and in the audit log, and opens nothing.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from dvauth.api_tokens.errors import BadLifetime, BadTokenName, NoScope, UnknownScope

MAX_NAME = 100
LONGEST = timedelta(days=365)
SHORTEST = timedelta(minutes=1)
ID_BYTES, SECRET_BYTES = 6, 32
_WRITTEN = re.compile(r"dvauth_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


class Scope(StrEnum):
    """What a token opens: to read or to change, noun by noun. To change does not open to read."""

    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_WRITE = "accounts:write"
    SESSIONS_READ = "sessions:read"
    SESSIONS_WRITE = "sessions:write"
    PORTALS_READ = "portals:read"
    PORTALS_WRITE = "portals:write"
    TIMEOUTS_READ = "timeouts:read"
    TIMEOUTS_WRITE = "timeouts:write"
    AUDIT_READ = "audit:read"
    STATISTICS_READ = "statistics:read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """``digest`` is the SHA-256 of its secret; ``last_used_at`` is exact to ten minutes. Instants are aware UTC."""

    id: str
    name: str
    account_id: str
    scopes: tuple[str, ...]
    digest: str = field(repr=False)
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A token as a program shows it. Whoever has it is let in: it stays out of logs."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        return cls(secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """``None``: it is no token at all."""
        found = _WRITTEN.fullmatch(text)
        return cls(found[1], found[2]) if found else None

    @property
    def text(self) -> str:
        return f"dvauth_{self.id}_{self.secret}"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def is_of(self, token: ApiToken) -> bool:
        return hmac.compare_digest(self.digest, token.digest)


def checked_name(raw: str) -> str:
    """Raises ``BadTokenName``."""
    name = unicodedata.normalize("NFC", raw.strip())
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise BadTokenName(name=raw, most=MAX_NAME)
    return name


def checked_scopes(raw: Iterable[str]) -> tuple[str, ...]:
    """In the order of ``Scope``, each once. Raises ``NoScope``, ``UnknownScope``."""
    asked = list(raw)
    for scope in asked:
        if scope not in tuple(Scope):
            raise UnknownScope(scope=scope, known=", ".join(Scope))
    if not asked:
        raise NoScope
    return tuple(scope.value for scope in Scope if scope in asked)


def checked_lifetime(lasts: timedelta) -> timedelta:
    """Raises ``BadLifetime``."""
    if not SHORTEST <= lasts <= LONGEST:
        raise BadLifetime(most=LONGEST.days)
    return lasts
