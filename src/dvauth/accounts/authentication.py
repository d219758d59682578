"""Username and password, from the throttle to the account."""

from dataclasses import replace
from typing import Any, Protocol

from dvauth.accounts.account import Account
from dvauth.accounts.directory import AccountDirectory
from dvauth.accounts.errors import InvalidCredentials, PasswordUnchanged
from dvauth.accounts.passwords import Passwords, is_same
from dvauth.accounts.throttle import FREE_FAILURES, MOST_FAILURES, Attempt, LoginThrottle, Scope


class Record(Protocol):
    """Writes one event of the audit log; the names are those of its catalogue."""

    def __call__(
        self,
        event: str,
        /,
        *,
        account: str | None = None,
        portal: str | None = None,
        address: str | None = None,
        **details: Any,
    ) -> object: ...


class Authenticator:
    """Finds out whether somebody is who they say. Opens no session; see ``confirm``."""

    def __init__(
        self, *, accounts: AccountDirectory, passwords: Passwords, throttle: LoginThrottle, record: Record
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._throttle = throttle
        self._record = record

    def authenticate(self, username: str, password: str, address: str, portal: str | None = None) -> Account:
        """The enabled account that the two open. ``portal`` is the slug of the one that the person goes to.

        Raises ``InvalidCredentials`` (unknown, wrong, disabled, no password yet: after the same work),
        ``TooManyAttempts`` and ``LoginLocked`` (before any), ``HashingBusy``, ``DatabaseUnavailable``,
        ``StoreUnavailable``: of these none but the first counts as a failure.
        """
        account, attempt = self._prove(username, password, address, portal)
        self._record("authn_login_success", account=account.id, portal=portal, address=address, factor="password")
        if attempt.failures > 1:
            self._record(
                "authn_login_successafterfail", account=account.id, address=address, retries=attempt.failures - 1
            )
        return account

    def confirm(self, account: Account) -> bool:
        """Whether what was authenticated still holds, asked again after the session was opened.

        An administrator who disables the account in between has either been seen here, or finds the session to end.
        """
        current = self._accounts.get(account.id)
        return current is not None and _standing(current) == _standing(account)

    def change_password(self, account: Account, current: str, new: str, *, address: str, keep: str) -> None:
        """Replace the own password; all sessions end but ``keep``.

        Raises what ``authenticate`` raises about the current password, and ``PasswordRefused`` about the new one.
        A current password that was replaced meanwhile, such as by a setup link, is a wrong one.
        """
        try:
            proven, _ = self._prove(account.username, current, address)
            if is_same(current, new):
                raise PasswordUnchanged
            self._accounts.set_password(account.id, new, instead_of=proven.password_hash, keep=keep)
        except InvalidCredentials:
            self._record("authn_password_change_fail", account=account.id, address=address)
            raise
        self._record("authn_password_change", account=account.id, address=address)

    def _prove(self, username: str, password: str, address: str, portal: str | None = None) -> tuple[Account, Attempt]:
        with self._throttle.attempt(username, address) as attempt:
            account = self._accounts.find(username)
            kept = self._passwords.verify(_hash_to_match(account), password)
            if account is None or kept is None:
                self._record_failure(account, attempt, address, portal)
                raise InvalidCredentials
        # Sessions that an unheard change should have ended must not survive next to the one to be opened.
        self._accounts.settle(account.id)
        self._accounts.note_login(account, kept)
        return replace(account, password_hash=kept), attempt

    def _record_failure(self, account: Account | None, attempt: Attempt, address: str, portal: str | None) -> None:
        # The name of no account is not written down: people type their password there by mistake.
        whom = account.id if account else None
        self._record("authn_login_fail", account=whom, portal=portal, address=address, factor="password")
        if attempt.failures >= MOST_FAILURES:
            self._record("authn_login_lock", account=whom, address=address, reason="maxretries")
        elif Scope.ACCOUNT in attempt.exhausted:
            self._record("authn_login_fail_max", account=whom, address=address, limit=FREE_FAILURES)
        for scope in sorted(attempt.exhausted - {Scope.ACCOUNT}):
            self._record("excess_rate_limit_exceeded", account=whom, address=address, limit=scope.name.lower())


def _hash_to_match(account: Account | None) -> str | None:
    return account.password_hash if account and account.is_enabled else None


def _standing(account: Account) -> tuple[object, ...]:
    return account.is_enabled, account.password_changed_at, account.roles
