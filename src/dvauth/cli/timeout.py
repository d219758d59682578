"""``dvauth timeout``: how long sessions may last, by default, for a role or on a portal."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import click

from dvauth.accounts.account import checked_roles
from dvauth.audit.events import Event
from dvauth.cli.account import find
from dvauth.cli.duration import Duration, told
from dvauth.cli.joined import ACTOR, joined, told_later
from dvauth.cli.roles import require_known
from dvauth.cli.show import json_option, show_json, show_table
from dvauth.cli.texts import gettext as _
from dvauth.explained import N_, Explained
from dvauth.parts import Parts
from dvauth.portals.errors import NoSuchPortal
from dvauth.timeouts.policy import FIELDS, EffectivePolicy, Override, PolicyError, PolicySet, TimeoutPolicy

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
        document = parts.policy_book.load().to_document()
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
@json_option
def set_(role: str | None, portal: str | None, *, new_role: bool, as_json: bool, **values: Any) -> None:
    """Change the default, or what one role or one portal overrides. The strictest wins, field by field."""
    given = {name: value for name, value in values.items() if value is not None}
    if not given:
        raise click.UsageError(_("Nothing to set: give at least one of --idle, --absolute, --warn, …"))
    if role and portal:
        raise click.UsageError(_("Give --role or --portal, not both."))
    if new_role and not role:
        raise click.UsageError(_("--new-role needs the --role that is new."))
    with joined() as parts:
        if role and new_role:
            checked_roles([role])
        elif role:
            require_known(parts, [role])
        after = _save(parts, role, portal, given)
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
            _require_portal(parts, portal)
        if not _override(parts.policy_book.load(), role, portal).values():
            raise NothingSet(whose=role or portal)
        after = _save(parts, role, portal, dict.fromkeys(names))
    _tell_saved(after, as_json=as_json)


@timeout.command()
@click.option("--account", "username", help="The account they apply to (its username).")
@click.option("--role", "roles", multiple=True, help="A role, in place of an account; may be given several times.")
@click.option("--portal", help="The portal they are on (its slug).")
@json_option
def explain(username: str | None, roles: tuple[str, ...], portal: str | None, *, as_json: bool) -> None:
    """Show what is in force for an account or for roles, and who set each value."""
    with joined() as parts:
        require_known(parts, roles)
        if portal:
            _require_portal(parts, portal)
        if username:
            roles += find(parts, username).roles
        effective = parts.policy_book.load().strictest(roles, portal)
    if as_json:
        show_json(_explained(effective))
    else:
        rows = ((_title(name), told(getattr(effective.policy, name)), _source(effective, name)) for name in FIELDS)
        show_table([_("Limit"), _("Value"), _("Set by")], rows)


def _save(parts: Parts, role: str | None, portal: str | None, values: dict[str, Any]) -> PolicySet:
    before = parts.policy_book.load()
    with told_later():
        _change(parts, role, portal, values)
    after = parts.policy_book.load()
    old, new = _differences(_of(before, role, portal), _of(after, role, portal))
    parts.audit.record(
        Event.AUTHZ_ADMIN, actor=ACTOR, portal=portal, action="timeouts changed", role=role, before=old, after=new
    )
    return after


def _change(parts: Parts, role: str | None, portal: str | None, values: dict[str, Any]) -> None:
    try:
        if role:
            parts.policy_book.change_override("role", role, **values)
        elif portal:
            _require_portal(parts, portal)
            parts.policy_book.change_override("portal", portal, **values)
        else:
            parts.policy_book.change_default(**values)
    except PolicyError as error:
        raise click.ClickException("\n".join(map(_as_typed, error.mistakes))) from error


def _require_portal(parts: Parts, slug: str) -> None:
    if parts.portals.directory().by_slug(slug) is None:
        raise NoSuchPortal(slug=slug)


def _as_typed(mistake: str) -> str:
    """The sentence with the options in place of the names that they have inside."""
    for name, option in OPTIONS.items():
        mistake = mistake.replace(name, option)
    return mistake


def _of(policies: PolicySet, role: str | None, portal: str | None) -> TimeoutPolicy | Override:
    return _override(policies, role, portal) if role or portal else policies.default


def _override(policies: PolicySet, role: str | None, portal: str | None) -> Override:
    return (policies.roles.get(role) if role else policies.portals.get(portal or "")) or Override()


def _differences(before: TimeoutPolicy | Override, after: TimeoutPolicy | Override) -> tuple[str, str]:
    """The fields that changed, for the audit log: ``idle_timeout=15m``, and what became of them."""
    changed = [name for name in FIELDS if getattr(before, name) != getattr(after, name)]
    old, new = (" ".join(f"{name}={_or_unset(getattr(each, name))}" for name in changed) for each in (before, after))
    return old, new


def _or_unset(value: timedelta | int | None) -> str:
    return "unset" if value is None else told(value)


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


def _explained(effective: EffectivePolicy) -> dict[str, Any]:
    values = {name: getattr(effective.policy, name) for name in FIELDS}
    plain = {name: value.total_seconds() if isinstance(value, timedelta) else value for name, value in values.items()}
    return {name: {"value": plain[name], "set_by": effective.sources[name]} for name in FIELDS}


def _source(effective: EffectivePolicy, name: str) -> str:
    kind, _colon, whose = effective.sources[name].partition(":")
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
