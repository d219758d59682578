"""IP addresses as options of commands."""

from ipaddress import ip_address
from typing import Any

import click

from dvauth.cli.texts import gettext as _


class Address(click.ParamType[str]):
    """The type of an option that is an IP address; the value is in its shortest form."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return str(ip_address(value))
        except ValueError:
            self.fail(_("“{value}” is no IP address, such as 203.0.113.7.").format(value=value), param, ctx)
