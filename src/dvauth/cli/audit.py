"""``dvauth audit``: who did what, and why sessions ended."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import reduce
from typing import Any, TypeVar

import click

from dvauth.administration.audit import Form
from dvauth.audit.events import Event
from dvauth.audit.trail import Wanted
from dvauth.cli.address import Address
from dvauth.cli.duration import Duration
from dvauth.cli.joined import CLI, joined
from dvauth.cli.show import json_option, show_json, show_table
from dvauth.cli.texts import gettext as _
from dvauth.parts import Parts, utc_now

F = TypeVar("F", bound=Callable[..., Any])

FILTERS = (
    click.option("--last", type=Duration(), help="Of so long until now, such as 24h; all unless given."),
    click.option(
        "--event", type=click.Choice([event.value for event in Event]), metavar="EVENT",
        help="Of this kind, such as authn_login_fail; docs/events.md explains each.",
    ),
    click.option("--account", help="About this account (its username)."),
    click.option("--actor", help="Done by this account (its username), or by cli."),
    click.option("--session", help="Of this session, as its events name it."),
    click.option("--portal", help="On this portal (its slug)."),
    click.option("--address", type=Address(), help="From this IP address."),
)  # fmt: skip


def filtered(command: F) -> F:
    """Adds the filters, handed to the command by their names."""
    return reduce(lambda found, option: option(found), reversed(FILTERS), command)


@click.group()
def audit() -> None:
    """Read the audit log. Nothing changes it; what is older than DVAUTH_AUDIT_RETENTION is forgotten."""


@audit.command()
@click.option("-n", "most", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many events.")
@filtered
@json_option
def tail(most: int, *, as_json: bool, **given: Any) -> None:
    """Show the latest events, the newest last."""
    with joined() as parts:
        desk = parts.administration.audit
        documents = desk.documents(desk.newest(_wanted(parts, **given), most=most)[::-1])
    if as_json:
        show_json(documents)
    elif not documents:
        click.echo(_("There are no such events."))
    else:
        columns = [_("When"), _("Event"), _("About"), _("By"), _("Portal"), _("Address"), _("Details")]
        show_table(columns, map(_row, documents))


@audit.command()
@click.option("--csv", "as_csv", is_flag=True, help="For spreadsheets; a cell that one would run begins with '.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line an event, as without it.")
@filtered
def export(*, as_csv: bool, as_json: bool, **given: Any) -> None:
    """Print all events, the newest first, as JSON lines or as CSV."""
    if as_csv and as_json:
        raise click.UsageError(_("Give --csv or --json, not both."))
    form = Form.CSV if as_csv else Form.JSON_LINES
    with joined() as parts:
        for line in parts.administration.audit.export(CLI, _wanted(parts, **given), form):
            click.echo(line, nl=False)


def _wanted(parts: Parts, *, last: timedelta | None, account: str | None, actor: str | None, **others: Any) -> Wanted:
    find = parts.administration.audit.account_id
    return Wanted(
        since=utc_now() - last if last else None,
        account=find(account) if account else None,
        actor=find(actor) if actor else None,
        **others,
    )


def _row(told: dict[str, Any]) -> list[str]:
    people = [told[f"{whose}_username"] or told[whose] or "" for whose in ("account", "actor")]
    details = " ".join(f"{name}={value}" for name, value in told["details"].items() if value is not None)
    when = datetime.fromisoformat(told["at"]).astimezone().isoformat(" ", "seconds")
    return [when, told["event"], *people, told["portal"] or "", told["address"] or "", details]
