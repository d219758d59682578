"""What can be wrong with a portal.

PortalError                 explains itself to people
    BadOrigin, BadSlug, BadName, SlugTaken, HostTaken, NoOrigin, OneHostOnly, NoSuchPortal
    BadAccent, PaleAccent, BadText          of its prompt
"""

from dvauth.explained import N_, Explained


class PortalError(Explained):
    """Something the person asking can mend."""


class BadOrigin(PortalError):
    sentence = N_("“{origin}” is not an origin: write scheme and host, such as https://www.example.vn.")


class BadSlug(PortalError):
    sentence = N_("“{slug}” cannot be a portal's short name: use up to {most} small letters, digits and hyphens.")


class BadName(PortalError):
    sentence = N_("“{name}” cannot be a portal's name: use 1 to {most} visible characters.")


class SlugTaken(PortalError):
    sentence = N_("There is already a portal “{slug}”.")


class HostTaken(PortalError):
    sentence = N_("“{origin}” already belongs to the portal “{slug}”.")


class NoOrigin(PortalError):
    sentence = N_("The portal “{slug}” needs at least one origin.")


class OneHostOnly(PortalError):
    sentence = N_(
        "The portal “{slug}” maps /dvauth/ on its host, so it has one host; register the others on their own."
    )


class NoSuchPortal(PortalError):
    sentence = N_("There is no portal “{slug}”.")


class BadAccent(PortalError):
    sentence = N_("“{accent}” is not a colour: write # and six hexadecimal digits, such as #a61b1b.")


class PaleAccent(PortalError):
    sentence = N_(
        "White text on {accent} could not be read: its contrast is {contrast}, and {least} is needed. Choose a darker "
        "colour."
    )


class BadText(PortalError):
    sentence = N_("“{text}” cannot stand in the prompt: use up to {most} visible characters, on one line.")
