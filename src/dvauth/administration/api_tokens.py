"""What administrators do with tokens: make one for their programs, and revoke it; and what a token is let do.

A token acts for the account that it was made for, and opens nothing once that is no active administrator any more.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from dvauth.accounts.account import Account
from dvauth.accounts.directory import AccountDirectory
from dvauth.accounts.errors import NoSuchAccount
from dvauth.administration.actor import Actor, Record
from dvauth.api_tokens.registry import ApiTokenRegistry
from dvauth.api_tokens.token import ApiToken, Written
from dvauth.explained import N_, Explained
from dvauth.timeouts.policy import ADMIN_ROLE


class NotAnAdministrator(Explained):
    sentence = N_("“{name}” is no active administrator, and a token acts for one.")


class TokenRefused(Exception):
    """One answer for all causes: whoever shows a token is not told which."""


class Refusal(StrEnum):
    """Why, for the audit log alone."""

    UNKNOWN = "unknown"  # or revoked, or no token at all
    EXPIRED = "expired"
    OWNER = "owner"  # disabled, or no administrator any more


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token. ``text`` is what programs show; it is told once."""

    token: ApiToken
    owner: Account
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """All there are, the newest first, with the accounts that they act for. ``now`` is when they were looked at."""

    tokens: list[ApiToken]
    owners: Mapping[str, Account]
    now: datetime

    def is_open(self, token: ApiToken) -> bool:
        return _refusal(token, self.owners.get(token.account_id), self.now) is None


@dataclass(frozen=True, slots=True)
class Admitted:
    """A program that showed a token: for whom it acts, and what it may."""

    actor: Actor
    scopes: tuple[str, ...]


class ApiTokenAdministration:
    """Every method may raise ``DatabaseUnavailable``."""

    def __init__(
        self, *, tokens: ApiTokenRegistry, accounts: AccountDirectory, now: Callable[[], datetime], record: Record
    ) -> None:
        self._tokens = tokens
        self._accounts = accounts
        self._now = now
        self._record = record

    def all(self) -> Tokens:
        found = self._tokens.all()
        return Tokens(found, self._accounts.known({token.account_id for token in found}), self._now())

    def add(self, actor: Actor, username: str, *, name: str, scopes: Iterable[str], lasts: timedelta) -> Issued:
        """Raises ``NoSuchAccount``, ``NotAnAdministrator``, ``ApiTokenError``."""
        owner = self._accounts.find(username)
        if owner is None:
            raise NoSuchAccount(name=username)
        if not _administers(owner):
            raise NotAnAdministrator(name=owner.username)
        token, text = self._tokens.add(owner.id, name=name, scopes=scopes, lasts=lasts)
        self._record(
            "authn_token_created",
            **actor.recorded,
            account=owner.id,
            token=token.id,
            name=token.name,
            scopes=" ".join(token.scopes),
            expires_at=token.expires_at.isoformat(timespec="seconds"),
        )
        return Issued(token, owner, text)

    def revoke(self, actor: Actor, token_id: str) -> ApiToken:
        """Raises ``NoSuchToken``."""
        gone = self._tokens.remove(token_id)
        self._record("authn_token_revoked", **actor.recorded, account=gone.account_id, token=gone.id, name=gone.name)
        return gone

    def admit(self, text: str, address: str) -> Admitted:
        """Whom the token lets in. Raises ``TokenRefused``."""
        shown = Written.parse(text)
        token = self._tokens.get(shown.id) if shown else None
        if shown is None or token is None or not shown.is_of(token):
            raise self._refused(Refusal.UNKNOWN, address, token=shown.id if shown else None)
        if why := _refusal(token, self._accounts.get(token.account_id), self._now()):
            raise self._refused(why, address, token=token.id, account=token.account_id)
        self._tokens.note_use(token)
        return Admitted(Actor(token.account_id, address, token.id), token.scopes)

    def _refused(self, why: Refusal, address: str, *, token: str | None, account: str | None = None) -> TokenRefused:
        self._record("authn_token_fail", address=address, account=account, token=token, reason=why)
        return TokenRefused(why)


def _refusal(token: ApiToken, owner: Account | None, now: datetime) -> Refusal | None:
    if now >= token.expires_at:
        return Refusal.EXPIRED
    return None if owner and _administers(owner) else Refusal.OWNER


def _administers(account: Account) -> bool:
    return account.is_enabled and ADMIN_ROLE in account.roles
