"""The command ``dvauth``: one module here for each noun, with a click command of the same name in it.

Exit codes: 0 done; 1 it could not be done, a sentence says why; 2 wrong options or settings, a sentence for each.
"""

import importlib

import click

from dvauth.cli.texts import gettext, teach_click
from dvauth.explained import Explained
from dvauth.settings import SettingsError
from dvauth.storage.redis import StoreUnavailable
from dvauth.storage.sql import DatabaseUnavailable

teach_click()

NOUNS = ("account", "audit", "db", "demo", "portal", "reaper", "serve", "session", "statistics", "timeout", "token")


class WrongSettings(click.ClickException):
    """Every mistake of the settings, one a line."""

    exit_code = 2


class Dvauth(click.Group):
    """Loads the module of a command only when it is asked for, and turns what went wrong into a sentence, once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(NOUNS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in NOUNS:
            return None
        command = getattr(importlib.import_module(f"dvauth.cli.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            told = (mistake.explain(gettext) for mistake in error.mistakes)
            raise WrongSettings("\n".join([gettext("these settings cannot be used:"), *told])) from error
        except StoreUnavailable as error:
            sentence = gettext("Redis does not answer; nobody can be logged in or out before it does.")
            raise click.ClickException(sentence) from error
        except Explained as error:
            raise click.ClickException(error.explain(gettext)) from error
        except DatabaseUnavailable as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Dvauth, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dvauth")
def main() -> None:
    """Login, Redis-backed sessions and an inactivity prompt for web portals."""
