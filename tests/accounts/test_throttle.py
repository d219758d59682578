"""The throttle on a real Redis; time is the test's."""

import threading
from collections import Counter
from datetime import timedelta

import pytest

from dvauth.accounts.errors import InvalidCredentials, LoginLocked, TooManyAttempts
from dvauth.accounts.throttle import (
    ADDRESS_BUCKET,
    ADDRESS_INTERVAL,
    FEW_FORGOTTEN_AFTER,
    FREE_FAILURES,
    IPV4_ADDRESS,
    IPV4_NETWORK,
    IPV6_ADDRESS,
    IPV6_NETWORK,
    LONGEST_WAIT,
    MOST_FAILURES,
    NETWORK_BUCKET,
    NETWORK_INTERVAL,
    OVERALL_BUCKET,
    OVERALL_INTERVAL,
    LoginThrottle,
    Scope,
    block_of,
)
from dvauth.storage.redis import RedisConnection
from tests.conftest import HandClock

HOUR = timedelta(hours=1)


def address(number: int) -> str:
    """One of many, each in a network of its own."""
    return f"10.{number // 256}.{number % 256}.1"


def fail(throttle: LoginThrottle, username: str = "bob", address: str = "203.0.113.9") -> frozenset[Scope]:
    """A wrong password; which limits it used up. Raises ``TooManyAttempts``."""
    with pytest.raises(InvalidCredentials), throttle.attempt(username, address) as attempt:
        raise InvalidCredentials
    return attempt.exhausted


def succeed(throttle: LoginThrottle, username: str = "bob", address: str = "203.0.113.9") -> int:
    """A right password; the failures before it. Raises ``TooManyAttempts``."""
    with throttle.attempt(username, address) as attempt:
        return attempt.failures - 1


def fail_to_the_wait(throttle: LoginThrottle, username: str = "bob") -> None:
    for _ in range(FREE_FAILURES):
        fail(throttle, username)


def wait_told(throttle: LoginThrottle, username: str = "bob", address: str = "203.0.113.9") -> int:
    with pytest.raises(TooManyAttempts) as refused:
        fail(throttle, username, address)
    return refused.value.retry_after


@pytest.mark.proves("AT14")
def test_of_fifty_guesses_at_once_five_are_looked_at(throttle: LoginThrottle) -> None:
    outcomes: Counter[str] = Counter()
    together = threading.Barrier(50)

    def guess(number: int) -> None:
        together.wait()
        try:
            fail(throttle, address=address(number))
            outcomes["looked at"] += 1
        except TooManyAttempts:
            outcomes["refused"] += 1

    guesses = [threading.Thread(target=guess, args=[number]) for number in range(50)]
    for thread in guesses:
        thread.start()
    for thread in guesses:
        thread.join()
    assert outcomes == {"looked at": FREE_FAILURES, "refused": 50 - FREE_FAILURES}


@pytest.mark.proves("AU9")
def test_the_wait_doubles_from_thirty_seconds_to_an_hour(throttle: LoginThrottle, clock: HandClock) -> None:
    fail_to_the_wait(throttle)
    waits = []
    for _ in range(10):
        waits.append(wait_told(throttle))
        clock.advance(timedelta(seconds=waits[-1]))
        fail(throttle)
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_the_wait_is_over_to_the_millisecond(throttle: LoginThrottle, clock: HandClock) -> None:
    fail_to_the_wait(throttle)
    clock.advance(timedelta(seconds=29, milliseconds=999))
    assert wait_told(throttle) == 1
    clock.advance(timedelta(milliseconds=1))
    fail(throttle)


def test_refused_attempts_do_not_lengthen_the_wait(throttle: LoginThrottle) -> None:
    fail_to_the_wait(throttle)
    assert {wait_told(throttle) for _ in range(20)} == {30}


@pytest.mark.proves("AU9")
def test_after_a_hundred_failures_only_a_new_password_opens(
    throttle: LoginThrottle, connection: RedisConnection, clock: HandClock
) -> None:
    for number in range(MOST_FAILURES):
        fail(throttle, address=address(number))
        clock.advance(LONGEST_WAIT)
    (key,) = connection.client.scan_iter("dvauth:{throttle}:account:*")
    assert connection.client.ttl(key) == -1  # never forgotten
    clock.advance(1000 * HOUR)
    with pytest.raises(LoginLocked):
        succeed(throttle)
    throttle.forgive("bob")
    assert succeed(throttle) == 0


