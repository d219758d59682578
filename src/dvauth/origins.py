r"""Origins and the URLs under them, parsed so strictly that a browser cannot read them differently. Pure.

A browser repairs what it is given: it drops tabs and line breaks, takes a backslash for a slash, adds slashes that
are missing, decodes a host. Whoever compares before those repairs can be told that ``https://good.vn\@evil.vn`` is at
home. So nothing is repaired here: what is not plain is refused.
"""

import re

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL = 2048

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = rf"(?:{_LABEL}\.)*{_LABEL}|\[[0-9a-f:]+\]"
_ORIGIN = re.compile(rf"(?P<scheme>https?)://(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?", re.IGNORECASE | re.ASCII)
_UNPLAIN = re.compile(r"[\x00-\x20\x7f\\]")


def parse_origin(text: str) -> str | None:
    """The origin as browsers write it: small letters, without the scheme's own port. ``None``: it is none."""
    found = _ORIGIN.fullmatch(text)
    return _normal(found) if found and len(text) <= MAX_URL else None


def origin_of(url: str) -> str | None:
    """The origin of an absolute http(s) URL, or ``None`` if browsers could disagree about it."""
    return None if len(url) > MAX_URL or _UNPLAIN.search(url) else origin_asked(url)


def origin_asked(url: str) -> str | None:
    """The origin of a URL that a proxy has put together: what follows the host was sent, and leads nowhere."""
    found = _ORIGIN.match(url)
    if found is None or url[found.end() : found.end() + 1] not in {"", "/", "?", "#"}:
        return None
    return _normal(found)


def _normal(found: re.Match[str]) -> str | None:
    scheme, host, port = found["scheme"].lower(), found["host"].lower(), found["port"]
    if port is None or int(port) == DEFAULT_PORTS[scheme]:
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{int(port)}" if 0 < int(port) < 65536 else None
