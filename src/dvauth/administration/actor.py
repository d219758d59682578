"""Who does something as an administrator, as the audit log names them; and how it is recorded."""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Actor:
    """``name`` is an account's id, or the door where nobody logs in, such as ``cli``; ``address`` where they are."""

    name: str
    address: str | None = None


class Record(Protocol):
    def __call__(
        self,
        event: str,
        /,
        *,
        account: str | None = None,
        actor: str | None = None,
        portal: str | None = None,
        address: str | None = None,
        **details: Any,
    ) -> object: ...
