"""``dvauth portal``: who relies on us."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import click

from dvauth.audit.events import Event
from dvauth.cli.joined import ACTOR, joined, told_later
from dvauth.cli.show import json_option, show_json, show_table
from dvauth.cli.texts import gettext as _
from dvauth.explained import LANGUAGES
from dvauth.parts import Parts
from dvauth.portals.errors import NoSuchPortal
from dvauth.portals.look import PromptLook
from dvauth.portals.portal import Activity, Portal
from dvauth.web.embed import fingerprint, integrity


@click.group()
def portal() -> None:
    """Add, list and show portals."""


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
        added = _find(parts, slug)
    if as_json:
        show_json(_document(added, parts))
    else:
        click.echo(_("The portal “{slug}” is registered.").format(slug=slug))
        _show_tags(added, parts)


@portal.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """List all portals."""
    with joined() as parts:
        portals = parts.portals.all()
    if as_json:
        show_json([_document(each, parts) for each in portals])
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
        found = _find(parts, slug)
    if as_json:
        show_json(_document(found, parts))
    else:
        _show_portals([found])
        _show_look(found.look)
        _show_tags(found, parts)


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

    def changed(look: PromptLook) -> PromptLook:
        coloured = look if accent is None else look.with_accent(accent)
        return coloured.with_texts(language, **given)

    with joined() as parts:
        before = _find(parts, slug).look
        with told_later():
            parts.portals.change_look(slug, changed)
        after = _find(parts, slug)
        if after.look != before:
            old, new = before.to_document(), after.look.to_document()
            parts.audit.record(
                Event.AUTHZ_ADMIN, actor=ACTOR, portal=slug, action="prompt changed", before=old, after=new
            )
    if as_json:
        show_json(_document(after, parts))
    else:
        click.echo(
            _("The prompt of “{slug}” is changed. Open pages show it after their next question.").format(slug=slug)
        )
        click.echo(_("A preview for administrators: {url}").format(url=_preview(after, parts)))


def _preview(each: Portal, parts: Parts) -> str:
    return f"{parts.settings.base_url}/admin/portals/{each.slug}/prompt"


def _find(parts: Parts, slug: str) -> Portal:
    found = parts.portals.directory().by_slug(slug)
    if found is None:
        raise NoSuchPortal(slug=slug)
    return found


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
    click.echo(_tag(each, parts))
    click.echo(_("Or, if the portal approves each version (change it after an upgrade of dvauth):"))
    click.echo(_pinned_tag(each, parts))


def _tag(each: Portal, parts: Parts) -> str:
    return f'<script src="{_home(each, parts)}/embed.js" defer></script>'


def _pinned_tag(each: Portal, parts: Parts) -> str:
    """Browsers run this version of the script and no other."""
    source = f"{_home(each, parts)}/embed.{fingerprint()}.js"
    return f'<script src="{source}" integrity="{integrity()}" crossorigin="anonymous" defer></script>'


def _home(each: Portal, parts: Parts) -> str:
    return "/dvauth" if each.mounted else parts.settings.base_url


def _document(each: Portal, parts: Parts) -> dict[str, Any]:
    look = each.look.to_document()
    return {**asdict(each), "look": look, "tag": _tag(each, parts), "pinned_tag": _pinned_tag(each, parts)}
