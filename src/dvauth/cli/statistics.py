"""``dvauth statistics``: how many are logged in, and what happened by hour."""

from datetime import datetime

import click

from dvauth.administration.statistics import MOST_HOURS, document
from dvauth.audit.counts import Counts, Figure
from dvauth.cli.joined import joined
from dvauth.cli.show import json_option, show_json, show_table
from dvauth.cli.texts import gettext as _


@click.command()
@click.option(
    "--hours", type=click.IntRange(1, MOST_HOURS), default=24, show_default=True, help="Of so many hours until now."
)
@click.option("--portal", help="Of this portal alone (its slug).")
@json_option
def statistics(*, hours: int, portal: str | None, as_json: bool) -> None:
    """Show live sessions, logins, failures, prompts and ends, by hour; and what needs attention."""
    with joined() as parts:
        found = parts.administration.statistics.last(hours, portal)
    if as_json:
        show_json(document(found))
        return
    for concern in found.concerns:
        click.echo(concern.explain(_))
    live = str(found.live.sessions) if found.live.exact else _("more than {number}").format(number=found.live.sessions)
    click.echo(_("Live sessions now: {number}").format(number=live))
    titles = [_(figure.label) for figure in Figure]
    show_table([_("Hour"), *titles], (_row(_told(hour.at), hour.counts) for hour in found.hours))
    if found.portals:
        show_table([_("Portal"), *titles], (_row(slug, counts) for slug, counts in sorted(found.portals.items())))


def _told(hour: datetime) -> str:
    return hour.astimezone().strftime("%Y-%m-%d %H:%M")


def _row(name: str, counts: Counts) -> list[str]:
    """A dash where nobody was there to count the live sessions."""
    return [name, *(str(counts.get(figure, "–" if figure is Figure.LIVE else 0)) for figure in Figure)]
