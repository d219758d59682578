"""What happened by hour and portal, by programs."""

import json
from typing import Any

import pytest

from dvauth.administration.statistics import document
from tests.web.api.conftest import Ask


def test_tells_what_the_page_and_the_command_tell(ask: Ask, site: Any) -> None:
    site.browser().log_in("bob")
    site.browser().log_in("bob", "a wrong password")
    site.parts.audit.flush()
    site.keep_house()
    found = ask("GET", "statistics?hours=2").json
    assert found == json.loads(json.dumps(document(site.parts.administration.statistics.last(2))))
    assert found["live"] == {"sessions": 1, "exact": True}
    assert len(found["hours"]) == 2


def test_of_one_portal(ask: Ask) -> None:
    found = ask("GET", "statistics?portal=news").json
    assert (found["portal"], found["portals"], len(found["hours"])) == ("news", {}, 24)


@pytest.mark.parametrize(("query", "status"), [("hours=0", 422), ("hours=many", 422), ("portal=nowhere", 404)])
def test_what_makes_no_sense_is_refused(ask: Ask, query: str, status: int) -> None:
    refused = ask("GET", f"statistics?{query}")
    assert refused.status_code == status
    assert query.partition("=")[2] in refused.json["detail"]
