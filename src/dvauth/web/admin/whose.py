"""Whose timeouts they are, in words."""

from flask_babel import gettext

from dvauth.web.i18n import role_name
from dvauth.web.services import services


def whose(kind: str, name: str) -> str:
    """Of the ``default``, a ``role``, a ``portal``, or of the ``assurance`` level."""
    if kind == "default":
        return gettext("Everybody")
    if kind == "role":
        return gettext("People with the role: %(role)s", role=role_name(name))
    if kind == "portal":
        return gettext("On the portal: %(portal)s", portal=portal_name(name))
    return gettext("Assurance level")


def portal_name(slug: str) -> str:
    portal = services().portals().by_slug(slug)
    return portal.name if portal else slug
