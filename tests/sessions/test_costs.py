"""How much memory a session takes in Redis. Memory does not depend on the machine, so it can be a test."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from dvauth.accounts.account import new_id
from dvauth.sessions import keys
from dvauth.sessions.record import Origin, Principal

MOST_BYTES = 800
SESSIONS = 100_000
SAMPLED_BUCKETS = keys.BUCKETS[:8]  # filled as densely as all of them are at that many sessions
SAMPLE = SESSIONS * len(SAMPLED_BUCKETS) // len(keys.BUCKETS)


def test_session_takes_at_most_800_bytes(desk: Any) -> None:
    origin = Origin(address="2001:db8:85a3::8a2e:370:7334", user_agent="Chrome · Windows")
    accounts = list(islice(_accounts_of_the_sample(), SAMPLE))
    before = _used_memory(desk)
    for account_id in accounts:
        desk.open(Principal(account_id=account_id, roles=("editor",)), origin=origin, portal=desk.news)
    while desk.reaper.drain(lambda _: None):
        pass
    assert (_used_memory(desk) - before) / SAMPLE <= MOST_BYTES


def _accounts_of_the_sample() -> Iterator[str]:
    while True:
        account_id = new_id()
        if keys.bucket_of(account_id) in SAMPLED_BUCKETS:
            yield account_id


def _used_memory(desk: Any) -> int:
    return int(desk.connection.client.info("memory")["used_memory"])
