"""Who does something as an administrator, as the audit log names them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """``name`` is an account's id, or the door where nobody logs in, such as ``cli``; ``address`` where they are."""

    name: str
    address: str | None = None
