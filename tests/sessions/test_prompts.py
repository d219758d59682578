"""How many prompts were shown: each once, whoever tells of it."""

from datetime import timedelta
from typing import Any

import pytest
import redis

from dvauth.sessions import keys
from dvauth.sessions.check import Active, Cause
from dvauth.sessions.prompts import AHEAD, FORGOTTEN_AFTER, MOST_WAITING, Prompts
from dvauth.sessions.record import CENTRAL, Place
from dvauth.timeouts.policy import Override, PolicySet, TimeoutPolicy
from tests.conftest import HandClock

SECOND = timedelta(seconds=1)
WARNED = timedelta(minutes=14)  # of the quarter of an hour that everybody may idle


@pytest.fixture
def prompts(desk: Any) -> Prompts:
    return Prompts(desk.connection.client, desk.clock.now)


def ask(desk: Any, prompts: Prompts, cookie: str, place: Place = CENTRAL) -> None:
    """As a page does."""
    live = desk.keeper.check(cookie, place)
    assert isinstance(live, Active)
    prompts.note(live, place.portal)
    prompts.hand_in()


def shown(prompts: Prompts, clock: HandClock) -> list[int]:
    """Everywhere, on the portal ``news``, and on the portal ``bank``."""
    return prompts.shown(clock.now(), [None, "news", "bank"])


def test_a_page_that_asks_shortly_before_is_about_to_show_the_prompt(desk: Any, prompts: Prompts) -> None:
    cookie = desk.open().cookie
    desk.clock.advance(WARNED - AHEAD - SECOND)
    ask(desk, prompts, cookie, desk.at_news)
    assert shown(prompts, desk.clock) == [0, 0, 0]
    desk.clock.advance(SECOND)
    ask(desk, prompts, cookie, desk.at_news)
    assert shown(prompts, desk.clock) == [1, 1, 0]


def test_one_prompt_is_one_in_several_tabs_processes_and_portals(desk: Any, prompts: Prompts) -> None:
    cookie, other = desk.open().cookie, Prompts(desk.connection.client, desk.clock.now)
    desk.clock.advance(WARNED - 2 * SECOND)
    for process in (prompts, other):
        ask(desk, process, cookie, desk.at_news)
    desk.clock.advance(10 * SECOND)
    ask(desk, other, cookie, desk.at_news)  # a page that is opened meanwhile
    ask(desk, other, cookie)
    assert shown(prompts, desk.clock) == [1, 1, 0]


def test_the_next_prompt_is_another(desk: Any, prompts: Prompts) -> None:
    cookie = desk.open().cookie
    for _ in range(2):
        desk.clock.advance(WARNED)
        ask(desk, prompts, cookie, desk.at_news)
        desk.keeper.keep_alive(cookie, desk.at_news, Cause.PROMPT)
        ask(desk, prompts, cookie, desk.at_news)
    assert shown(prompts, desk.clock) == [2, 2, 0]


def test_prompts_of_two_sessions_are_two(desk: Any, prompts: Prompts) -> None:
    cookies = [desk.open().cookie for _ in range(2)]
    desk.clock.advance(WARNED)
    for cookie in cookies:
        ask(desk, prompts, cookie)
    assert shown(prompts, desk.clock) == [2, 0, 0]


def test_the_prompt_of_the_longest_time_is_one_however_active_people_are(desk: Any, prompts: Prompts) -> None:
    desk.policies = PolicySet(TimeoutPolicy(absolute_timeout=timedelta(minutes=15)))
    cookie = desk.open().cookie
    desk.clock.advance(WARNED)
    for _ in range(2):
        ask(desk, prompts, cookie, desk.at_news)
        desk.clock.advance(5 * SECOND)
        desk.keeper.keep_alive(cookie, desk.at_news, Cause.INPUT)
    assert shown(prompts, desk.clock) == [1, 1, 0]


def test_a_portal_that_ends_sessions_sooner_has_prompts_of_its_own(desk: Any, prompts: Prompts) -> None:
    desk.policies = PolicySet(TimeoutPolicy(), {}, {"bank": Override(idle_timeout=timedelta(minutes=3))})
    cookie = desk.open().cookie
    desk.keeper.keep_alive(cookie, desk.at_bank, Cause.INPUT)
    desk.clock.advance(timedelta(minutes=2))
    ask(desk, prompts, cookie, desk.at_news)
    assert shown(prompts, desk.clock) == [0, 0, 0]
    ask(desk, prompts, cookie, desk.at_bank)
    desk.keeper.keep_alive(cookie, desk.at_news, Cause.INPUT)  # which the bank's clock does not heed
    desk.clock.advance(SECOND)
    ask(desk, prompts, cookie, desk.at_bank)
    assert shown(prompts, desk.clock) == [1, 0, 1]


def test_a_prompt_counts_in_the_hour_in_which_it_opens(desk: Any, prompts: Prompts) -> None:
    desk.clock.advance(timedelta(minutes=46, seconds=1))
    cookie = desk.open().cookie
    desk.clock.advance(WARNED - 2 * SECOND)
    ask(desk, prompts, cookie)
    assert shown(prompts, desk.clock) == [0, 0, 0]
    desk.clock.advance(2 * SECOND)
    ask(desk, prompts, cookie)
    assert shown(prompts, desk.clock) == [1, 0, 0]


def test_counters_forget_and_name_no_session(desk: Any, prompts: Prompts) -> None:
    opened = desk.open()
    desk.clock.advance(WARNED)
    ask(desk, prompts, opened.cookie, desk.at_news)
    client = desk.connection.client
    for counter in client.scan_iter("dvauth:prompts:*"):
        assert 0 < client.ttl(counter) <= FORGOTTEN_AFTER.total_seconds()
        assert opened.record.ref.session_id.encode() not in client.get(counter)
        assert client.memory_usage(counter) < 13_000


def test_what_redis_did_not_take_is_handed_in_later(
    desk: Any, prompts: Prompts, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = desk.open().cookie
    desk.clock.advance(WARNED)
    prompts.note(desk.keeper.check(cookie), None)
    with monkeypatch.context() as broken:
        broken.setattr(prompts._client.connection_pool, "get_connection", _refuse)
        with pytest.raises(redis.ConnectionError):
            prompts.hand_in()
    prompts.hand_in()
    assert shown(prompts, desk.clock) == [1, 0, 0]


def test_while_redis_takes_none_no_more_than_so_many_wait(desk: Any, prompts: Prompts) -> None:
    prompts._noted.update((keys.prompts(desk.clock.now(), None), f"session{n} 0") for n in range(MOST_WAITING))
    cookie = desk.open().cookie
    desk.clock.advance(WARNED)
    prompts.note(desk.keeper.check(cookie), None)
    assert len(prompts._noted) == MOST_WAITING


def _refuse(*_args: Any, **_options: Any) -> Any:
    raise redis.ConnectionError


def test_thousands_are_counted_about_right(desk: Any, prompts: Prompts) -> None:
    counter = keys.prompts(desk.clock.now(), None)
    prompts._noted.update((counter, f"session{number} 0") for number in range(20_000))
    prompts.hand_in()
    assert shown(prompts, desk.clock)[0] == pytest.approx(20_000, rel=0.03)
