"""``/admin``: where administrators arrive, and what stands there."""

import re
from datetime import timedelta
from html import unescape
from itertools import count
from typing import Any

import pytest

from dvauth.administration.end_orders import EndOrder, EndOrders
from dvauth.administration.statistics import MANY_FAILURES, Statistics
from dvauth.audit.counts import EVERYWHERE, Figure, hour_of, together
from dvauth.audit.log import Entry
from dvauth.housekeeping import NOTE_AGAIN_SECONDS, Housekeeping
from dvauth.parts import utc_now
from dvauth.portals.errors import NoSuchPortal

HERE = "/admin"
NEWS_PAGE = "https://news.example.vn/"


def keep(site: Any) -> None:
    """The housekeeping, with its sweep behind it."""
    site.keep_house()
    site.parts.sweep_progress.note(site.parts.policies(), 0)


def happen(site: Any, event: str, times: int = 1, **about: Any) -> None:
    """At the service's time."""
    numbers = [next(_numbers) for _ in range(times)]
    site.parts.audit.ingest(Entry(id=f"b2-{number}", at=site.clock.now(), event=event, **about) for number in numbers)


_numbers = count()


def arrive(site: Any) -> Any:
    browser = site.browser()
    browser.log_in("charlie")
    return browser


def look(site: Any, portal: str | None = None, hours: int = 24) -> Statistics:
    found: Statistics = site.parts.administration.statistics.last(hours, portal)
    return found


def kinds(site: Any) -> list[str]:
    return [concern.kind for concern in look(site).concerns]


def rows(page: Any) -> dict[str, list[str]]:
    """Of both tables, by what stands at their heads."""
    found = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", page.text, re.DOTALL)
    cells = {head: re.findall(r"<td[^>]*>(.*?)</td>", row) for head, row in found}
    return {unescape(re.sub("<.*?>", "", head)).strip(): row for head, row in cells.items()}


def test_what_people_do_is_counted_for_the_portal_of_their_login(site: Any, browser: Any) -> None:
    browser.log_in("bob", return_to=NEWS_PAGE)
    site.browser().log_in("alice")
    other = site.browser()
    other.log_in("charlie", return_to=NEWS_PAGE)
    other.keep_alive("input")
    other.keep_alive("prompt")
    other.post("/logout", {}, page="/account/")
    site.keep_house()
    of_news = {Figure.LOGINS: 2, Figure.KEPT: 1, Figure.LOGOUTS: 1, Figure.LIVE: 1}
    assert look(site, "news").total == of_news
    assert look(site).total == of_news | {Figure.LOGINS: 3, Figure.LIVE: 2}
    assert look(site).live.sessions == 2


def test_sessions_that_end_later_still_belong_to_the_portal_of_their_login(site: Any, browser: Any) -> None:
    browser.log_in("bob", return_to=NEWS_PAGE)
    site.keep_house()
    assert look(site, "news").total == {Figure.LOGINS: 1, Figure.LIVE: 1}
    site.pass_time(minutes=16)
    for _ in range(2):
        site.keep_house()
    assert look(site, "news").total == {Figure.LOGINS: 1, Figure.LIVE: 1, Figure.EXPIRED: 1}


def test_a_failed_login_counts_for_the_portal_that_the_person_wanted(site: Any, browser: Any) -> None:
    browser.log_in("bob", "wrong", return_to=NEWS_PAGE)
    browser.log_in("nobody at all", "wrong")
    site.parts.audit.flush()
    day = utc_now() - timedelta(hours=12), utc_now() + timedelta(hours=12)  # failures have the host's time
    counted = (together(site.parts.hourly_counts.by_hour(*day, portal).values()) for portal in ("news", EVERYWHERE))
    assert [found[Figure.FAILED_LOGINS] for found in counted] == [1, 2]


def test_prompts_that_pages_ask_for_are_noted(site: Any, browser: Any) -> None:
    browser.log_in("bob")
    site.pass_time(minutes=13, seconds=50)
    browser.status()
    site.pass_time(seconds=8)
    browser.status()
    browser.status(origin=site.desk)
    site.parts.prompts.hand_in()
    site.keep_house()
    assert look(site).total[Figure.PROMPTS] == 1
    assert [look(site, slug).total[Figure.PROMPTS] for slug in ("news", "desk")] == [1, 1]


def test_what_was_handed_in_after_the_hour_is_noted_all_the_same(site: Any, browser: Any) -> None:
    site.pass_time(minutes=45, seconds=30)
    browser.log_in("bob")
    site.pass_time(minutes=14)
    browser.status()
    site.pass_time(minutes=1)
    site.parts.prompts.hand_in()
    site.keep_house()
    assert [hour.counts.get(Figure.PROMPTS, 0) for hour in look(site, hours=2).hours] == [1, 0]


def test_sessions_are_noted_once_a_minute(site: Any, browser: Any) -> None:
    waited = 0.0
    keeping = Housekeeping(site.parts, lambda: waited)
    keeping.round()
    browser.log_in("bob")
    keeping.round()
    assert look(site).total[Figure.LIVE] == 0
    waited = NOTE_AGAIN_SECONDS
    keeping.round()
    assert look(site).total[Figure.LIVE] == 1


