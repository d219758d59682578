"""Who asks, and where from: addresses and hosts, through proxies that are trusted by address.

Headers of anybody else are ignored: they are what the visitor made up. Everything is read from the WSGI environment,
so that pages and the routes in front of Flask know a visitor by the same lines.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from werkzeug.sansio.http import parse_cookie

from dvauth.portals.directory import PortalDirectory, hosts_of
from dvauth.portals.portal import Portal
from dvauth.sessions.record import Place
from dvauth.settings import Network

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PLAIN_HTTP = "This service is reached by https only."
UNMEASURED = "A request body needs a Content-Length; one sent in chunks would be cut off and taken for whole."


@dataclass(frozen=True, slots=True)
class WebPlace(Place):
    """A place whose portal is a registered one, with all that is known of it."""

    portal: Portal | None = None


@dataclass(frozen=True)
class Entrance:
    """How requests reach us: the proxies in front of us, by address, and the address of the centre."""

    proxies: tuple[Network, ...]
    base_url: str

    @cached_property
    def central_hosts(self) -> frozenset[str]:
        return frozenset(hosts_of(self.base_url))

    def trusts(self, address: str) -> bool:
        return _is_within(address, self.proxies)


class Visit:
    """One request. ``host`` is the one that the browser asked for (and its port, if any), in small letters."""

    def __init__(self, environ: "WSGIEnvironment", entrance: Entrance) -> None:
        self.environ = environ
        self._entrance = entrance
        self.method: str = environ["REQUEST_METHOD"]
        self.origin: str | None = environ.get("HTTP_ORIGIN")
        self.by_proxy = entrance.trusts(self._remote_address)
        reported = environ.get("HTTP_X_FORWARDED_HOST") if self.by_proxy else None
        self.host_is_reported = reported is not None  # the only way to a portal's host
        self.host: str = (environ.get("HTTP_HOST", "") if reported is None else reported).lower()
        self.is_central = self.host in entrance.central_hosts

    def header(self, name: str) -> str | None:
        return cast("str | None", self.environ.get(f"HTTP_{name.upper().replace('-', '_')}"))

    @property
    def cookies(self) -> dict[str, str]:
        return parse_cookie(self.environ.get("HTTP_COOKIE"))

    @property
    def scheme(self) -> str:
        """``http`` or ``https``, as the browser came."""
        reported = self.environ.get("HTTP_X_FORWARDED_PROTO") if self.by_proxy else None
        return cast("str", reported.lower() if reported else self.environ["wsgi.url_scheme"])

    @property
    def is_safe(self) -> bool:
        """Whether it came by https, where people come by https (NIST SP 800-63B-4, SB-9)."""
        return self._entrance.base_url.startswith("http:") or self.scheme == "https"

    def misdirection(self, portals: Callable[[], PortalDirectory]) -> str | None:
        """What is wrong with a host that is neither ours nor, as a proxy reports, a portal's."""
        if self.is_central or (self.host_is_reported and portals().by_host(self.host)):
            return None
        return (
            f"{self.host} was asked for, but the service is {urlsplit(self._entrance.base_url).netloc} "
            "(DVAUTH_BASE_URL). A portal must be registered (dvauth portal add), its proxy must send X-Forwarded-Host, "
            "and the proxy's address must be in DVAUTH_TRUSTED_PROXIES."
        )

    @property
    def client_address(self) -> str:
        """The right-most address that is none of our proxies: all that stands left of it may be invented."""
        hops = [hop.strip() for hop in self.environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        chain = [*hops, self._remote_address]
        while len(chain) > 1 and self._entrance.trusts(chain[-1]):
            chain.pop()
        return chain[-1] if _is_address(chain[-1]) else self._remote_address

    @property
    def is_persons_navigation(self) -> bool:
        """A navigation that a person started: the one kind of page request that counts as activity."""
        return (
            self.header("Sec-Fetch-Mode") == "navigate"
            and self.header("Sec-Fetch-User") == "?1"
            and self.header("Sec-Fetch-Dest") == "document"
            and not self.is_passive
        )

    @property
    def is_passive(self) -> bool:
        return self.header("X-DVAuth-Passive") == "1"

    def place(self, portals: PortalDirectory) -> WebPlace:
        """The portal is found by Origin; without one by the host that a proxy reports; else it is the centre."""
        if not self.is_central and (own := portals.by_host(self.host)):
            return WebPlace(own, own_host=True)
        if self.origin is None or self.origin == self._entrance.base_url:
            return WebPlace()
        return WebPlace(portals.by_origin(self.origin))

    @property
    def _remote_address(self) -> str:
        return cast("str", self.environ.get("REMOTE_ADDR") or "")


@lru_cache(maxsize=1024)  # asked for each request, about a few proxies
def _is_within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    known = getattr(parsed, "ipv4_mapped", None) or parsed  # ::ffff:127.0.0.1, where we listen on [::]
    return any(known in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
