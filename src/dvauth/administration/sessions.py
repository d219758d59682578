"""What administrators do with other people's sessions: find them, and end them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dvauth.accounts.account import Account
from dvauth.accounts.directory import AccountDirectory
from dvauth.accounts.errors import NoSuchAccount
from dvauth.administration.actor import Actor, Record
from dvauth.administration.devices import devices_like
from dvauth.administration.end_orders import EndOrder, EndOrders
from dvauth.administration.session_index import MOST_COUNTED, Position, Search, SessionIndex
from dvauth.explained import N_, Explained
from dvauth.portals.errors import NoSuchPortal
from dvauth.portals.portal import Portal
from dvauth.portals.registry import PortalRegistry
from dvauth.sessions.keeper import SessionKeeper
from dvauth.sessions.record import SessionRecord
from dvauth.sessions.survey import SessionSurvey
from dvauth.timeouts.judge import Reason

A_PAGE = 50


class NoSuchSession(Explained):
    sentence = N_("There is no session “{id}”; it may have ended already.")


@dataclass(frozen=True, slots=True)
class SessionPage:
    """Live sessions, the youngest first, with the accounts they are of; ``next`` is where the page after it begins."""

    sessions: list[SessionRecord]
    accounts: Mapping[str, Account]
    next: Position | None


@dataclass(frozen=True, slots=True)
class Number:
    """How many sessions there are; not ``exact``: at least so many."""

    sessions: int
    exact: bool = True


class SessionAdministration:
    """Every end has its own event; the act is audited once, with how many it concerned.

    What may be many is ordered here and ended by the housekeeping: within two seconds where they are few. ``spared``
    is the id of the actor's own session. ``now`` is the time by which sessions are judged.
    """

    def __init__(
        self,
        *,
        index: SessionIndex,
        orders: EndOrders,
        keeper: SessionKeeper,
        survey: SessionSurvey,
        accounts: AccountDirectory,
        portals: PortalRegistry,
        now: Callable[[], datetime],
        record: Record,
    ) -> None:
        self._index = index
        self._orders = orders
        self._keeper = keeper
        self._survey = survey
        self._accounts = accounts
        self._portals = portals
        self._now = now
        self._record = record

    def page(self, search: Search | None = None, after: Position | None = None, most: int = A_PAGE) -> SessionPage:
        """What the index has and Redis no longer knows is left out, and taken out of the index."""
        found = self._index.find(search, after, most + 1)
        shown = found[:most]
        live = self._keeper.live([each.ref for each in shown])
        self._index.change((), {each.ref.session_id for each in shown} - {record.ref.session_id for record in live})
        accounts = self._accounts.known({record.account_id for record in live})
        return SessionPage(live, accounts, shown[-1].position if len(found) > most else None)

    def search(
        self,
        *,
        username: str | None = None,
        portal: str | None = None,
        address: str | None = None,
        device: str | None = None,
    ) -> Search | None:
        """By the one that is given; without any ``None``, which finds all. ``device`` is a part of its name.

        Raises ``NoSuchAccount``, ``NoSuchPortal``.
        """
        if username is not None:
            return Search("account_id", (self._account(username).id,))
        if portal is not None:
            return Search("portal", (self._portal(portal).slug,))
        if device is not None:
            return Search("device", devices_like(device))
        return Search("address", (address,)) if address is not None else None

    def documents(self, page: SessionPage) -> list[dict[str, Any]]:
        """Plain values for JSON."""
        slugs = {portal.id: portal.slug for portal in self._portals.all()}
        return [_document(each, page.accounts.get(each.account_id), slugs) for each in page.sessions]

    def number(self, *, username: str | None = None, portal: str | None = None) -> Number:
        """Of an account's sessions, of those of a portal's logins, or of all. Raises what ``search`` raises."""
        if username is not None:
            return Number(len(self._keeper.sessions_of(self._account(username).id)))
        if portal is None:
            return Number(self._survey.total())
        counted = self._index.count(Search("portal", (self._portal(portal).slug,)))
        return Number(min(counted, MOST_COUNTED), exact=counted <= MOST_COUNTED)

    def end_one(self, actor: Actor, session_id: str) -> SessionRecord:
        """Raises ``NoSuchSession``."""
        ref = self._index.get(session_id)
        live = self._keeper.live([ref]) if ref else []
        if not (live and self._keeper.end(live[0], Reason.REVOKED)):
            raise NoSuchSession(id=session_id)
        self._note(actor, "session ended", 1, account=live[0].account_id)
        return live[0]

    def end_account(self, actor: Actor, username: str, *, spared: str | None = None) -> int:
        """All of an account, at once; how many. Raises ``NoSuchAccount``."""
        account = self._account(username)
        ended = self._keeper.end_all(account.id, Reason.REVOKED, keep=spared)
        self._note(actor, "sessions of the account ended", len(ended), account=account.id)
        return len(ended)

    def end_portal(self, actor: Actor, slug: str, *, spared: str | None = None) -> int:
        """Order the end of all that began with a login at the portal; how many. Raises ``NoSuchPortal``."""
        portal, number = self._portal(slug), self.number(portal=slug).sessions
        self._orders.add(EndOrder(portal_id=portal.id, spared=spared, opened_until=self._now()))
        self._note(actor, "sessions of the portal ended", number, portal=slug)
        return number

    def end_everybody(self, actor: Actor, *, spared: str | None = None) -> int:
        """Order the end of all; how many."""
        number = self.number().sessions - (spared is not None)
        self._orders.add(EndOrder(portal_id=None, spared=spared, opened_until=self._now()))
        self._note(actor, "all sessions ended", number)
        return number

    def _account(self, username: str) -> Account:
        account = self._accounts.find(username)
        if account is None:
            raise NoSuchAccount(name=username)
        return account

    def _portal(self, slug: str) -> Portal:
        portal = self._portals.directory().by_slug(slug)
        if portal is None:
            raise NoSuchPortal(slug=slug)
        return portal

    def _note(
        self, actor: Actor, action: str, sessions: int, *, account: str | None = None, portal: str | None = None
    ) -> None:
        self._record(
            "authz_admin",
            **actor.recorded,
            portal=portal,
            account=account,
            action=action,
            sessions=sessions,
        )


def _document(each: SessionRecord, account: Account | None, slugs: Mapping[int, str]) -> dict[str, Any]:
    return {
        "id": each.ref.session_id,
        "account_id": each.account_id,
        "username": account.username if account else None,
        "roles": list(each.roles),
        "portal": slugs.get(each.origin.portal_id or 0),
        "address": each.origin.address,
        "device": each.origin.user_agent,
        "created_at": each.created_at.isoformat(),
        "last_activity_at": each.last_activity_at.isoformat(),
    }
