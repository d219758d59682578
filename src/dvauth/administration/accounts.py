"""What administrators do with accounts: find them, add them one by one or by a file, change, lock out and help in.

They never choose or see a password: a one-time link lets the owner choose it (ASVS 6.4.6). The command alone can set
one, for whoever has the machine itself.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from dvauth.accounts.account import Account, Draft, checked_roles
from dvauth.accounts.directory import AccountDirectory
from dvauth.accounts.errors import NoSuchAccount
from dvauth.accounts.idempotency_keys import IdempotencyKeys
from dvauth.accounts.search import PAGE, AccountSearch, Page, Wanted
from dvauth.accounts.setup_links import Note, SetupLinks, nothing
from dvauth.accounts.throttle import LoginThrottle
from dvauth.administration.actor import Actor, Record
from dvauth.explained import N_, Explained
from dvauth.timeouts.policy import ADMIN_ROLE

EVENTS_AT_A_TIME = 250  # fewer than the audit log lets wait

Progress = Callable[[Iterable[Draft]], Iterable[Draft]]


class OwnAccount(Explained):
    """An act by which administrators would lock themselves out."""


class CannotDisableSelf(OwnAccount):
    sentence = N_("You cannot disable your own account; ask another administrator.")


class CannotDemoteSelf(OwnAccount):
    sentence = N_("You cannot take the role of administrator from yourself; ask another administrator.")


class OfAdministrators(Explained):
    """A program whose token lets it change accounts would else have all that administrators have, by a link of one."""

    sentence = N_("No program makes somebody an administrator or changes an administrator's account: people do that.")


@dataclass(frozen=True, slots=True)
class Invitation:
    """The one-time link of an account, shown once; ``until`` is when it stops to work, ``lasts`` after it was made."""

    account: Account
    url: str
    until: datetime
    lasts: timedelta


def unseen(drafts: Iterable[Draft]) -> Iterable[Draft]:
    """The progress of what nobody watches."""
    return drafts


class AccountAdministration:
    """``require_roles`` refuses roles that there are not; ``flush`` waits until what was recorded is kept."""

    def __init__(
        self,
        *,
        accounts: AccountDirectory,
        search: AccountSearch,
        links: SetupLinks,
        keys: IdempotencyKeys,
        throttle: LoginThrottle,
        require_roles: Callable[[Iterable[str]], None],
        base_url: str,
        now: Callable[[], datetime],
        record: Record,
        flush: Callable[[], object],
    ) -> None:
        self._accounts = accounts
        self._search = search
        self._links = links
        self._keys = keys
        self._throttle = throttle
        self._require_roles = require_roles
        self._base_url = base_url
        self._now = now
        self._record = record
        self._flush = flush

    def page(self, wanted: Wanted, most: int = PAGE) -> Page:
        return self._search.page(wanted, most)

    def every(self) -> Iterator[Account]:
        """By username."""
        return self._search.every()

    def get(self, account_id: str) -> Account:
        """Raises ``NoSuchAccount``."""
        found = self._accounts.get(account_id)
        if found is None:
            raise NoSuchAccount(name=account_id)
        return found

    def find(self, username: str) -> Account:
        """Raises ``NoSuchAccount``."""
        found = self._accounts.find(username)
        if found is None:
            raise NoSuchAccount(name=username)
        return found

    def failures(self, account: Account) -> int:
        """How many logins in a row failed. Raises ``StoreUnavailable``."""
        return self._throttle.failures(account.username)

    def add(self, actor: Actor, draft: Draft, key: str | None = None) -> Invitation:
        """By a ``key`` once: asked again by it, the account that is there has a new link.

        Raises ``OfAdministrators``, ``UnknownRole``, ``BadIdempotencyKey``, ``IdempotencyKeyReused`` and what
        ``AccountDirectory.add`` raises.
        """
        _require_person(actor, draft.roles)
        self._require_roles(draft.roles)
        if key is None:
            return self.add_all(actor, [draft])[0]
        if added := self._keys.account_added(actor.name, key, draft):
            return self.invite(actor, self.get(added))

        def note(sql: Session, account: Account) -> None:
            self._keys.note(sql, actor.name, key, draft, account)

        return self.add_all(actor, [draft], note=note)[0]

    def add_all(
        self, actor: Actor, drafts: Iterable[Draft], progress: Progress = unseen, note: Note = nothing
    ) -> list[Invitation]:
        """All of them or none, with roles that were checked. ``progress`` passes on what it is handed.

        Raises what ``insert_account`` raises.
        """
        invited = self._links.invite(progress(drafts), note)
        for count, (account, _token) in enumerate(invited, start=1):
            roles = " ".join(account.roles)
            self._record("user_created", **actor.recorded, account=account.id, roles=roles)
            if count % EVENTS_AT_A_TIME == 0:
                self._flush()
        return [self._invitation(account, token) for account, token in invited]

    def invite(self, actor: Actor, account: Account) -> Invitation:
        """A new link; an older one no longer works. Raises ``OfAdministrators``, ``NoSuchAccount``."""
        _require_person(actor, account.roles)
        token = self._links.issue(account.id)
        self._note(actor, account, change="setup link issued")
        return self._invitation(account, token)

    def invite_again(self, actor: Actor, usernames: Iterable[str]) -> list[Invitation]:
        """New links for those who have chosen no password yet; their older ones no longer work."""
        invited = self._links.renew(usernames)
        for count, (account, _token) in enumerate(invited, start=1):
            self._note(actor, account, change="setup link issued")
            if count % EVENTS_AT_A_TIME == 0:
                self._flush()
        return [self._invitation(account, token) for account, token in invited]

    def rename(self, actor: Actor, account: Account, display_name: str) -> None:
        """Raises ``OfAdministrators``, ``BadDisplayName``, ``NoSuchAccount``."""
        _require_person(actor, account.roles)
        self._accounts.rename(account.id, display_name)
        after = self.get(account.id).display_name
        self._note(actor, account, change="renamed", before=account.display_name, after=after)

    def set_roles(self, actor: Actor, account: Account, roles: Iterable[str]) -> None:
        """Live sessions have them within two seconds.

        Raises ``OfAdministrators``, ``UnknownRole``, ``CannotDemoteSelf``, ``LastAdministrator``, and what
        ``checked_roles`` raises.
        """
        chosen = checked_roles(roles)
        _require_person(actor, {*account.roles, *chosen})
        self._require_roles(set(chosen) - set(account.roles))
        if actor.name == account.id and ADMIN_ROLE in account.roles and ADMIN_ROLE not in chosen:
            raise CannotDemoteSelf
        self._accounts.set_roles(account.id, chosen)
        before, after = " ".join(account.roles), " ".join(chosen)
        self._record("authz_change", **actor.recorded, account=account.id, before=before, after=after)

    def disable(self, actor: Actor, account: Account) -> None:
        """No login, and all sessions end.

        Raises ``OfAdministrators``, ``CannotDisableSelf``, ``LastAdministrator``, ``NoSuchAccount``.
        """
        _require_person(actor, account.roles)
        if actor.name == account.id:
            raise CannotDisableSelf
        self._accounts.disable(account.id)
        self._note(actor, account, change="disabled", before=_state(account), after="disabled")

    def enable(self, actor: Actor, account: Account) -> None:
        """Raises ``OfAdministrators``, ``NoSuchAccount``."""
        _require_person(actor, account.roles)
        self._accounts.enable(account.id)
        self._note(actor, account, change="enabled", before=_state(account), after="enabled")

    def unlock(self, actor: Actor, account: Account) -> int:
        """Forget the failed logins, and tell how many there were. Raises ``OfAdministrators``, ``StoreUnavailable``."""
        _require_person(actor, account.roles)
        failures = self.failures(account)
        self._throttle.forgive(account.username)
        self._note(actor, account, change="unlocked", before=f"failures={failures}", after="failures=0")
        return failures

    def end_sessions(self, actor: Actor, account: Account) -> None:
        """The person proves again who they are, on every device. Raises ``NoSuchAccount``.

        They end with the reason ``revoked``, and if Redis is away, once it is back.
        """
        self._accounts.end_sessions(account.id)
        self._note(actor, account, change="sessions ended")

    def set_password(self, actor: Actor, account: Account, password: str) -> None:
        """All sessions end. Raises ``PasswordRefused``, ``NoSuchAccount``, ``HashingBusy``."""
        self._accounts.set_password(account.id, password)
        self._record("authn_password_change", **actor.recorded, account=account.id)

    def settle(self, account: Account) -> None:
        """Raises ``StoreUnavailable`` where live sessions have not heard of a change yet."""
        self._accounts.settle(account.id)

    def export(self, actor: Actor) -> Iterator[Account]:
        """Every account, to be taken along."""
        self._record("authz_admin", **actor.recorded, action="accounts exported")
        return self.every()

    def _invitation(self, account: Account, token: str) -> Invitation:
        lasts = self._links.lifetime
        return Invitation(account, f"{self._base_url}/setup/{token}", self._now() + lasts, lasts)

    def _note(self, actor: Actor, account: Account, **details: Any) -> None:
        self._record("user_updated", **actor.recorded, account=account.id, **details)


def _require_person(actor: Actor, roles: Iterable[str]) -> None:
    if actor.token and ADMIN_ROLE in roles:
        raise OfAdministrators


def document(account: Account) -> dict[str, Any]:
    """Plain values for JSON."""
    return {
        "id": account.id,
        "username": account.username,
        "name": account.display_name,
        "roles": list(account.roles),
        "enabled": account.is_enabled,
        "has_password": account.password_hash is not None,
        "created_at": account.created_at.isoformat(),
        "last_login_at": account.last_login_at.isoformat() if account.last_login_at else None,
    }


def invitation_document(made: Invitation) -> dict[str, Any]:
    return {**document(made.account), "setup_link": made.url, "setup_link_seconds": made.lasts.total_seconds()}


def _state(account: Account) -> str:
    return "enabled" if account.is_enabled else "disabled"
