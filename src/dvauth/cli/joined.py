"""The parts of dvauth, as commands use them."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import click

from dvauth.administration.actor import Actor
from dvauth.cli.texts import gettext as _
from dvauth.parts import Parts, connected
from dvauth.settings import Settings
from dvauth.storage.redis import StoreUnavailable

# Whom the audit log names as the one who did it.
ACTOR = "cli"
CLI = Actor(ACTOR)


@contextmanager
def joined() -> Iterator[Parts]:
    """The parts, for the duration of the block. What happens is recorded in SQL alone: a terminal is no log."""
    with connected(Settings.from_environment(), audit_stream=StringIO()) as parts:
        if not parts.database.is_ready():
            raise click.ClickException(_("The database does not answer, or has no tables yet: run dvauth db upgrade."))
        yield parts


@contextmanager
def told_later() -> Iterator[None]:
    """A change that is made in SQL stands even if Redis cannot be told of it yet."""
    try:
        yield
    except StoreUnavailable:
        message = _("Redis does not answer. The change is made; the live sessions hear of it as soon as Redis is back.")
        click.echo(message, err=True)