def test_hours_are_all_there_also_those_in_which_nothing_happened(site: Any) -> None:
    happen(site, "session_created")
    site.pass_time(hours=3)
    hours = look(site, hours=4).hours
    assert [hour.counts for hour in hours] == [{Figure.LOGINS: 1}, {}, {}, {}]
    assert hours[-1].at <= site.clock.now() < hours[-1].at + timedelta(hours=1)
    assert len(look(site, hours=1).hours) == 1


def test_a_portal_that_is_not_there_is_told(site: Any) -> None:
    with pytest.raises(NoSuchPortal):
        look(site, "nowhere")


def test_many_failed_logins_need_attention(site: Any) -> None:
    keep(site)
    happen(site, "authn_login_fail", MANY_FAILURES - 1)
    assert kinds(site) == []
    happen(site, "authn_login_fail")
    assert kinds(site) == ["many-failed-logins"]
    assert f"{MANY_FAILURES} logins failed and 0 succeeded" in str(look(site).concerns[0])
    happen(site, "session_created", MANY_FAILURES)
    assert kinds(site) == []


def test_a_housekeeping_that_stands_still_needs_attention(site: Any) -> None:
    keep(site)
    site.pass_time(hours=1)
    assert kinds(site) == []
    site.pass_time(minutes=5)
    assert kinds(site) == ["housekeeping-silent"]
    keep(site)
    assert kinds(site) == []


def test_a_sweep_and_ends_by_order_are_told(site: Any) -> None:
    parts = site.parts
    keep(site)
    parts.sweep_progress.note(parts.policies(), 128)
    EndOrders(parts.database).add(EndOrder(portal_id=None, spared=None, opened_until=site.clock.now()))
    assert kinds(site) == ["sweeping", "ending-many"]
    assert "75 % are done" in str(look(site).concerns[0])


def test_the_page_says_what_needs_attention_first_and_leads_there(site: Any, charlie: Any) -> None:
    keep(site)
    assert "Không có gì cần chú ý" in charlie.get(HERE).text
    happen(site, "authn_login_fail", MANY_FAILURES)
    page = charlie.get(HERE)
    assert f"{MANY_FAILURES} lần đăng nhập không thành công" in page.text
    assert 'href="/admin/audit?event=authn_login_fail"' in page.text
    assert page.text.index("Cần chú ý") < page.text.index("24 giờ qua")


def test_the_page_has_the_numbers_by_hour_in_local_time(site: Any, charlie: Any) -> None:
    happen(site, "session_created", 1200, portal="news")
    page = charlie.get(HERE)
    assert rows(page)["15:00"] == ["–", "1.200", "0", "0", "0", "0", "0", "0"]  # 8 o'clock UTC
    assert rows(page)["14:00"] == ["–", *["0"] * 7]
    assert rows(page)["Báo tỉnh"][1] == "1.200"
    of_desk = charlie.get(f"{HERE}?portal=desk")
    assert rows(of_desk)["15:00"][1] == "0"
    assert "Báo tỉnh" not in rows(of_desk)


def test_days_are_those_of_the_operator(site: Any) -> None:
    site.pass_time(hours=8, minutes=59)  # one minute to midnight in Vietnam
    happen(site, "session_created", 2)
    site.pass_time(minutes=1)
    happen(site, "session_created", 3)
    charlie = arrive(site)
    numbers = rows(charlie.get(f"{HERE}?range=30d"))
    assert (numbers["01/03"][1], numbers["02/03"][1]) == ("2", "3")
    assert len([head for head in numbers if re.fullmatch(r"\d\d/\d\d", head)]) == 30
    by_hour = rows(charlie.get(f"{HERE}?range=7d"))
    assert (by_hour["23:00, 01/03"][1], by_hour["00:00, 02/03"][1]) == ("2", "3")
    assert len([head for head in by_hour if ":00, " in head]) == 6 * 24 + 1


@pytest.mark.parametrize("query", ["range=1y", "portal=nowhere"])
def test_what_there_is_not_is_not_found(charlie: Any, query: str) -> None:
    assert charlie.get(f"{HERE}?{query}").status_code == 404


def test_an_empty_page_says_what_to_do_next(site: Any, charlie: Any) -> None:
    assert "chưa có ai đăng nhập" in charlie.get(HERE).text
    assert "Kiểm tra thẻ" in charlie.get(HERE).text
    happen(site, "session_created")
    assert "chưa có ai đăng nhập" not in charlie.get(HERE).text


def test_old_hours_are_forgotten_when_the_log_is(site: Any) -> None:
    old, young = (utc_now() - timedelta(days=days) for days in (366, 364))
    for moment in (old, young):
        site.parts.hourly_counts.raise_to(hour_of(moment), Figure.LIVE, {EVERYWHERE: 1})
    keep(site)
    assert list(site.parts.hourly_counts.by_hour(hour_of(old), hour_of(utc_now()))) == [hour_of(young)]
