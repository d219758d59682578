"""Where a person goes on after they have proved who they are: to the page of ours that they had asked for."""

import re

from flask import current_app
from werkzeug.exceptions import HTTPException

from dvauth.web.guards import PAGES

# Of what browsers might repair, such as "//", a backslash or a tab, nothing is let through.
# Nor a part of dots, which they would resolve: the page would be another than the one that was found.
_PLAIN = re.compile(r"(?!//)(?!\S*/\.{1,2}(?:[/?]|$))(?P<path>/[\w/.-]*)(?:\?[\w=&.%+-]*)?", re.ASCII)
_FOR_STRANGERS = {"login", "setup", "enter"}


def own_page(target: str) -> str | None:
    """The local path, with its query, if it leads to a page that only people who are logged in may see."""
    found = _PLAIN.fullmatch(target)
    if found is None:
        return None
    try:
        endpoint, _ = current_app.url_map.bind("").match(found["path"], method="GET")
    except HTTPException:
        return None
    return target if endpoint.partition(".")[0] in PAGES - _FOR_STRANGERS else None
