"""All portals at one moment, as every process knows them without asking SQL. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

from dvauth.origins import DEFAULT_PORTS, origin_asked, origin_of
from dvauth.portals.look import PromptLook
from dvauth.portals.portal import Activity, Portal


@dataclass(frozen=True)
class PortalDirectory:
    """A snapshot, published through Redis after each change."""

    portals: tuple[Portal, ...] = ()

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(tuple(_portal(entry) for entry in document.get("portals", ())))

    def to_document(self) -> dict[str, Any]:
        """Plain values for JSON; ``from_document`` reads them back."""
        return {"portals": [asdict(portal) | {"look": portal.look.to_document()} for portal in self.portals]}

    def by_slug(self, slug: str) -> Portal | None:
        return next((portal for portal in self.portals if portal.slug == slug), None)

    def by_origin(self, origin: str) -> Portal | None:
        """By an ``Origin`` header, exactly as browsers write it."""
        return self._by_origin.get(origin)

    def by_host(self, host: str) -> Portal | None:
        """By a ``Host`` header, with or without its port."""
        return self._by_host.get(host.lower())

    def for_return_to(self, url: str) -> Portal | None:
        """The portal that an absolute URL leads to; ``None``: do not go there."""
        return self._by_origin.get(origin_of(url) or "")

    def for_request(self, url: str) -> Portal | None:
        """The portal that was asked for this URL, as its proxy says."""
        return self._by_origin.get(origin_asked(url) or "")

    @cached_property
    def _by_origin(self) -> dict[str, Portal]:
        return {origin: portal for portal in self.portals for origin in portal.origins}

    @cached_property
    def _by_host(self) -> dict[str, Portal]:
        return {host: portal for origin, portal in self._by_origin.items() for host in hosts_of(origin)}


def hosts_of(origin: str) -> set[str]:
    """How a ``Host`` header can name the origin: the scheme's own port may be there or not."""
    scheme, _, host = origin.partition("://")
    has_port = host.rpartition(":")[2].isdigit() and not host.endswith("]")
    return {host} if has_port else {host, f"{host}:{DEFAULT_PORTS[scheme]}"}


def _portal(entry: Mapping[str, Any]) -> Portal:
    parsed = {
        "origins": tuple(entry["origins"]),
        "activity": Activity(entry["activity"]),
        "look": PromptLook.from_document(entry.get("look", {})),  # published before portals had one
    }
    return Portal(**{**entry, **parsed})
