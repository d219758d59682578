"""Which roles there are. A mistyped role would open nothing, and nobody would be told."""

from collections.abc import Iterable

from dvauth.accounts.account import KNOWN_ROLES, checked_roles
from dvauth.explained import N_, Explained
from dvauth.parts import Parts


class UnknownRole(Explained):
    sentence = N_(
        "There is no role “{role}”; there are {known}. A role of your own begins with its timeouts: "
        "dvauth timeout set --role {role} --new-role --idle 15m"
    )


def require_known(parts: Parts, roles: Iterable[str]) -> None:
    """Raises ``UnknownRole``, and what ``checked_roles`` raises."""
    known = _known(parts)
    for role in checked_roles(roles):
        if role not in known:
            raise UnknownRole(role=role, known=", ".join(known))


def _known(parts: Parts) -> list[str]:
    own = (role for role, override in parts.policy_book.load().roles.items() if override.values())
    return [*KNOWN_ROLES, *(role for role in sorted(own) if role not in KNOWN_ROLES)]
