"""What a change of timeouts, or taking one back, would do: shown before it is made."""

import re
from datetime import timedelta
from typing import Any

from dvauth.administration.actor import Actor
from dvauth.policies.book import Change
from dvauth.sessions.record import Principal
from tests.web.admin.test_timeouts import EVERYBODY, OVERVIEW, TIMES, idle_of, last_of


def figures(page: Any) -> dict[str, str]:
    """Titles and numbers of what a change would do."""
    return dict(re.findall(r'<dt>([^<]+)</dt><dd class="number">([^<]+?)\s*</dd>', page.text))


def test_what_would_end_and_be_warned_is_counted(site: Any, charlie: Any) -> None:
    people = [site.browser() for _ in range(3)]
    for minutes, person in zip((0, 4, 2), people, strict=True):
        site.pass_time(minutes=minutes)
        person.log_in("alice")
        charlie.get("/account/")
    site.pass_time(minutes=2)
    charlie.get("/account/")
    # Alice is idle for 8, 4 and 2 minutes; Charlie, whose role allows 5 minutes, for none.
    told = figures(charlie.post(EVERYBODY, TIMES | {"idle_timeout": "5 phút", "step": "preview"}))
    assert told["Phiên đang hoạt động"] == "4"
    assert told["Bị đăng xuất ngay"] == "1"
    assert told["Sẽ được nhắc trong vòng một phút"].startswith("1")
    charlie.post(EVERYBODY, TIMES | {"idle_timeout": "5 phút", "step": "save"})
    site.parts.watch.beat()
    assert [person.status()["state"] for person in people] == ["ended", "active", "active"]


def test_of_very_many_sessions_the_numbers_are_estimated_from_a_sample(site: Any, charlie: Any) -> None:
    for number in range(1200):
        site.parts.keeper.open(Principal(account_id=f"account{number:05d}"))
        if number == 599:
            site.pass_time(minutes=7)
    site.pass_time(minutes=4)
    change = Change(default={"idle_timeout": timedelta(minutes=10)})
    told = site.parts.administration.timeouts.impact(change)
    assert (told.sessions, told.looked_at, told.is_exact) == (1201, 1000, False)
    assert 550 <= told.ended <= 650  # of the 600 that are idle for 11 minutes; chance alone moves it by about 8
    charlie = site.browser()
    charlie.log_in("charlie")
    shown = charlie.post(EVERYBODY, TIMES | {"step": "preview"}).text
    assert "mẫu" in shown
    assert "1.000" in shown


def test_a_change_at_a_portal_counts_who_was_there(site: Any, charlie: Any) -> None:
    for there in (True, False):
        person = site.browser()
        person.log_in("alice")
        if there:
            person.keep_alive("input")
    site.pass_time(minutes=4)
    charlie.get("/account/")
    told = figures(charlie.post(f"{OVERVIEW}/portal/news", {"idle_timeout": "3 phút", "step": "preview"}))
    assert told["Bị đăng xuất ngay"] == "1"


def test_what_taking_back_would_do_is_shown_first(site: Any, charlie: Any) -> None:
    back = f"{OVERVIEW}/take-back"
    assert charlie.get(back).status_code == 404
    for person in (site.browser(), site.browser()):
        person.log_in("alice")
        person.keep_alive("input")
    site.parts.administration.timeouts.change(
        Actor("dana"), Change.of("portal", "news", {"idle_timeout": timedelta(minutes=3)})
    )
    site.parts.administration.timeouts.change(
        Actor("dana"), Change.of("portal", "news", {"idle_timeout": timedelta(minutes=6)})
    )
    site.pass_time(minutes=4)
    charlie.get("/account/")
    shown = charlie.get(back)
    assert shown.status_code == 200
    assert "6 phút → 3 phút" in shown.text
    assert figures(shown)["Bị đăng xuất ngay"] == "2"  # at the portal: of it alone the change is
    assert idle_of(site, portal="news") == timedelta(minutes=6)
    done = charlie.post(back, {"last": last_of(shown), "step": "save"})
    assert done.headers["Location"] == f"{OVERVIEW}?done=taken-back"
    assert idle_of(site, portal="news") == timedelta(minutes=3)


def test_how_long_people_pause_is_told_with_the_new_times(site: Any, charlie: Any) -> None:
    for minutes in [2] * 80 + [6] * 15 + [12] * 4 + [3000]:
        site.parts.pauses.note(timedelta(minutes=minutes))
    site.parts.pauses.hand_in()
    shown = charlie.post(EVERYBODY, TIMES | {"step": "preview"}).text
    sentence = re.search(r"Trong số 100 lần.*?</p>", shown, re.DOTALL)
    assert sentence
    assert re.findall(r"([\d,]+)\s%", sentence[0]) == ["5", "5", "1", "1"]
    assert re.search(r"Dài hơn</th><td class=\"number\">1\s%", shown)
