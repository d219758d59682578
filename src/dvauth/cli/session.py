"""``dvauth session``: who is logged in now, and an end to it."""

from datetime import datetime
from typing import Any

import click

from dvauth.administration.session_index import Position
from dvauth.administration.sessions import A_PAGE
from dvauth.cli.address import Address
from dvauth.cli.confirm import confirmed, yes_option
from dvauth.cli.joined import CLI, joined
from dvauth.cli.show import json_option, show_json, show_table
from dvauth.cli.texts import gettext as _


@click.group()
def session() -> None:
    """List and end sessions."""


@session.command(name="list")
@click.option("--account", "username", help="Those of this account (its username).")
@click.option("--portal", help="Those that began with a login on this portal (its slug).")
@click.option("--address", type=Address(), help="Those from this IP address.")
@click.option("--device", help="Those on devices or in browsers with this word, such as firefox.")
@click.option("--after", help="Those after this place, as the page before told it.")
@click.option("--most", type=click.IntRange(1, 1000), default=A_PAGE, show_default=True, help="How many at most.")
@json_option
def list_(*, after: str | None, most: int, as_json: bool, **searched: str | None) -> None:
    """List live sessions, the latest logins first."""
    if sum(value is not None for value in searched.values()) > 1:
        raise click.UsageError(_("Give one of --account, --portal, --address, --device."))
    with joined() as parts:
        position = Position.from_text(after) if after else None
        desk = parts.administration.sessions
        page = desk.page(desk.search(**searched), position, most)
        sessions = desk.documents(page)
    place = page.next.to_text() if page.next else None
    if as_json:
        show_json({"sessions": sessions, "next": place})
        return
    if not sessions:
        click.echo(_("There are no such sessions."))
    else:
        columns = [_("Session"), _("Username"), _("Portal"), _("IP address"), _("Device"), _("Login"), _("Activity")]
        show_table(columns, map(_row, sessions))
    if place:
        click.echo(_("There are more: --after {place}").format(place=place))


@session.command()
@click.argument("id", required=False)
@click.option("--account", help="End all of this account (its username).")
@click.option("--portal", help="End all that began with a login on this portal (its slug).")
@click.option("--all", "everybody", is_flag=True, help="End all there are.")
@yes_option
@json_option
def end(
    *,
    id: str | None,  # noqa: A002 - click's name for it
    account: str | None,
    portal: str | None,
    everybody: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """End the session ID, or many."""
    if sum((id is not None, account is not None, portal is not None, everybody)) != 1:
        raise click.UsageError(_("Give a session's ID, or one of --account, --portal, --all."))
    if everybody:
        confirmed(_("End all sessions of everybody?"), yes=yes)
    with joined() as parts:
        desk = parts.administration.sessions
        number = 1
        if id is not None:
            desk.end_one(CLI, id)
        elif account is not None:
            number = desk.end_account(CLI, account)
        elif portal is not None:
            number = desk.end_portal(CLI, portal)
        else:
            number = desk.end_everybody(CLI)
    at_once = id is not None or account is not None
    if as_json:
        show_json({"sessions": number, "ended": at_once})
    elif at_once:
        click.echo(_("Sessions ended: {number}").format(number=number))
        click.echo(_("Nothing can be done with them any more; a page that is open is covered at its next question."))
    else:
        sentence = _("Sessions to end: {number}. The service ends a few within two seconds, a million within minutes.")
        click.echo(sentence.format(number=number))


def _row(shown: dict[str, Any]) -> tuple[str, ...]:
    instants = (datetime.fromisoformat(shown[name]) for name in ("created_at", "last_activity_at"))
    times = (instant.astimezone().strftime("%Y-%m-%d %H:%M") for instant in instants)
    named = (shown["username"] or shown["account_id"], shown["portal"] or "–", shown["address"], shown["device"])
    return shown["id"], *named, *times
