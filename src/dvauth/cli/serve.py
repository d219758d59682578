"""``dvauth serve``: the whole service on this machine, until Ctrl-C or SIGTERM."""

import os

import click

from dvauth.cli.texts import gettext
from dvauth.explained import N_
from dvauth.processes.service import Service
from dvauth.processes.supervisor import CannotStart, Supervisor
from dvauth.settings import Settings

DEMO_MARK = "THIS-IS-A-DEMO"  # a file in a demo's data folder: its passwords are on a screen


class FolderOfDemo(CannotStart):
    sentence = N_("The data folder {folder} belongs to a demo; give the service one of its own.")


@click.command()
def serve() -> None:
    """Run the service, with a Redis of its own unless DVAUTH_REDIS_URL is set."""
    settings = Settings.from_environment()
    if (settings.data_dir / DEMO_MARK).exists():
        raise FolderOfDemo(folder=settings.data_dir)
    with Supervisor(tell) as supervisor:
        service = Service(settings, os.environ, supervisor)
        service.prepare()
        service.start()
        service.wait_until_ready()
        ready = gettext("dvauth answers at {address} (it listens on {bind}). Ctrl-C stops it.")
        stops = gettext("dvauth stops; requests under way are answered first, within ten seconds.")
        supervisor.callback(tell, stops)  # a signal may come before anybody watches
        tell(ready.format(address=settings.base_url, bind=settings.bind))
        supervisor.watch()


def tell(sentence: str) -> None:
    click.echo(sentence, err=True)
