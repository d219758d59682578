"""What can be wrong with a token.

ApiTokenError               explains itself to people
    BadTokenName, NoScope, UnknownScope, BadLifetime, NoSuchToken
"""

from dvauth.explained import N_, Explained


class ApiTokenError(Explained):
    """Something the person asking can mend."""


class BadTokenName(ApiTokenError):
    sentence = N_("“{name}” cannot be a token's name: use 1 to {most} visible characters.")


class NoScope(ApiTokenError):
    sentence = N_("A token without a scope opens nothing: choose at least one.")


class UnknownScope(ApiTokenError):
    sentence = N_("There is no scope “{scope}”; there are {known}.")


class BadLifetime(ApiTokenError):
    sentence = N_("A token lasts at least a minute, and at most {most} days.")


class NoSuchToken(ApiTokenError):
    sentence = N_("There is no token “{id}”; it may have been revoked already.")
