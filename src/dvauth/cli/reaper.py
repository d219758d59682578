"""``dvauth reaper``: the housekeeping, as a process of its own. ``dvauth serve`` starts it."""

import logging
import signal
import threading

import click

from dvauth.housekeeping import Housekeeping
from dvauth.parts import connected
from dvauth.settings import Settings


@click.command()
def reaper() -> None:
    """End sessions that nobody asks about, and keep the audit log (part of `serve`)."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with connected(Settings.from_environment()) as parts:
        Housekeeping(parts).run(stopped)