@pytest.mark.proves("AU9")
def test_a_success_forgets_the_failures_of_its_account(throttle: LoginThrottle, clock: HandClock) -> None:
    for number in range(MOST_FAILURES - 1):
        fail(throttle, address=address(number))
        clock.advance(LONGEST_WAIT)
    assert succeed(throttle) == MOST_FAILURES - 1
    assert succeed(throttle) == 0


@pytest.mark.proves("AU11")
def test_one_password_over_many_accounts_is_stopped_by_the_address(throttle: LoginThrottle) -> None:
    for number in range(ADDRESS_BUCKET):
        fail(throttle, f"person-{number}")
    assert wait_told(throttle, "somebody else") == ADDRESS_INTERVAL.total_seconds()
    fail(throttle, "somebody else", "203.0.113.10")


@pytest.mark.proves("AT14")
def test_a_success_gives_an_address_nothing_back_but_itself(throttle: LoginThrottle) -> None:
    for number in range(ADDRESS_BUCKET - 1):
        fail(throttle, f"person-{number}")
    succeed(throttle, "mallory")
    assert Scope.ADDRESS in fail(throttle, "the last one")
    assert wait_told(throttle, "mallory")


def test_logins_that_work_use_no_limit_up(throttle: LoginThrottle) -> None:
    for number in range(2 * max(ADDRESS_BUCKET, NETWORK_BUCKET)):
        succeed(throttle, f"person-{number}")


def test_an_address_recovers_one_attempt_at_a_time(throttle: LoginThrottle, clock: HandClock) -> None:
    for number in range(ADDRESS_BUCKET):
        fail(throttle, f"person-{number}")
    clock.advance(ADDRESS_INTERVAL)
    fail(throttle, "one more")
    assert wait_told(throttle, "and another") == ADDRESS_INTERVAL.total_seconds()


@pytest.mark.proves("AU11")
@pytest.mark.parametrize("network", ["203.0.113.{}", "2001:db8:1:{}::1"])
def test_while_the_owner_of_a_network_is_shut_out_others_log_in(throttle: LoginThrottle, network: str) -> None:
    told = [fail(throttle, f"person-{number}", network.format(number)) for number in range(NETWORK_BUCKET)]
    assert told == [frozenset()] * (NETWORK_BUCKET - 1) + [{Scope.NETWORK}]
    assert wait_told(throttle, "somebody", network.format(99)) == NETWORK_INTERVAL.total_seconds()
    assert succeed(throttle, "somebody", "198.51.100.1") == 0


@pytest.mark.proves("AU11")
def test_a_network_recovers_one_attempt_at_a_time(throttle: LoginThrottle, clock: HandClock) -> None:
    for number in range(NETWORK_BUCKET):
        fail(throttle, f"person-{number}", f"203.0.113.{number}")
    clock.advance(NETWORK_INTERVAL)
    fail(throttle, "one more", "203.0.113.99")
    assert wait_told(throttle, "and another", "203.0.113.100") == NETWORK_INTERVAL.total_seconds()


def test_one_network_takes_at_most_a_fifth_of_what_all_may() -> None:
    assert NETWORK_BUCKET * 5 <= OVERALL_BUCKET
    assert NETWORK_INTERVAL >= 5 * OVERALL_INTERVAL


@pytest.mark.proves("AU11")
def test_all_addresses_together_have_a_limit(throttle: LoginThrottle) -> None:
    for number in range(OVERALL_BUCKET):
        fail(throttle, f"person-{number}", address(number))
    assert wait_told(throttle, "somebody", "198.51.100.1") == 1


def test_what_was_not_decided_is_not_counted(throttle: LoginThrottle) -> None:
    for _ in range(2 * OVERALL_BUCKET):
        with pytest.raises(ZeroDivisionError), throttle.attempt("bob", "203.0.113.9"):
            raise ZeroDivisionError
    assert succeed(throttle) == 0


