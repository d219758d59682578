"""``dvauth account``: who may log in."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import click

from dvauth.accounts.account import KNOWN_ROLES, Account, Draft
from dvauth.administration.account_import import ImportRefused, Mistake
from dvauth.administration.account_table import accounts_csv, links_csv
from dvauth.administration.accounts import AccountAdministration, Invitation, document, invitation_document
from dvauth.cli.joined import CLI, joined, told_later
from dvauth.cli.show import json_option, show_json, show_table, shown_progress
from dvauth.cli.texts import gettext as _

role_option = click.option(
    "--role", "roles", multiple=True, help=f"A role; may be given several times. Known: {', '.join(KNOWN_ROLES)}."
)


@click.group()
def account() -> None:
    """Add, list, change, import and export accounts."""


@account.command()
@click.argument("username")
@role_option
@click.option("--name", help="The name that people read; the username unless given.")
@json_option
def add(username: str, roles: Sequence[str], name: str | None, *, as_json: bool) -> None:
    """Add the account USERNAME and print a one-time link by which its owner chooses a password."""
    with joined() as parts:
        _show_link(parts.administration.accounts.add(CLI, Draft(username, name, tuple(roles))), as_json=as_json)


@account.command()
@click.argument("username")
@json_option
def link(username: str, *, as_json: bool) -> None:
    """Print a new one-time link for USERNAME; an older one no longer works."""
    with joined() as parts:
        desk = parts.administration.accounts
        _show_link(desk.invite(CLI, desk.find(username)), as_json=as_json)


@account.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """List all accounts."""
    with joined() as parts:
        accounts = list(parts.administration.accounts.every())
    if as_json:
        show_json([document(each) for each in accounts])
    elif not accounts:
        click.echo(_("There are no accounts yet. The first one: dvauth account add USERNAME --role admin"))
    else:
        columns = [_("Username"), _("Name"), _("Roles"), _("State"), _("Last login")]
        show_table(columns, map(_row, accounts))


@account.command()
@click.argument("username")
@json_option
def disable(username: str, *, as_json: bool) -> None:
    """Let USERNAME log in no more, and end all sessions of USERNAME."""
    with _changing(username, _("“{name}” is disabled, and all sessions are ended."), as_json=as_json) as (desk, found):
        desk.disable(CLI, found)


@account.command()
@click.argument("username")
@json_option
def enable(username: str, *, as_json: bool) -> None:
    """Let USERNAME log in again."""
    with _changing(username, _("“{name}” is enabled."), as_json=as_json) as (desk, found):
        desk.enable(CLI, found)


@account.command()
@click.argument("username")
@json_option
def unlock(username: str, *, as_json: bool) -> None:
    """Forget the failed logins of USERNAME, who need not wait any more."""
    with _changing(username, _("The failed logins of “{name}” are forgotten."), as_json=as_json) as (desk, found):
        desk.unlock(CLI, found)


@account.command()
@click.argument("username")
@role_option
@json_option
def set_roles(username: str, roles: Sequence[str], *, as_json: bool) -> None:
    """Replace all roles of USERNAME by those given; live sessions have them within two seconds."""
    if not roles:
        raise click.UsageError(_("Give at least one --role."))
    with _changing(username, _("The roles of “{name}” are changed."), as_json=as_json) as (desk, found):
        desk.set_roles(CLI, found, roles)


@account.command()
@click.argument("username")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password from the first line of standard input.")
@json_option
def set_password(username: str, *, from_stdin: bool, as_json: bool) -> None:
    """Ask for a new password of USERNAME, and end all sessions of USERNAME."""
    sentence = _("“{name}” has a new password, and all sessions are ended.")
    with _changing(username, sentence, as_json=as_json) as (desk, found):
        desk.set_password(CLI, found, sys.stdin.readline().rstrip("\r\n") if from_stdin else _asked_password())


@account.command()
@json_option
def export(*, as_json: bool) -> None:
    """Print all accounts as CSV: username, display_name, roles, enabled, last_login."""
    with joined() as parts:
        if as_json:
            show_json([document(each) for each in parts.administration.accounts.export(CLI)])
        else:
            for line in accounts_csv(parts.administration.accounts.export(CLI)):
                click.echo(line, nl=False)


@account.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Only tell what would be added, and every mistake.")
@json_option
def import_(file: str, *, dry_run: bool, as_json: bool) -> None:
    """Add the accounts of FILE (CSV with the columns username, display_name and roles; - is standard input).

    All of them or, with a mistake in any line, none. Prints whom to send which one-time link, as CSV: keep it from
    others, it is not printed again.
    """
    with click.open_file(file, "rb") as opened:
        content = opened.read()
    with joined() as parts:
        if dry_run:
            checked = parts.administration.account_import.check(content)
            if not checked.mistakes:
                _show_drafts(checked.drafts, as_json=as_json)
                return
            raise _refusal(checked.mistakes)
        try:
            invited = parts.administration.account_import.run(CLI, content, shown_progress(_("Adding accounts")))
        except ImportRefused as refused:
            raise _refusal(refused.mistakes) from refused
    if as_json:
        show_json([invitation_document(each) for each in invited])
    else:
        click.echo(links_csv((each.account, each.url) for each in invited), nl=False)
        click.echo(_("Accounts added: {count}").format(count=len(invited)), err=True)


@contextmanager
def _changing(username: str, sentence: str, *, as_json: bool) -> Iterator[tuple[AccountAdministration, Account]]:
    """The block changes the account; then live sessions hear of it, and the person at the terminal."""
    with joined() as parts:
        desk = parts.administration.accounts
        found = desk.find(username)
        yield desk, found
        with told_later():
            desk.settle(found)
        if as_json:
            show_json(document(desk.get(found.id)))
        else:
            click.echo(sentence.format(name=found.username))


def _refusal(mistakes: Sequence[Mistake]) -> click.ClickException:
    told = [_told(mistake) for mistake in mistakes]
    return click.ClickException("\n".join([_("Nothing was added."), *told]))


def _told(mistake: Mistake) -> str:
    sentence = mistake.why.explain(_)
    if mistake.line is None:
        return sentence
    return _("Line {number}: {sentence}").format(number=mistake.line, sentence=sentence)


def _show_drafts(drafts: Sequence[Draft], *, as_json: bool) -> None:
    if as_json:
        show_json([{"username": each.username, "name": each.display_name, "roles": each.roles} for each in drafts])
    else:
        click.echo(_("Accounts that would be added: {count}. There is no mistake.").format(count=len(drafts)))


def _asked_password() -> str:
    asked: str = click.prompt(_("New password"), hide_input=True, confirmation_prompt=_("The same once more"))
    return asked


def _show_link(made: Invitation, *, as_json: bool) -> None:
    if as_json:
        show_json(invitation_document(made))
        return
    sentence = _("By this link “{name}” chooses a password. It works once, within {hours} hours:")
    click.echo(sentence.format(name=made.account.username, hours=made.lasts // timedelta(hours=1)))
    click.echo(made.url)


def _row(each: Account) -> tuple[str, ...]:
    last_login = each.last_login_at.astimezone().strftime("%Y-%m-%d %H:%M") if each.last_login_at else "–"
    return each.username, each.display_name, " ".join(each.roles), _state(each), last_login


def _state(each: Account) -> str:
    if not each.is_enabled:
        return _("disabled")
    return _("enabled") if each.password_hash else _("has no password yet")
