"""Keys of requests: a program that asks twice by one adds one account."""

from functools import partial

import pytest

from dvauth.accounts.account import Account, Draft
from dvauth.accounts.directory import insert_account
from dvauth.accounts.errors import IdempotencyKeyReused
from dvauth.accounts.idempotency_keys import KEPT, IdempotencyKeys
from dvauth.storage.sql import Database
from tests.conftest import HandClock


@pytest.fixture
def keys(any_database: Database, clock: HandClock) -> IdempotencyKeys:
    return IdempotencyKeys(any_database, now=clock.now)


def add(database: Database, clock: HandClock, keys: IdempotencyKeys, name: str, key: str = "one") -> Account:
    with database.session() as sql:
        account = insert_account(sql, Draft(name), now=clock.now())
        keys.note(sql, "charlie", key, Draft(name), account)
    return account


def test_of_two_accounts_that_are_added_at_once_by_one_key_there_is_one(
    any_database: Database, clock: HandClock, keys: IdempotencyKeys
) -> None:
    """Neither had found the key when it looked for it."""
    by_key = partial(add, any_database, clock, keys)
    mai = by_key("mai")
    with pytest.raises(IdempotencyKeyReused):
        by_key("lan")
    assert by_key("lan", "two").username == "lan"  # the name is free: nothing was added
    assert keys.account_added("charlie", "one", Draft("mai")) == mai.id
    clock.advance(KEPT)
    assert keys.account_added("charlie", "one", Draft("mai")) is None
    by_key("minh")
