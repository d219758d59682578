"""Slows down whoever guesses passwords: per account, per address, per network, and over all.

An attempt is counted as failed before the password is looked at, in one atomic script, so that parallel guesses
cannot slip through between check and count; it is given back when it turns out right, or was never decided. Names
that no account has are counted too, else the limit would tell which names exist. A success forgets the failures of
its account alone: it says nothing about the address, from which others may be guessing.
"""

import hashlib
import hmac
import ipaddress
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

from dvauth.accounts.account import canonical
from dvauth.accounts.errors import InvalidCredentials, LoginLocked, TooManyAttempts
from dvauth.storage.lua import Connection, Scripts, in_ms

# TCVN 14423:2026 (per published summaries): an account is locked after at most 5 failures in a row. Locked here
# means a wait, not a wall, or anybody could lock anybody out.
FREE_FAILURES = 5
# NIST SP 800-63B-4, 3.2.2: a wait that grows from 30 seconds to an hour.
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
# NIST SP 800-63B-4, 3.2.2: no more than 100 failures in a row; after that only a new password opens the account.
MOST_FAILURES = 100
# Below the first wait a day without failures forgets them, which keeps a spray over many names cheap to hold.
FEW_FORGOTTEN_AFTER = timedelta(days=1)
MANY_FORGOTTEN_AFTER = timedelta(days=90)

# No standard gives numbers for these. An office behind one address may mistype 30 times at once; a service of this size
# sees no 5 failures a second unless it is attacked, and 5 hashes a second leave its cores free. One network gets a
# fifth of that, so that its owner alone cannot make everybody wait.
ADDRESS_BUCKET, ADDRESS_INTERVAL = 30, timedelta(seconds=20)
NETWORK_BUCKET, NETWORK_INTERVAL = 60, timedelta(seconds=1)
OVERALL_BUCKET, OVERALL_INTERVAL = 300, timedelta(milliseconds=200)

# Whoever has IPv6 has at least 2^64 addresses, and gets as many as a /48 for the asking.
IPV6_ADDRESS, IPV6_NETWORK = 64, 48
# A /24 is the least that is routed, and so sold, by itself. Any wider, and 20 computers that somebody has taken over
# would shut out all the strangers who share a provider's network with them.
IPV4_ADDRESS, IPV4_NETWORK = 32, 24


class Scope(IntEnum):
    """What a limit is on; the numbers are those of ``attempt.lua``."""

    ACCOUNT = 1
    ADDRESS = 2
    NETWORK = 3
    OVERALL = 4


@dataclass(frozen=True, slots=True)
class Attempt:
    """A counted attempt. ``failures`` are the account's in a row, this one included as if it failed.

    ``exhausted`` are the limits that this attempt, if it fails, has used up.
    """

    failures: int
    exhausted: frozenset[Scope]


class LoginThrottle:
    """The limits, kept in Redis for all processes. ``key`` hides names and addresses in the names of the keys."""

    def __init__(self, connection: Connection, *, key: bytes, now_ms: Callable[[], int]) -> None:
        self._call = connection.call
        self._delete = connection.client.delete
        self._count_of = connection.client.hget
        self._run = Scripts(connection, __package__).run
        self._key = key
        self._now_ms = now_ms

    @contextmanager
    def attempt(self, username: str, address: str) -> Iterator[Attempt]:
        """The block decides the attempt: ``InvalidCredentials`` is a failure, its end a success.

        Any other exception decides nothing, and the attempt is given back. Raises ``TooManyAttempts`` or
        ``LoginLocked`` instead of entering the block.
        """
        keys, now = self._keys(username, address), self._now_ms()
        counted, before = self._count(keys, now)
        try:
            yield counted
        except InvalidCredentials:
            raise
        except BaseException:
            self._undo(keys, now, before, succeeded=False)
            raise
        self._undo(keys, now, before, succeeded=True)

    def failures(self, username: str) -> int:
        """How many logins of the account failed in a row, as far as they still count."""
        return int(self._call(self._count_of, self._account_key(username), "failures") or 0)

    def forgive(self, username: str) -> None:
        """Forget the failures of an account: its password is new, or an administrator vouches for the person."""
        self._call(self._delete, self._account_key(username))

    def _count(self, keys: list[str], now: int) -> tuple[Attempt, int]:
        """The attempt, and when the failure before it was; ``now`` and that in ms."""
        limits = [
            FREE_FAILURES,
            *map(in_ms, (FIRST_WAIT, LONGEST_WAIT)),
            MOST_FAILURES,
            *map(in_ms, (FEW_FORGOTTEN_AFTER, MANY_FORGOTTEN_AFTER)),
            *(ADDRESS_BUCKET, in_ms(ADDRESS_INTERVAL)),
            *(NETWORK_BUCKET, in_ms(NETWORK_INTERVAL)),
            *(OVERALL_BUCKET, in_ms(OVERALL_INTERVAL)),
        ]
        refused, wait_ms, failures, *full, before = self._run("attempt", keys, [now, *limits])
        if wait_ms < 0:
            raise LoginLocked
        if refused:
            raise TooManyAttempts(math.ceil(wait_ms / 1000))
        used_up = (failures >= FREE_FAILURES, *full)
        return Attempt(failures, frozenset(scope for scope, full in zip(Scope, used_up, strict=True) if full)), before

    def _undo(self, keys: list[str], counted_at: int, before: int, *, succeeded: bool) -> None:
        forgotten = map(in_ms, (FEW_FORGOTTEN_AFTER, MANY_FORGOTTEN_AFTER))
        intervals = map(in_ms, (ADDRESS_INTERVAL, NETWORK_INTERVAL, OVERALL_INTERVAL))
        args = [self._now_ms(), int(succeeded), counted_at, before, FREE_FAILURES, *forgotten, *intervals]
        self._run("give_back", keys, args)

    def _keys(self, username: str, address: str) -> list[str]:
        return [
            self._account_key(username),
            self._hidden_key("address", block_of(address, IPV4_ADDRESS, IPV6_ADDRESS)),
            self._hidden_key("network", block_of(address, IPV4_NETWORK, IPV6_NETWORK)),
            "dvauth:{throttle}:all",
        ]

    def _account_key(self, username: str) -> str:
        return self._hidden_key("account", canonical(username))

    def _hidden_key(self, kind: str, value: str) -> str:
        message = f"{kind}:{value}".encode("utf-8", "surrogatepass")
        return f"dvauth:{{throttle}}:{kind}:{hmac.new(self._key, message, hashlib.sha256).hexdigest()[:32]}"


def block_of(address: str, ipv4_prefix: int, ipv6_prefix: int) -> str:
    """The block of addresses that it belongs to, by the length of its prefix. What is no address counts as one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip
    prefix = ipv4_prefix if isinstance(ip, ipaddress.IPv4Address) else ipv6_prefix
    return str(ipaddress.ip_network((int(ip), prefix), strict=False))
