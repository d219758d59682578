"""Who asks, and where from: addresses and hosts, through proxies that are trusted by address.

Headers of anybody else are ignored: they are what the visitor made up.
"""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from flask import Request

from dvauth.portals.directory import PortalDirectory
from dvauth.portals.portal import Portal
from dvauth.sessions.record import Place
from dvauth.settings import Network


@dataclass(frozen=True, slots=True)
class WebPlace(Place):
    """A place whose portal is a registered one, with all that is known of it."""

    portal: Portal | None = None


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies in front of us, by address; and the host that is the centre."""

    networks: tuple[Network, ...]
    central_host: str

    def sent(self, request: Request) -> bool:
        """Whether the request itself comes from one of them."""
        return self._trusts(request.remote_addr or "")

    def client_address(self, request: Request) -> str:
        """The right-most address that is none of our proxies: all that stands left of it may be invented."""
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        chain = [*hops, request.remote_addr or ""]
        while len(chain) > 1 and self._trusts(chain[-1]):
            chain.pop()
        return chain[-1] if _is_address(chain[-1]) else request.remote_addr or ""

    def host(self, request: Request) -> str:
        """The host (and port, if any) that the browser asked for, in small letters."""
        reported = request.headers["X-Forwarded-Host"] if self.reports_host(request) else request.host
        return reported.lower()

    def scheme(self, request: Request) -> str:
        """``http`` or ``https``, as the browser came."""
        reported = request.headers.get("X-Forwarded-Proto")
        return reported.lower() if reported and self.sent(request) else request.scheme

    def is_central(self, request: Request) -> bool:
        return self.host(request) == self.central_host

    def reports_host(self, request: Request) -> bool:
        """Whether a trusted proxy says which host was asked: the only way to a portal's."""
        return "X-Forwarded-Host" in request.headers and self.sent(request)

    def _trusts(self, address: str) -> bool:
        return _is_within(address, self.networks)


@lru_cache(maxsize=1024)  # asked several times for each request, about a few proxies
def _is_within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def place_of(request: Request, portals: PortalDirectory, proxies: Proxies, base_url: str) -> WebPlace:
    """The portal is found by Origin; without one by the host that a trusted proxy reports; else it is the centre."""
    if not proxies.is_central(request) and (own := portals.by_host(proxies.host(request))):
        return WebPlace(own, own_host=True)
    origin = request.headers.get("Origin")
    if origin is None or origin == base_url:
        return WebPlace()
    return WebPlace(portals.by_origin(origin))


def is_persons_navigation(request: Request) -> bool:
    """A navigation that a person started: the one kind of page request that counts as activity."""
    headers = request.headers
    return (
        headers.get("Sec-Fetch-Mode") == "navigate"
        and headers.get("Sec-Fetch-User") == "?1"
        and headers.get("Sec-Fetch-Dest") == "document"
        and headers.get("X-DVAuth-Passive") != "1"
    )
