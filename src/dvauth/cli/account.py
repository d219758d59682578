"""``dvauth account``: who may log in."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import click

from dvauth.accounts.account import KNOWN_ROLES, Account
from dvauth.accounts.errors import NoSuchAccount
from dvauth.accounts.setup_links import LIFETIME
from dvauth.audit.events import Event
from dvauth.cli.joined import ACTOR, joined, told_later
from dvauth.cli.show import json_option, show_json, show_table
from dvauth.cli.texts import gettext as _
from dvauth.parts import Parts

role_option = click.option(
    "--role", "roles", multiple=True, help=f"A role; may be given several times. Known: {', '.join(KNOWN_ROLES)}."
)


@click.group()
def account() -> None:
    """Add, list and change accounts."""


@account.command()
@click.argument("username")
@role_option
@click.option("--name", help="The name that people read; the username unless given.")
@json_option
def add(username: str, roles: Sequence[str], name: str | None, *, as_json: bool) -> None:
    """Add the account USERNAME and print a one-time link by which its owner chooses a password."""
    with joined() as parts:
        parts.timeouts.require_roles(roles)
        added = parts.accounts.add(username, display_name=name, roles=roles)
        parts.audit.record(Event.USER_CREATED, actor=ACTOR, account=added.id, roles=" ".join(added.roles))
        _show_link(parts, added, as_json=as_json)


@account.command()
@click.argument("username")
@json_option
def link(username: str, *, as_json: bool) -> None:
    """Print a new one-time link for USERNAME; an older one no longer works."""
    with joined() as parts:
        _show_link(parts, find(parts, username), as_json=as_json)


@account.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """List all accounts."""
    with joined() as parts:
        accounts = parts.accounts.all()
    if as_json:
        show_json([_document(each) for each in accounts])
    elif not accounts:
        click.echo(_("There are no accounts yet. The first one: dvauth account add USERNAME --role admin"))
    else:
        columns = [_("Username"), _("Name"), _("Roles"), _("State"), _("Last login")]
        show_table(columns, map(_row, accounts))


@account.command()
@click.argument("username")
@json_option
def disable(username: str, *, as_json: bool) -> None:
    """Let USERNAME log in no more, and end all sessions of USERNAME."""
    with joined() as parts:
        found = find(parts, username)
        parts.accounts.disable(found.id)
        with told_later():
            parts.accounts.settle(found.id)
        parts.audit.record(Event.USER_UPDATED, actor=ACTOR, account=found.id, change="disabled")
        _show(parts, found, _("“{name}” is disabled, and all sessions are ended."), as_json=as_json)


@account.command()
@click.argument("username")
@json_option
def enable(username: str, *, as_json: bool) -> None:
    """Let USERNAME log in again."""
    with joined() as parts:
        found = find(parts, username)
        parts.accounts.enable(found.id)
        parts.audit.record(Event.USER_UPDATED, actor=ACTOR, account=found.id, change="enabled")
        _show(parts, found, _("“{name}” is enabled."), as_json=as_json)


@account.command()
@click.argument("username")
@role_option
@json_option
def set_roles(username: str, roles: Sequence[str], *, as_json: bool) -> None:
    """Replace all roles of USERNAME by those given; live sessions have them within two seconds."""
    if not roles:
        raise click.UsageError(_("Give at least one --role."))
    with joined() as parts:
        found = find(parts, username)
        parts.timeouts.require_roles(roles)
        parts.accounts.set_roles(found.id, roles)
        with told_later():
            parts.accounts.settle(found.id)
        before, after = " ".join(found.roles), " ".join(sorted(set(roles)))
        parts.audit.record(Event.AUTHZ_CHANGE, actor=ACTOR, account=found.id, before=before, after=after)
        _show(parts, found, _("The roles of “{name}” are changed."), as_json=as_json)


@account.command()
@click.argument("username")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password from the first line of standard input.")
@json_option
def set_password(username: str, *, from_stdin: bool, as_json: bool) -> None:
    """Ask for a new password of USERNAME, and end all sessions of USERNAME."""
    with joined() as parts:
        found = find(parts, username)
        password = sys.stdin.readline().rstrip("\r\n") if from_stdin else _asked_password()
        parts.accounts.set_password(found.id, password)
        with told_later():
            parts.accounts.settle(found.id)
        parts.audit.record(Event.AUTHN_PASSWORD_CHANGE, actor=ACTOR, account=found.id)
        _show(parts, found, _("“{name}” has a new password, and all sessions are ended."), as_json=as_json)


def find(parts: Parts, username: str) -> Account:
    """Raises ``NoSuchAccount``."""
    found = parts.accounts.find(username)
    if found is None:
        raise NoSuchAccount(name=username)
    return found


def _asked_password() -> str:
    asked: str = click.prompt(_("New password"), hide_input=True, confirmation_prompt=_("The same once more"))
    return asked


def _show(parts: Parts, changed: Account, sentence: str, *, as_json: bool) -> None:
    if as_json:
        show_json(_document(parts.accounts.get(changed.id) or changed))
    else:
        click.echo(sentence.format(name=changed.username))


def _show_link(parts: Parts, owner: Account, *, as_json: bool) -> None:
    url = f"{parts.settings.base_url}/setup/{parts.setup_links.issue(owner.id)}"
    if as_json:
        show_json({**_document(owner), "setup_link": url, "setup_link_seconds": LIFETIME.total_seconds()})
        return
    sentence = _("By this link “{name}” chooses a password. It works once, within {hours} hours:")
    click.echo(sentence.format(name=owner.username, hours=LIFETIME // timedelta(hours=1)))
    click.echo(url)


def _document(each: Account) -> dict[str, Any]:
    return {
        "id": each.id,
        "username": each.username,
        "name": each.display_name,
        "roles": each.roles,
        "enabled": each.is_enabled,
        "has_password": each.password_hash is not None,
        "created_at": each.created_at.isoformat(),
        "last_login_at": each.last_login_at.isoformat() if each.last_login_at else None,
    }


def _row(each: Account) -> tuple[str, ...]:
    last_login = each.last_login_at.astimezone().strftime("%Y-%m-%d %H:%M") if each.last_login_at else "–"
    return each.username, each.display_name, " ".join(each.roles), _state(each), last_login


def _state(each: Account) -> str:
    if not each.is_enabled:
        return _("disabled")
    return _("enabled") if each.password_hash else _("has no password yet")
