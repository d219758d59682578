"""Policies in SQL, changed by several administrators at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from dvauth.policies.book import PolicyBook
from dvauth.storage.revision import read_revision
from dvauth.storage.sql import Database
from dvauth.timeouts.policy import FIELDS, PolicyError

FIRST = {
    "idle_timeout": timedelta(minutes=10),
    "absolute_timeout": timedelta(hours=9),
    "warn_before": timedelta(seconds=40),
    "remember_for": timedelta(days=3),
    "max_sessions": 3,
}


@pytest.fixture
def book(any_database: Database) -> PolicyBook:
    return PolicyBook(any_database, lambda: None, short_allowed=False)


@pytest.mark.parametrize("scope", ["default", "role"])
def test_of_changes_at_the_same_time_none_is_lost(book: PolicyBook, any_database: Database, scope: str) -> None:
    def change(name: str) -> object:
        values: dict[str, Any] = {name: FIRST[name]}
        return book.change_default(**values) if scope == "default" else book.change_override("role", "clerk", **values)

    before = read_revision(any_database)
    with ThreadPoolExecutor(len(FIELDS)) as administrators:
        list(administrators.map(change, FIELDS))
    policies = book.load()
    changed: Any = policies.default if scope == "default" else policies.roles["clerk"]
    assert {name: getattr(changed, name) for name in FIELDS} == FIRST
    assert read_revision(any_database) == before + len(FIELDS)


def test_refused_change_raises_no_revision(book: PolicyBook, any_database: Database) -> None:
    before = read_revision(any_database)
    with pytest.raises(PolicyError):
        book.change_default(idle_timeout=timedelta(seconds=1))
    assert read_revision(any_database) == before
