"""Accounts, by programs."""

from typing import Any

from flask import request

from dvauth.accounts.account import Account, Draft
from dvauth.accounts.idempotency_keys import KEY
from dvauth.accounts.search import Wanted
from dvauth.administration.accounts import document, invitation_document
from dvauth.api_tokens.token import Scope
from dvauth.web.api import account_schemas as schemas
from dvauth.web.api.entrance import Saved, current_actor, saved
from dvauth.web.api.noun import Noun
from dvauth.web.services import services

accounts = Noun("accounts", "Who may log in.")

NAMED = "/<account_id>"
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "pattern": f"^{KEY.pattern}$"},
    "description": "Any text of yours, new for each account. Asked again with it within a day, the account that was "
    "added is answered, with a new link, and no second one is added.",
}


@accounts.operation("GET", "", Scope.ACCOUNTS_READ, query=schemas.Search, answers={200: schemas.Accounts})
def search(query: dict[str, Any]) -> dict[str, Any]:
    """Find accounts, by username."""
    state = query.get("state")
    wanted = Wanted(
        text=query["text"],
        role=query.get("role"),
        enabled=state and state == "enabled",
        after=query.get("cursor"),
    )
    page = services().administration.accounts.page(wanted, query["most"])
    return {
        "accounts": [document(each) for each in page.accounts],
        "next": page.accounts[-1].username if page.has_more else None,
    }


@accounts.operation(
    "POST",
    "",
    Scope.ACCOUNTS_WRITE,
    body=schemas.NewAccount,
    headers=[IDEMPOTENCY_KEY],
    answers={201: schemas.Invited},
)
def add(draft: Draft) -> tuple[dict[str, Any], int]:
    """Add an account, and get the one-time link by which its owner chooses a password."""
    key = request.headers.get("Idempotency-Key")
    return invitation_document(services().administration.accounts.add(current_actor(), draft, key)), 201


@accounts.operation("GET", NAMED, Scope.ACCOUNTS_READ, answers={200: schemas.Account})
def show(account_id: str) -> dict[str, Any]:
    """One account."""
    return document(_account(account_id))


@accounts.operation("PUT", f"{NAMED}/name", Scope.ACCOUNTS_WRITE, body=schemas.Name, answers={200: schemas.Account})
def rename(given: dict[str, str], account_id: str) -> dict[str, Any]:
    """Replace the name that people read."""
    account = _account(account_id)
    services().administration.accounts.rename(current_actor(), account, given["name"])
    return document(_account(account_id))


@accounts.operation(
    "PUT",
    f"{NAMED}/roles",
    Scope.ACCOUNTS_WRITE,
    body=schemas.Roles,
    answers={200: schemas.Account, 202: schemas.Account},
)
def set_roles(given: dict[str, list[str]], account_id: str) -> Saved:
    """Replace all roles. Live sessions have them within two seconds; 202: as soon as Redis is back."""
    account = _account(account_id)
    services().administration.accounts.set_roles(current_actor(), account, given["roles"])
    return _settled(account)


@accounts.operation(
    "PUT",
    f"{NAMED}/enabled",
    Scope.ACCOUNTS_WRITE,
    body=schemas.Enabled,
    answers={200: schemas.Account, 202: schemas.Account},
)
def set_enabled(given: dict[str, bool], account_id: str) -> Saved:
    """Disable the account, which ends all its sessions, or enable it; 202: they end as soon as Redis is back."""
    account, desk = _account(account_id), services().administration.accounts
    act = desk.enable if given["enabled"] else desk.disable
    act(current_actor(), account)
    return _settled(account)


@accounts.operation("POST", f"{NAMED}/invitation", Scope.ACCOUNTS_WRITE, answers={201: schemas.Invited})
def invite(account_id: str) -> tuple[dict[str, Any], int]:
    """Make a new one-time link; an older one no longer works."""
    return invitation_document(services().administration.accounts.invite(current_actor(), _account(account_id))), 201


@accounts.operation("POST", f"{NAMED}/unlock", Scope.ACCOUNTS_WRITE, answers={200: schemas.Unlocked})
def unlock(account_id: str) -> dict[str, Any]:
    """Forget the failed logins: the person need not wait any more."""
    return {"failures": services().administration.accounts.unlock(current_actor(), _account(account_id))}


@accounts.operation(
    "POST",
    f"{NAMED}/end-sessions",
    Scope.SESSIONS_WRITE,
    answers={200: schemas.Account, 202: schemas.Account},
)
def end_sessions(account_id: str) -> Saved:
    """End all sessions of the account: the person proves again who they are. 202: they end once Redis is back."""
    account = _account(account_id)
    services().administration.accounts.end_sessions(current_actor(), account)
    return _settled(account)


def _account(account_id: str) -> Account:
    return services().administration.accounts.get(account_id)


def _settled(account: Account) -> Saved:
    desk = services().administration.accounts
    status = saved(lambda: desk.settle(account))
    return document(desk.get(account.id)), status
