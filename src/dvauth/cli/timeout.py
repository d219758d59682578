"""``dvauth timeout``: how long sessions may last, by default, for a role or on a portal."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import click

from dvauth.cli.duration import Duration, told
from dvauth.cli.joined import CLI, joined, told_later
from dvauth.cli.show import json_option, show_json, show_table
from dvauth.cli.texts import gettext as _
from dvauth.explained import N_, Explained
from dvauth.parts import Parts
from dvauth.policies.book import Change, ReasonMissing
from dvauth.timeouts.policy import FIELDS, Assurance, EffectivePolicy, Mistake, Override, PolicyError, PolicySet

OPTIONS = {
    "idle_timeout": "--idle",
    "absolute_timeout": "--absolute",
    "warn_before": "--warn",
    "remember_for": "--remember",
    "max_sessions": "--max-sessions",
}


class NothingSet(Explained):
    sentence = N_("Nothing is set for “{whose}”; dvauth timeout show tells what is.")


@click.group()
def timeout() -> None:
    """Show and change timeouts; every process judges by a change within two seconds."""


@timeout.command()
@json_option
def show(*, as_json: bool) -> None:
    """Show the default and what roles and portals override."""
    with joined() as parts:
        document = parts.administration.timeouts.policies().to_document()
    if as_json:
        show_json(document)
        return
    scopes = [(_("default"), document["default"])]
    scopes += [(f"{_('role')} {name}", values) for name, values in document["roles"].items() if values]
    scopes += [(f"{_('portal')} {name}", values) for name, values in document["portals"].items() if values]
    show_table([_("Who"), *map(_title, FIELDS)], (_row(who, values) for who, values in scopes))


@timeout.command(name="set")
@click.option("--role", help="Set it for everybody with this role.")
@click.option("--new-role", is_flag=True, help="The role is one of your own and was not used before.")
@click.option("--portal", help="Set it for this portal (its slug).")
@click.option("--idle", "idle_timeout", type=Duration(), help="Longest time without activity.")
@click.option("--absolute", "absolute_timeout", type=Duration(), help="Longest time since the login.")
@click.option("--warn", "warn_before", type=Duration(), help="How long before the end the prompt appears.")
@click.option("--remember", "remember_for", type=Duration(), help="How long a remembered login lasts; 0s: off.")
@click.option("--max-sessions", type=click.IntRange(1), help="How many sessions an account may have at a time.")
@click.option("--reason", help="Why they are looser than NIST says at the assurance level (see dvauth timeout level).")
@json_option
def set_(
    role: str | None, portal: str | None, *, new_role: bool, reason: str | None, as_json: bool, **values: Any
) -> None:
    """Change the default, or what one role or one portal overrides. The strictest wins, field by field."""
    given = {name: value for name, value in values.items() if value is not None}
    if not given:
        raise click.UsageError(_("Nothing to set: give at least one of --idle, --absolute, --warn, …"))
    if role and portal:
        raise click.UsageError(_("Give --role or --portal, not both."))
    if new_role and not role:
        raise click.UsageError(_("--new-role needs the --role that is new."))
    with joined() as parts:
        if role and not new_role:
            parts.administration.timeouts.require_roles([role])
        after = _save(parts, role, portal, given, reason)
    _tell_saved(after, as_json=as_json)
    if not as_json:
        _tell_of_looser(after.strictest([role] if role else [], portal), given)


@timeout.command()
@click.option("--role", help="Take back what is set for this role.")
@click.option("--portal", help="Take back what is set for this portal (its slug).")
@click.option("--idle", "idle_timeout", is_flag=True, help="Take back the idle timeout alone; and so on.")
@click.option("--absolute", "absolute_timeout", is_flag=True)
@click.option("--warn", "warn_before", is_flag=True)
@click.option("--remember", "remember_for", is_flag=True)
@click.option("--max-sessions", is_flag=True)
@json_option
def unset(role: str | None, portal: str | None, *, as_json: bool, **chosen: bool) -> None:
    """Take back what one role or one portal overrides: all of it, or the limits named."""
    if bool(role) == bool(portal):
        raise click.UsageError(_("Give either --role or --portal."))
    names = [name for name in FIELDS if chosen[name]] or FIELDS
    with joined() as parts:
        if portal:
            parts.administration.portals.find(portal)
        if not _override(parts.administration.timeouts.policies(), role, portal).values():
            raise NothingSet(whose=role or portal)
        after = _save(parts, role, portal, dict.fromkeys(names), None)
    _tell_saved(after, as_json=as_json)


@timeout.command()
@click.argument("level", type=click.Choice([level.name.lower() for level in Assurance]))
@click.option("--reason", help="Why the timeouts are looser than the level says, where they are.")
@json_option
def level(level: str, *, reason: str | None, as_json: bool) -> None:
    """Say which assurance level of NIST SP 800-63B-4 you keep; what its SHALL forbids is refused from then on."""
    with joined() as parts:
        after = _changed(parts, Change(assurance=Assurance[level.upper()], reason=reason))
    _tell_saved(after, as_json=as_json)


@timeout.command(name="take-back")
@json_option
def take_back(*, as_json: bool) -> None:
    """Undo the last change of timeouts."""
    with joined() as parts:
        after = _told(parts, parts.administration.timeouts.take_back, CLI)
    _tell_saved(after, as_json=as_json)


@timeout.command()
@click.option("--account", "username", help="The account they apply to (its username).")
@click.option("--role", "roles", multiple=True, help="A role, in place of an account; may be given several times.")
@click.option("--portal", help="The portal they are on (its slug).")
@json_option
def explain(username: str | None, roles: tuple[str, ...], portal: str | None, *, as_json: bool) -> None:
    """Show what is in force for an account or for roles, and who set each value."""
    if username and roles:
        raise click.UsageError(_("Give --account or --role, not both."))
    with joined() as parts:
        parts.administration.timeouts.require_roles(roles)
        if portal:
            parts.administration.portals.find(portal)
        if username:
            roles = parts.administration.accounts.find(username).roles
        effective = parts.administration.timeouts.policies().strictest(roles, portal)
    if as_json:
        show_json(effective.to_document())
    else:
        rows = ((_title(name), told(getattr(effective.policy, name)), _source(effective, name)) for name in FIELDS)
        show_table([_("Limit"), _("Value"), _("Set by")], rows)


def _save(parts: Parts, role: str | None, portal: str | None, values: dict[str, Any], reason: str | None) -> PolicySet:
    scope, name = ("role", role) if role else ("portal", portal) if portal else ("default", "")
    return _changed(parts, replace(Change.of(scope, name or "", values), reason=reason))


def _changed(parts: Parts, change: Change) -> PolicySet:
    return _told(parts, parts.administration.timeouts.change, CLI, change)


def _told(parts: Parts, act: Callable[..., None], *given: Any) -> PolicySet:
    """The policies after an act; what it refuses is told with the options in place of the names inside."""
    try:
        with told_later():
            act(*given)
    except PolicyError as error:
        raise click.ClickException("\n".join(map(_sentence, error.mistakes))) from error
    except ReasonMissing as missing:
        raise click.ClickException(_told_of_deviations(missing)) from missing
    return parts.administration.timeouts.policies()


def _sentence(mistake: Mistake) -> str:
    """With the options in place of the names that they have inside."""
    return f"{_whose(mistake.whose)}: {mistake.explain(_, _typed)}"


def _typed(value: Any) -> str:
    return OPTIONS.get(value, "") or told(value)


def _told_of_deviations(missing: ReasonMissing) -> str:
    looser = ", ".join(
        f"{_title(each.field)} ≤ {told(each.bound)} ({each.source})" for each in missing.deviations if each.bound
    )
    return _("This is looser than your assurance level says: {looser}. Say why with --reason.").format(looser=looser)


def _override(policies: PolicySet, role: str | None, portal: str | None) -> Override:
    return (policies.roles.get(role) if role else policies.portals.get(portal or "")) or Override()


def _tell_saved(after: PolicySet, *, as_json: bool) -> None:
    if as_json:
        show_json(after.to_document())
    else:
        click.echo(_("Saved; every session is judged by it within two seconds."))


def _tell_of_looser(effective: EffectivePolicy, given: Mapping[str, timedelta | int]) -> None:
    sentence = _("{option} {value} has no effect: the strictest wins, and that is {in_force} ({source}).")
    for name, value in given.items():
        if (in_force := getattr(effective.policy, name)) != value:
            words = {"option": OPTIONS[name], "value": told(value), "in_force": told(in_force)}
            click.echo(sentence.format(**words, source=_source(effective, name)))


def _source(effective: EffectivePolicy, name: str) -> str:
    return _whose(effective.sources[name])


def _whose(source: str) -> str:
    kind, _colon, whose = source.partition(":")
    words = {"default": _("default"), "role": _("role"), "portal": _("portal")}
    return f"{words[kind]} {whose}".strip()


def _title(name: str) -> str:
    titles = {
        "idle_timeout": _("Idle timeout"),
        "absolute_timeout": _("Absolute timeout"),
        "warn_before": _("Warn before"),
        "remember_for": _("Remember for"),
        "max_sessions": _("Most sessions"),
    }
    return titles[name]


def _row(who: str, values: dict[str, Any]) -> list[str]:
    durations = {name: timedelta(seconds=values[f"{name}_seconds"]) for name in FIELDS if f"{name}_seconds" in values}
    return [who, *(told(durations.get(name, values.get(name, "–"))) for name in FIELDS)]