def test_an_undecided_attempt_leaves_the_failures_before_it(throttle: LoginThrottle) -> None:
    for _ in range(FREE_FAILURES - 1):
        fail(throttle)
    with pytest.raises(ZeroDivisionError), throttle.attempt("bob", "203.0.113.9"):
        raise ZeroDivisionError
    assert fail(throttle) == {Scope.ACCOUNT}


def test_an_undecided_attempt_after_a_wait_does_not_restart_it(throttle: LoginThrottle, clock: HandClock) -> None:
    fail_to_the_wait(throttle)
    clock.advance(timedelta(seconds=30))
    with pytest.raises(ZeroDivisionError), throttle.attempt("bob", "203.0.113.9"):
        raise ZeroDivisionError
    assert succeed(throttle) == FREE_FAILURES


def test_few_failures_are_forgotten_soon_whatever_was_undecided_after_them(
    throttle: LoginThrottle, connection: RedisConnection
) -> None:
    for number in range(FREE_FAILURES - 1):
        fail(throttle, address=address(number))
    with pytest.raises(ZeroDivisionError), throttle.attempt("bob", "203.0.113.9"):
        raise ZeroDivisionError
    (key,) = connection.client.scan_iter("dvauth:{throttle}:account:*")
    assert 0 < connection.client.ttl(key) <= FEW_FORGOTTEN_AFTER.total_seconds()


def test_an_undecided_hundredth_attempt_locks_nothing(
    throttle: LoginThrottle, connection: RedisConnection, clock: HandClock
) -> None:
    for number in range(MOST_FAILURES - 1):
        fail(throttle, address=address(number))
        clock.advance(LONGEST_WAIT)
    with pytest.raises(ZeroDivisionError), throttle.attempt("bob", "203.0.113.9"):
        raise ZeroDivisionError
    (key,) = connection.client.scan_iter("dvauth:{throttle}:account:*")
    assert connection.client.ttl(key) > 0
    assert succeed(throttle) == MOST_FAILURES - 1


@pytest.mark.proves("AT14")
@pytest.mark.parametrize("spelling", ["BOB", " bob ", "ｂｏｂ"])
def test_spellings_of_one_name_are_counted_together(throttle: LoginThrottle, spelling: str) -> None:
    fail_to_the_wait(throttle, "bob")
    assert wait_told(throttle, spelling) == 30


def test_the_attempt_that_uses_a_limit_up_says_so(throttle: LoginThrottle) -> None:
    told = [fail(throttle, f"person-{number}") for number in range(ADDRESS_BUCKET)]
    assert told[:-1] == [frozenset()] * (ADDRESS_BUCKET - 1)
    assert told[-1] == {Scope.ADDRESS}


@pytest.mark.parametrize(
    ("address", "one_address", "one_network"),
    [
        ("203.0.113.9", "203.0.113.9/32", "203.0.113.0/24"),
        ("0.0.0.9", "0.0.0.9/32", "0.0.0.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:DB8:1:2::1", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("::1", "::/64", "::/48"),
        ("::ffff:203.0.113.9", "203.0.113.9/32", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("", "unknown", "unknown"),
        ("unix:", "unknown", "unknown"),
    ],
)
def test_what_counts_as_one_address_and_as_one_network(address: str, one_address: str, one_network: str) -> None:
    assert block_of(address, IPV4_ADDRESS, IPV6_ADDRESS) == one_address
    assert block_of(address, IPV4_NETWORK, IPV6_NETWORK) == one_network


def test_redis_shows_neither_names_nor_addresses_and_forgets(
    throttle: LoginThrottle, connection: RedisConnection
) -> None:
    fail(throttle, "bob", "203.0.113.9")
    keys = [key.decode() for key in connection.client.scan_iter()]
    assert len(keys) == 4
    for key in keys:
        assert key.startswith("dvauth:{throttle}:")
        assert "bob" not in key
        assert "203.0.113" not in key
        assert connection.client.pttl(key) > 0


def test_names_too_long_to_be_one_count_as_one_without_being_normalised(throttle: LoginThrottle) -> None:
    marks = "\u0345\u0300\u0316\u0327" * 2000  # 16 KB, each before those in front of it: the dearest to normalise
    for number in range(FREE_FAILURES):
        fail(throttle, f"{marks}{number}", address(number))
    assert wait_told(throttle, f"{marks}another", address(9))
    fail(throttle, marks[:100])
