"""A portal as the rest of dvauth sees it: a value."""

from dataclasses import dataclass, field
from enum import StrEnum

from dvauth.portals.look import PromptLook

MAX_SLUG = 32
MAX_NAME = 200


class Activity(StrEnum):
    """What counts as activity when a portal's proxy asks ``/verify``."""

    NAVIGATION = "navigation"  # a navigation that the person started
    ANY = "any"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """A web site that relies on dvauth. ``mounted``: its hosts map ``/dvauth/`` to the service."""

    id: int
    slug: str
    name: str
    origins: tuple[str, ...]
    activity: Activity = Activity.NAVIGATION
    mounted: bool = False
    look: PromptLook = field(default_factory=PromptLook)
