"""``dvauth portal``: who relies on us."""

from collections.abc import Sequence
from dataclasses import asdict

import click

from dvauth.audit.events import Event
from dvauth.cli.joined import ACTOR, joined, told_later
from dvauth.cli.show import json_option, show_json, show_table
from dvauth.cli.texts import gettext as _
from dvauth.portals.portal import Activity, Portal


@click.group()
def portal() -> None:
    """Add and list portals."""


@portal.command()
@click.argument("slug")
@click.option("--name", required=True, help="The name that people read.")
@click.option("--origin", "origins", multiple=True, required=True, help="Scheme and host; may be given several times.")
@click.option(
    "--activity",
    type=click.Choice([mode.value for mode in Activity]),
    default=Activity.NAVIGATION.value,
    show_default=True,
    help="Which of its requests keep a session alive, when its proxy asks /verify.",
)
@click.option("--mounted", is_flag=True, help="Its hosts map /dvauth/ to the service.")
@json_option
def add(slug: str, name: str, origins: Sequence[str], activity: str, *, mounted: bool, as_json: bool) -> None:
    """Add a portal by the short name SLUG."""
    with joined() as parts:
        with told_later():
            parts.portals.add(slug, name=name, origins=origins, activity=Activity(activity), mounted=mounted)
        parts.audit.record(Event.AUTHZ_ADMIN, actor=ACTOR, portal=slug, action="portal added")
        added = parts.portals.directory().by_slug(slug)
    if as_json and added:
        show_json(asdict(added))
    else:
        click.echo(_("The portal “{slug}” is registered.").format(slug=slug))


@portal.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """List all portals."""
    with joined() as parts:
        portals = parts.portals.all()
    if as_json:
        show_json([asdict(each) for each in portals])
    else:
        columns = [_("Portal"), _("Name"), _("Origins"), _("Activity"), _("Maps /dvauth/")]
        show_table(columns, map(_row, portals))


def _row(each: Portal) -> tuple[str, ...]:
    return each.slug, each.name, "\n".join(each.origins), each.activity, _("yes") if each.mounted else _("no")
