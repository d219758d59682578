"""The tag by which a portal's pages include the script."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from dvauth.portals.portal import Portal


@cache
def script() -> bytes:
    return (files("dvauth") / "static" / "dvauth.min.js").read_bytes()


@cache
def integrity() -> str:
    """The value for the tag's ``integrity`` attribute (SRI)."""
    return "sha384-" + base64.b64encode(hashlib.sha384(script()).digest()).decode()


@cache
def fingerprint() -> str:
    return hashlib.sha256(script()).hexdigest()[:16]


def tag(portal: Portal, base_url: str) -> str:
    """It follows upgrades by itself."""
    return f'<script src="{_home(portal, base_url)}/embed.js" defer></script>'


def pinned_tag(portal: Portal, base_url: str) -> str:
    """Browsers run this version of the script and no other."""
    source = f"{_home(portal, base_url)}/embed.{fingerprint()}.js"
    return f'<script src="{source}" integrity="{integrity()}" crossorigin="anonymous" defer></script>'


def _home(portal: Portal, base_url: str) -> str:
    return "/dvauth" if portal.mounted else base_url
