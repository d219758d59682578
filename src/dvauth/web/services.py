"""What the views call: handed in by ``app``, found through the application that serves the request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app

if TYPE_CHECKING:
    from dvauth.accounts.authentication import Authenticator
    from dvauth.accounts.directory import AccountDirectory
    from dvauth.accounts.setup_links import SetupLinks
    from dvauth.administration.administration import Administration
    from dvauth.audit.log import AuditLog
    from dvauth.portals.directory import PortalDirectory
    from dvauth.sessions.cookie import CookieSigner
    from dvauth.sessions.keeper import SessionKeeper
    from dvauth.sessions.prompts import Prompts
    from dvauth.sessions.tickets import TicketOffice
    from dvauth.settings import Settings
    from dvauth.storage.sql import Database
    from dvauth.timeouts.policy import PolicySet
    from dvauth.web.cookies import CookieJar
    from dvauth.web.visit import Entrance


@dataclass(frozen=True, slots=True, kw_only=True)
class WebServices:
    settings: "Settings"
    keeper: "SessionKeeper"
    prompts: "Prompts"
    signer: "CookieSigner"
    tickets: "TicketOffice"
    accounts: "AccountDirectory"
    authenticator: "Authenticator"
    administration: "Administration"
    setup_links: "SetupLinks"
    audit: "AuditLog"
    database: "Database"
    jar: "CookieJar"
    entrance: "Entrance"
    portals: "Callable[[], PortalDirectory]"
    last_portals: "Callable[[], PortalDirectory]"
    policies: "Callable[[], PolicySet]"
    tag_key: "Callable[[], bytes]"
    log_out_later: "Callable[[str | None], bool]"


def services() -> WebServices:
    found: WebServices = current_app.extensions["dvauth"]
    return found
