"""``dvauth db``: the SQL database."""

import click

from dvauth.cli.texts import gettext as _
from dvauth.settings import Settings
from dvauth.storage.sql import Database


@click.group()
def db() -> None:
    """Look after the SQL database."""


@db.command()
def upgrade() -> None:
    """Bring the tables to this version's. `dvauth serve` does it by itself."""
    database = Database(Settings.from_environment().sql_url)
    database.upgrade()
    database.close()
    click.echo(_("The database is up to date."))
