"""Lua scripts: how they are loaded and called, and the unit of every duration they are told."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib.resources import files
from typing import Any, Protocol


class Connection(Protocol):
    """Redis behind a circuit breaker; every call raises ``StoreUnavailable`` where Redis fails."""

    @property
    def client(self) -> Any: ...
    def call(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any: ...
    def read(self, *command: Any) -> Any: ...


class Scripts:
    """The scripts in a package's folder ``scripts``, by name. Redis is sent each at its first use."""

    def __init__(self, connection: Connection, package: str) -> None:
        self._call = connection.call
        found = (path for path in (files(package) / "scripts").iterdir() if path.name.endswith(".lua"))
        texts = {path.name.removesuffix(".lua"): path.read_text("utf-8") for path in found}
        self._scripts = {name: connection.client.register_script(text) for name, text in texts.items()}

    def run(self, name: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        return self._call(self._scripts[name], keys=keys, args=args)


def in_ms(duration: timedelta) -> int:
    """Milliseconds, the unit of every duration in Redis."""
    return round(duration.total_seconds() * 1000)
