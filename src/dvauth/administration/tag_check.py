"""Is the tag really on this page? The service reads the page, so that nobody needs to look through its source.

It asks whatever an administrator names, from inside the operator's network. So it asks a portal's registered origins
alone, follows no redirect, and no private address that a name leads to (SSRF; OWASP ASVS 5.0, 13.2.4 and 15.3.2): the
address is resolved once and that very one is asked, so that a name cannot change its mind in between.
"""

import re
import socket
import ssl
import string
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from enum import StrEnum
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import IPv6Address, ip_address
from threading import Timer
from urllib.parse import quote, urljoin, urlsplit

from dvauth.explained import N_, Explained
from dvauth.origins import DEFAULT_PORTS, origin_of
from dvauth.portals.embed_tag import fingerprint, integrity
from dvauth.portals.portal import Portal

PATIENCE_SECONDS = 5.0  # from the connection to the last byte
MOST_BYTES = 1024 * 1024
SCRIPT = re.compile(r"embed(?:\.(?P<version>[^/.]+))?\.js")

Resolve = Callable[[str, int], Sequence[str]]


class Tag(StrEnum):
    """What a page has."""

    THERE = "there"
    OUTDATED = "outdated"  # of a version that is gone: browsers run nothing
    MISSING = "missing"


class PageUnread(Explained):
    """Why it cannot be said."""


class NotThePortals(PageUnread):
    sentence = N_("“{url}” is no page of this portal: it begins with none of its origins.")


class PrivateAddress(PageUnread):
    sentence = N_("“{host}” leads to the private address {address}, and the service asks no such machine.")


class NoAnswer(PageUnread):
    sentence = N_("The page cannot be reached ({why}).")


class UnknownHost(NoAnswer):
    sentence = N_("The page cannot be reached: the name {host} is unknown to this machine.")


class ConnectionRefused(NoAnswer):
    sentence = N_("The page cannot be reached: no web server answers at {host}.")


class TooSlow(NoAnswer):
    sentence = N_("The page cannot be reached: {host} did not answer in time.")


class LeadsElsewhere(PageUnread):
    sentence = N_("The page leads on to {location}. Give the address of the page itself.")


class Refused(PageUnread):
    sentence = N_("The page answers with the status {status}.")


def addresses_of(host: str, port: int) -> list[str]:
    """By the system's resolver, and ``*.localhost`` as browsers have it (RFC 6761, 6.3). Raises ``OSError``."""
    host = "localhost" if host.endswith(".localhost") else host
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


class TagCheck:
    """``base_url`` is where the script comes from, unless the portal maps ``/dvauth/``."""

    def __init__(self, base_url: str, *, resolve: Resolve = addresses_of, patience: float = PATIENCE_SECONDS) -> None:
        self._base_url = base_url
        self._resolve = resolve
        self._patience = patience

    def look(self, portal: Portal, url: str) -> Tag:
        """Raises ``PageUnread``."""
        origin = origin_of(url)
        if origin is None or origin not in portal.origins:
            raise NotThePortals(url=url)
        homes = {self._base_url, f"{origin}/dvauth"} if portal.mounted else {self._base_url}
        try:
            page = self._read(url, origin)
        except (OSError, HTTPException) as error:
            raise _no_answer(error, origin.partition("://")[2]) from error
        return _tag_on(page, url, homes)

    def _read(self, url: str, origin: str) -> str:
        host, port = _place(origin)
        addresses = self._resolve(host, port)
        if not _is_private_by_name(host):
            _require_public(host, addresses)
        until = time.monotonic() + self._patience
        plain = _connected(addresses, port, self._patience)
        secure = origin.startswith("https:")
        with _cut_off(plain, self._patience), closing(_secured(plain, host) if secure else plain) as open_socket:
            connection = HTTPConnection(host, port)
            connection.sock = open_socket
            asked = urlsplit(url)._replace(scheme="", netloc="", fragment="").geturl() or "/"
            headers = {"Host": origin.partition("://")[2], "Accept": "text/html", "User-Agent": "dvauth"}
            connection.request("GET", quote(asked, safe=string.punctuation), headers=headers)
            page = _body(connection.getresponse())
            if time.monotonic() >= until:  # what came until it was cut off is no whole page
                raise TimeoutError("timed out")
            return page


def _place(origin: str) -> tuple[str, int]:
    where = urlsplit(origin)
    return where.hostname or "", where.port or DEFAULT_PORTS[where.scheme]


def _is_private_by_name(host: str) -> bool:
    """The administrator registered a private address as such: a test system, or this machine."""
    with suppress(ValueError):
        return not _is_public(host)
    return host == "localhost" or host.endswith(".localhost")


def _require_public(host: str, addresses: Sequence[str]) -> None:
    for address in addresses:
        if not _is_public(address):
            raise PrivateAddress(host=host, address=address)


def _is_public(address: str) -> bool:
    """Raises ``ValueError``: it is a name."""
    found = ip_address(address)
    inner = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (inner or found).is_global


def _connected(addresses: Sequence[str], port: int, patience: float) -> socket.socket:
    """To the first that answers."""
    refused: OSError = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), patience / len(addresses))
        except OSError as error:
            refused = error
    raise refused


@contextmanager
def _cut_off(connection: socket.socket, seconds: float) -> Iterator[None]:
    """A page that comes byte by byte would never be late for a timeout of the socket."""
    handle = connection.dup()  # TLS takes the connection over

    def hang_up() -> None:
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, hang_up)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        handle.close()


def _secured(plain: socket.socket, host: str) -> socket.socket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _body(answer: HTTPResponse) -> str:
    if answer.status in {301, 302, 303, 307, 308}:
        raise LeadsElsewhere(location=answer.getheader("Location", "?"))
    if answer.status != 200:
        raise Refused(status=answer.status)
    return answer.read(MOST_BYTES).decode("utf-8", "replace")


def _no_answer(error: Exception, host: str) -> NoAnswer:
    common = {socket.gaierror: UnknownHost, ConnectionRefusedError: ConnectionRefused, TimeoutError: TooSlow}
    for kind, found in common.items():
        if isinstance(error, kind):
            return found(host=host)
    return NoAnswer(why=_in_few_words(error))


def _in_few_words(error: Exception) -> str:
    told = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or str(error)
    return str(told or type(error).__name__)


class _Scripts(HTMLParser):
    """The ``src`` and ``integrity`` of every script of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and (source := given.get("src")):
            self.found.append((source, given.get("integrity") or ""))


def _tag_on(page: str, url: str, homes: Collection[str]) -> Tag:
    scripts = _Scripts()
    scripts.feed(page)
    ours = [
        (name, sri)
        for source, sri in scripts.found
        for home, _slash, file in [urljoin(url, source.strip()).partition("?")[0].rpartition("/")]
        if home in homes and (name := SCRIPT.fullmatch(file))
    ]
    if any(_runs(name["version"], sri) for name, sri in ours):
        return Tag.THERE
    return Tag.OUTDATED if ours else Tag.MISSING


def _runs(version: str | None, sri: str) -> bool:
    """Whether the address is one of today's, and the browser takes what comes from there."""
    return version in {None, fingerprint()} and (not sri or integrity() in sri.split())
