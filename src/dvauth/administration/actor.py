"""Who does something as an administrator, as the audit log names them; and how it is recorded."""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Actor:
    """``name`` is an account's id, or the door where nobody logs in, such as ``cli``; ``address`` where they are.

    ``token`` is the id of the API token by which a program acts for that account.
    """

    name: str
    address: str | None = None
    token: str | None = None

    @property
    def recorded(self) -> dict[str, str | None]:
        """What each of their events says of them."""
        who = {"actor": self.name, "address": self.address}
        return who | {"token": self.token} if self.token else who


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
