"""``dvauth timeout``: how long sessions may last, by default, for a role or on a portal."""

import re
from datetime import timedelta
from typing import Any

import click

from dvauth.audit.events import Event
from dvauth.cli.joined import ACTOR, joined, told_later
from dvauth.cli.show import json_option, show_json, show_table
from dvauth.cli.texts import gettext as _
from dvauth.parts import Parts
from dvauth.timeouts.policy import FIELDS, EffectivePolicy, PolicyError, PolicySet

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(click.ParamType[timedelta]):
    """``90s``, ``15m``, ``8h``, ``30d`` or several of them: ``1h30m``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        parts = re.findall(r"(\d+)([smhd])", value)
        if not parts or "".join(map("".join, parts)) != value:
            self.fail(_("“{value}” is no duration; write 90s, 15m, 8h or 1h30m.").format(value=value), param, ctx)
        return timedelta(seconds=sum(int(number) * UNITS[unit] for number, unit in parts))


@click.group()
def timeout() -> None:
    """Show and change timeouts; every process judges by a change within two seconds."""


@timeout.command()
@json_option
def show(*, as_json: bool) -> None:
    """Show the default and what roles and portals override."""
    with joined() as parts:
        document = parts.policy_book.load().to_document()
    if as_json:
        show_json(document)
        return
    scopes = [(_("default"), document["default"])]
    scopes += [(_("role") + f" {name}", values) for name, values in document["roles"].items()]
    scopes += [(_("portal") + f" {name}", values) for name, values in document["portals"].items()]
    show_table([_("Who"), *map(_title, FIELDS)], (_row(who, values) for who, values in scopes))


@timeout.command(name="set")
@click.option("--role", help="Set it for everybody with this role.")
@click.option("--portal", help="Set it for this portal (its slug).")
@click.option("--idle", "idle_timeout", type=Duration(), help="Longest time without activity.")
@click.option("--absolute", "absolute_timeout", type=Duration(), help="Longest time since the login.")
@click.option("--warn", "warn_before", type=Duration(), help="How long before the end the prompt appears.")
@click.option("--remember", "remember_for", type=Duration(), help="How long a remembered login lasts; 0s: off.")
@click.option("--max-sessions", type=click.IntRange(1), help="How many sessions an account may have at a time.")
@json_option
def set_(role: str | None, portal: str | None, *, as_json: bool, **values: Any) -> None:
    """Change the default, or what one role or one portal overrides. The strictest wins, field by field."""
    given = {name: value for name, value in values.items() if value is not None}
    if not given:
        raise click.UsageError(_("Nothing to set: give at least one of --idle, --absolute, --warn, …"))
    if role and portal:
        raise click.UsageError(_("Give --role or --portal, not both."))
    _save(role, portal, given, as_json=as_json)


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
    _save(role, portal, dict.fromkeys(names), as_json=as_json)


@timeout.command()
@click.option("--role", "roles", multiple=True, help="A role of the account; may be given several times.")
@click.option("--portal", help="The portal they are on (its slug).")
@json_option
def explain(roles: tuple[str, ...], portal: str | None, *, as_json: bool) -> None:
    """Show what is in force for somebody with these roles, and who set each value."""
    with joined() as parts:
        effective = parts.policy_book.load().strictest(roles, portal)
    if as_json:
        show_json(_explained(effective))
    else:
        rows = ((_title(name), _told(getattr(effective.policy, name)), effective.sources[name]) for name in FIELDS)
        show_table([_("Limit"), _("Value"), _("Set by")], rows)


def _save(role: str | None, portal: str | None, values: dict[str, Any], *, as_json: bool) -> None:
    with joined() as parts:
        before = parts.policy_book.load()
        with told_later():
            _change(parts, role, portal, values)
        after = parts.policy_book.load()
        _record(parts, role, portal, before, after)
    if as_json:
        show_json(after.to_document())
    else:
        click.echo(_("Saved; every session is judged by it within two seconds."))


def _change(parts: Parts, role: str | None, portal: str | None, values: dict[str, Any]) -> None:
    if portal and parts.portals.directory().by_slug(portal) is None:
        raise click.ClickException(_("There is no portal “{slug}”.").format(slug=portal))
    try:
        if role:
            parts.policy_book.change_override("role", role, **values)
        elif portal:
            parts.policy_book.change_override("portal", portal, **values)
        else:
            parts.policy_book.change_default(**values)
    except PolicyError as error:
        raise click.ClickException("\n".join(error.mistakes)) from error


def _record(parts: Parts, role: str | None, portal: str | None, before: PolicySet, after: PolicySet) -> None:
    parts.audit.record(
        Event.AUTHZ_ADMIN,
        actor=ACTOR,
        portal=portal,
        action="timeouts",
        role=role,
        before=str(before.to_document()),
        after=str(after.to_document()),
    )


def _explained(effective: EffectivePolicy) -> dict[str, Any]:
    values = {name: getattr(effective.policy, name) for name in FIELDS}
    plain = {name: value.total_seconds() if isinstance(value, timedelta) else value for name, value in values.items()}
    return {name: {"value": plain[name], "set_by": effective.sources[name]} for name in FIELDS}


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
    return [who, *(_told(durations.get(name, values.get(name, "–"))) for name in FIELDS)]


def _told(value: timedelta | int | str) -> str:
    """``1h30m``, as ``Duration`` reads it."""
    if not isinstance(value, timedelta):
        return str(value)
    left, told = round(value.total_seconds()), ""
    for unit, seconds in reversed(UNITS.items()):
        if left >= seconds:
            told, left = f"{told}{left // seconds}{unit}", left % seconds
    return told or "0s"
