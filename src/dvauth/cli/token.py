"""``dvauth token``: by which programs may use the API."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from dvauth.administration.api_tokens import Issued, Tokens
from dvauth.api_tokens.token import ApiToken, Scope
from dvauth.cli.duration import Duration
from dvauth.cli.joined import CLI, joined
from dvauth.cli.show import json_option, show_json, show_table
from dvauth.cli.texts import gettext as _


@click.group()
def token() -> None:
    """Make, list and revoke the tokens by which programs use the API."""


@token.command()
@click.argument("name")
@click.option("--account", "username", required=True, help="The administrator it acts for (their username).")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    help=f"What it may; may be given several times. There are: {', '.join(Scope)}.",
)
@click.option(
    "--lasts", type=Duration(), required=True, help="How long it opens anything, such as 90d; a year at most."
)
@json_option
def add(name: str, username: str, scopes: Sequence[str], lasts: timedelta, *, as_json: bool) -> None:
    """Make a token and print it, once. NAME says which program it is for."""
    with joined() as parts:
        issued = parts.administration.api_tokens.add(CLI, username, name=name, scopes=scopes, lasts=lasts)
    if as_json:
        show_json(_issued(issued))
    else:
        sentence = _("The token “{name}” acts for {username} until {instant}. Keep it: it is not shown again.")
        until = _local(issued.token.expires_at)
        click.echo(sentence.format(name=issued.token.name, username=issued.owner.username, instant=until))
        click.echo(issued.text)


@token.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """List all tokens, the newest first."""
    with joined() as parts:
        found = parts.administration.api_tokens.all()
    if as_json:
        show_json([_document(each, found) for each in found.tokens])
    elif not found.tokens:
        click.echo(_("There are no tokens."))
    else:
        columns = [_("Token"), _("Name"), _("Acts for"), _("Scopes"), _("Until"), _("Last used"), _("State")]
        show_table(columns, (_row(each, found) for each in found.tokens))


@token.command()
@click.argument("id")
@json_option
def revoke(id: str, *, as_json: bool) -> None:  # noqa: A002 - click's name for it
    """Revoke the token ID: it opens nothing from now on."""
    with joined() as parts:
        gone = parts.administration.api_tokens.revoke(CLI, id)
    if as_json:
        show_json({"id": gone.id, "name": gone.name})
    else:
        click.echo(_("The token “{name}” is revoked.").format(name=gone.name))


def _issued(issued: Issued) -> dict[str, Any]:
    expires_at = issued.token.expires_at.isoformat()
    return {"id": issued.token.id, "name": issued.token.name, "token": issued.text, "expires_at": expires_at}


def _document(each: ApiToken, found: Tokens) -> dict[str, Any]:
    owner = found.owners.get(each.account_id)
    return {
        "id": each.id,
        "name": each.name,
        "account_id": each.account_id,
        "username": owner.username if owner else None,
        "scopes": each.scopes,
        "created_at": each.created_at.isoformat(),
        "expires_at": each.expires_at.isoformat(),
        "last_used_at": each.last_used_at.isoformat() if each.last_used_at else None,
        "open": found.is_open(each),
    }


def _row(each: ApiToken, found: Tokens) -> tuple[str, ...]:
    owner = found.owners.get(each.account_id)
    last_used = _local(each.last_used_at) if each.last_used_at else "–"
    named = (each.id, each.name, owner.username if owner else each.account_id, "\n".join(each.scopes))
    return *named, _local(each.expires_at), last_used, _("open") if found.is_open(each) else _("opens nothing")


def _local(instant: datetime) -> str:
    return instant.astimezone().strftime("%Y-%m-%d %H:%M")
