"""What the tests of administrators' pages share."""

from typing import Any

import pytest

from dvauth.storage.redis import StoreUnavailable


@pytest.fixture
def charlie(site: Any) -> Any:
    """An administrator's browser, logged in."""
    browser = site.browser()
    browser.log_in("charlie")
    return browser


@pytest.fixture
def without_redis() -> Any:
    """In place of an act that tells Redis: as if it went away just then."""

    def refuse(*_given: Any) -> None:
        raise StoreUnavailable

    return refuse
