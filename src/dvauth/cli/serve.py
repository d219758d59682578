"""``dvauth serve``: the whole service on this machine, until Ctrl-C or SIGTERM."""

import os

import click

from dvauth.processes.service import Service
from dvauth.processes.supervisor import CannotStart, Supervisor
from dvauth.settings import Settings

DEMO_MARK = "THIS-IS-A-DEMO"  # a file in a demo's data folder: its passwords are on a screen


@click.command()
def serve() -> None:
    """Run the service, with a Redis of its own unless DVAUTH_REDIS_URL is set."""
    settings = Settings.from_environment()
    if (settings.data_dir / DEMO_MARK).exists():
        raise CannotStart(f"The data folder {settings.data_dir} belongs to a demo; give the service one of its own.")
    with Supervisor(tell) as supervisor:
        service = Service(settings, os.environ, supervisor)
        service.prepare()
        service.start()
        service.wait_until_ready()
        tell(f"dvauth answers at {settings.base_url} (listening on {settings.bind}).")
        supervisor.watch()


def tell(sentence: str) -> None:
    click.echo(sentence, err=True)
