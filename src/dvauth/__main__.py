"""``python -m dvauth``, the same as the command ``dvauth``."""

from dvauth.cli import main

main(prog_name="dvauth")
