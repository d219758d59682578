"""``dvauth portal``: who relies on us."""

from collections.abc import Iterable, Sequence

import click

from dvauth.administration.portals import document
from dvauth.cli.confirm import confirmed, yes_option
from dvauth.cli.joined import CLI, joined, told_later
from dvauth.cli.show import json_option, show_json, show_table
from dvauth.cli.texts import gettext as _
from dvauth.explained import LANGUAGES
from dvauth.parts import Parts
from dvauth.portals.embed_tag import pinned_tag, tag
from dvauth.portals.look import PromptLook
from dvauth.portals.portal import Activity, Portal


@click.group()
def portal() -> None:
    """Add, list, show, change and remove portals."""


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
            parts.administration.portals.add(
                CLI, slug, name=name, origins=origins, activity=Activity(activity), mounted=mounted
            )
        added = parts.administration.portals.find(slug)
    if as_json:
        show_json(document(added, parts.settings.base_url))
    else:
        click.echo(_("The portal “{slug}” is registered.").format(slug=slug))
        _show_tags(added, parts)


@portal.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """List all portals."""
    with joined() as parts:
        portals = parts.administration.portals.all()
    if as_json:
        show_json([document(each, parts.settings.base_url) for each in portals])
    elif not portals:
        click.echo(_("There are no portals yet. The first one: dvauth portal add SLUG --name NAME --origin ORIGIN"))
    else:
        _show_portals(portals)


@portal.command()
@click.argument("slug")
@json_option
def show(slug: str, *, as_json: bool) -> None:
    """Show the portal SLUG, and the tag for its pages."""
    with joined() as parts:
        found = parts.administration.portals.find(slug)
    if as_json:
        show_json(document(found, parts.settings.base_url))
    else:
        _show_portals([found])
        _show_look(found.look)
        _show_tags(found, parts)


@portal.command()
@click.argument("slug")
@click.option("--name", help="The name that people read.")
@click.option("--origin", "origins", multiple=True, help="Scheme and host, in place of all it had; may be repeated.")
@json_option
def change(slug: str, name: str | None, origins: Sequence[str], *, as_json: bool) -> None:
    """Change the name and the origins of the portal SLUG; sessions live on."""
    if name is None and not origins:
        raise click.UsageError(_("Nothing to change: give at least one of --name, --origin."))
    with joined() as parts:
        before = parts.administration.portals.find(slug)
        with told_later():
            parts.administration.portals.change(
                CLI, slug, name=before.name if name is None else name, origins=origins or before.origins
            )
        after = parts.administration.portals.find(slug)
    if as_json:
        show_json(document(after, parts.settings.base_url))
    else:
        _show_portals([after])


@portal.command()
@click.argument("slug")
@yes_option
@json_option
def remove(slug: str, *, yes: bool, as_json: bool) -> None:
    """Remove the portal SLUG and its timeouts; its pages have no prompt from then on."""
    with joined() as parts:
        removed = parts.administration.portals.find(slug)
        confirmed(_("Remove the portal “{slug}” and its timeouts?").format(slug=slug), yes=yes)
        with told_later():
            parts.administration.portals.remove(CLI, slug)
    if as_json:
        show_json(document(removed, parts.settings.base_url))
    else:
        click.echo(_("The portal “{slug}” is removed.").format(slug=slug))


@portal.command()
@click.argument("slug")
@click.option("--accent", help="The colour of the button, such as #a61b1b.")
@click.option(
    "--language", type=click.Choice(list(LANGUAGES)), default="vi", show_default=True, help="The language of the words."
)
@click.option("--title", help="The heading.")
@click.option("--message", help="The words before the button.")
@click.option("--button", help="The words on the button.")
@json_option
def prompt(slug: str, accent: str | None, language: str, *, as_json: bool, **words: str | None) -> None:
    """Change the colour and the words of the prompt on the portal SLUG; "" goes back to ours."""
    given = {word: text for word, text in words.items() if text is not None}
    if accent is None and not given:
        raise click.UsageError(_("Nothing to change: give at least one of --accent, --title, --message, --button."))
    with joined() as parts:
        with told_later():
            parts.administration.portals.change_prompt(CLI, slug, accent=accent, texts={language: given})
        after = parts.administration.portals.find(slug)
    if as_json:
        show_json(document(after, parts.settings.base_url))
    else:
        click.echo(
            _("The prompt of “{slug}” is changed. Open pages show it after their next question.").format(slug=slug)
        )
        click.echo(_("A preview for administrators: {url}").format(url=_preview(after, parts)))


def _preview(each: Portal, parts: Parts) -> str:
    return f"{parts.settings.base_url}/admin/portals/{each.slug}/prompt"


def _show_portals(portals: Iterable[Portal]) -> None:
    columns = [_("Portal"), _("Name"), _("Origins"), _("Activity"), _("Maps /dvauth/")]
    show_table(columns, map(_row, portals))


def _row(each: Portal) -> tuple[str, ...]:
    return each.slug, each.name, "\n".join(each.origins), each.activity, _("yes") if each.mounted else _("no")


def _show_look(look: PromptLook) -> None:
    """Nothing where the portal left the prompt as it comes."""
    rows = [("--accent", "", look.accent)] if look.accent else []
    rows += [(f"--{word}", language, text) for language, texts in look.texts.items() for word, text in texts.items()]
    if rows:
        show_table([_("Prompt"), _("Language"), _("Value")], rows)


def _show_tags(each: Portal, parts: Parts) -> None:
    click.echo(_("For the head of its pages:"))
    click.echo(tag(each, parts.settings.base_url))
    click.echo(_("Or, if the portal approves each version (change it after an upgrade of dvauth):"))
    click.echo(pinned_tag(each, parts.settings.base_url))
