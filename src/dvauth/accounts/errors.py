"""What can be wrong with an account, a password or a login.

AccountError                explains itself to people
    BadUsername, BadDisplayName, UsernameTaken, BadRole, TooManyRoles, NoSuchAccount, LastAdministrator, LinkUnusable,
    BadIdempotencyKey, IdempotencyKeyReused
    LoginLocked             nothing was checked; said alike of names that no account has
    PasswordRefused
        PasswordTooShort, PasswordTooLong, PasswordIsCommon, PasswordIsKnown, PasswordUnchanged
InvalidCredentials          unknown, wrong, disabled or without a password: nobody is told which
TooManyAttempts             ``retry_after`` in seconds
HashingBusy                 ``retry_after`` in seconds; not the person's fault, and not counted
"""

from dvauth.explained import N_, Explained


class AccountError(Explained):
    """Something the person asking can mend."""


class BadUsername(AccountError):
    sentence = N_("“{name}” cannot be a username: use 1 to {most} visible characters without spaces.")


class BadDisplayName(AccountError):
    sentence = N_("“{name}” cannot be a name: use 1 to {most} visible characters.")


class UsernameTaken(AccountError):
    sentence = N_("There is already an account “{name}”.")


class BadRole(AccountError):
    sentence = N_("“{role}” cannot be a role: use up to {most} small letters, digits and hyphens.")


class TooManyRoles(AccountError):
    sentence = N_("These roles take {length} characters, spaces between them included; at most {most} fit.")


class NoSuchAccount(AccountError):
    sentence = N_("There is no account “{name}”.")


class LastAdministrator(AccountError):
    sentence = N_("“{name}” is the last active administrator; make somebody else administrator first.")


class LinkUnusable(AccountError):
    sentence = N_("This link is unknown, expired or used up. Ask an administrator for a new one.")


class BadIdempotencyKey(AccountError):
    sentence = N_("A key of a request is 1 to {most} visible characters, of ASCII and without spaces.")


class IdempotencyKeyReused(AccountError):
    sentence = N_("The key “{key}” was used for another request: take a new one for each.")


class LoginLocked(AccountError):
    sentence = N_("Too many wrong passwords in a row: waiting does not help. Ask an administrator for a new link.")


class PasswordRefused(AccountError):
    """The password must not be chosen; the sentence says why and what to do."""


class PasswordTooShort(PasswordRefused):
    sentence = N_("This password has {length} characters; at least {least} are needed. A few words make a good one.")


class PasswordTooLong(PasswordRefused):
    sentence = N_("This password has {length} characters; at most {most} can be used.")


class PasswordIsCommon(PasswordRefused):
    sentence = N_(
        "This password would soon be guessed: it is common, repeats itself, or follows the alphabet, the numbers or "
        "the keyboard. Choose several words that have nothing to do with each other."
    )


class PasswordIsKnown(PasswordRefused):
    sentence = N_(
        "This password is little more than your own name, your username, or the name of the site or a portal, which "
        "anybody would try first. Choose several words that have nothing to do with it."
    )


class PasswordUnchanged(PasswordRefused):
    sentence = N_("This is the current password; choose another one.")


class InvalidCredentials(Exception):
    """Username and password do not open an account. One answer for all causes."""


class TooManyAttempts(Exception):
    """Too many failed logins lately; nothing was checked. ``retry_after`` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"retry after {retry_after} s")


class HashingBusy(Exception):
    """Every core allowed to hash passwords is busy. ``retry_after`` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"retry after {retry_after} s")
