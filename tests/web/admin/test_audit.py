"""``/admin/audit``: who did what, and why sessions ended."""

import codecs
import csv
import html
import json
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from flask_babel import force_locale, gettext
from sqlalchemy import func, insert, select, update

from dvauth.audit.events import Event
from dvauth.audit.models import AuditRow
from dvauth.audit.trail import BATCH
from dvauth.housekeeping import Housekeeping
from dvauth.parts import utc_now
from dvauth.web.admin.audit import PAGE

AUDIT = "/admin/audit"
NOON = datetime(2020, 3, 2, 5, 0, tzinfo=UTC)  # in Vietnam


@pytest.fixture
def charlie(site: Any, charlie: Any) -> Any:
    """Her login is in the log already."""
    site.parts.audit.flush()
    return charlie


def add(site: Any, number: int = 1, **about: Any) -> None:
    blank = dict.fromkeys(("account", "actor", "session", "portal", "address"))
    rows = [
        {
            "id": f"a-{n:04}",
            "at": NOON + timedelta(seconds=n),
            "event": "session_created",
            "details": {},
            **blank,
            **about,
        }
        for n in range(number)
    ]
    with site.parts.database.session() as sql:
        sql.execute(insert(AuditRow), rows)


def cards(page: Any) -> list[dict[str, str]]:
    """What each event is told by; tags taken out."""
    found = []
    for card in re.findall(r"<li>\s*<div class=\"head\">(.*?)</li>", page.text, re.DOTALL):
        facts = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", card, re.DOTALL)
        plain = {name: html.unescape(re.sub(r"<.*?>", "", value)).strip() for name, value in facts}
        about = re.search(r'<p class="about">(.*?)</p>', card)
        found.append(
            plain | {"about": about[1] if about else "", "title": html.unescape(re.search(r"<h2>(.*?)</h2>", card)[1])}
        )
    return found


def test_who_did_what_is_told_with_names(site: Any, charlie: Any) -> None:
    charlie.post("/admin/portals/news", {"name": "Báo mới", "origins": site.news})
    site.parts.audit.flush()
    site.parts.watch.beat()
    newest = cards(charlie.get(AUDIT))[0]
    charlies = f"charlie ({site.people['charlie'].id})"
    assert newest["title"] == "Đã thay đổi cổng"
    assert newest["about"] == "Người thực hiện: charlie · Cổng: Báo mới"
    assert (newest["Người thực hiện"], newest["Địa chỉ IP"]) == (charlies, "127.0.0.1")
    assert (newest["Trước"], newest["Sau"]) == ("Tên: Báo tỉnh", "Tên: Báo mới")


@pytest.mark.parametrize(
    ("event", "details", "title", "told"),
    [
        (
            "authz_admin",
            {
                "action": "timeouts changed",
                "before": "idle_timeout=15m warn_before=unset",
                "after": "idle_timeout=1h30m",
            },
            "Đã thay đổi thời hạn",
            {
                "Trước": "Đăng xuất khi không thao tác sau: 15 phút; Nhắc trước khi đăng xuất: không đặt",
                "Sau": "Đăng xuất khi không thao tác sau: 1 giờ 30 phút",
            },
        ),
        (
            "authz_admin",
            {"action": "all sessions ended", "sessions": 3},
            "Đã kết thúc mọi phiên",
            {"Phiên đăng nhập": "3"},
        ),
        (
            "authz_admin",
            {"action": "audit exported", "form": "jsonl", "rows": "all"},
            "Đã xuất nhật ký",
            {"Định dạng": "JSON Lines", "Các dòng": "tất cả"},
        ),
        (
            "authz_change",
            {"before": "reader", "after": ""},
            "Vai trò của một tài khoản đã được thay đổi",
            {"Sau": "chưa có"},
        ),
        (
            "user_updated",
            {"change": "disabled", "before": "enabled"},
            "Đã vô hiệu hóa tài khoản",
            {"Trước": "đang hoạt động"},
        ),
    ],
)
def test_an_act_is_told_in_the_words_of_the_pages(
    site: Any, charlie: Any, event: str, details: dict[str, Any], title: str, told: dict[str, str]
) -> None:
    add(site, event=event, details=details, portal="desk")
    (card,) = cards(charlie.get(f"{AUDIT}?portal=desk"))
    assert card["title"] == title
    assert told.items() <= card.items()


@pytest.mark.proves("LG2")
def test_why_a_session_ended_is_told(site: Any, charlie: Any) -> None:
    bob = site.browser()
    bob.log_in("bob")
    site.pass_time(minutes=4)
    charlie.get("/account/")
    site.pass_time(minutes=4)
    charlie.get("/account/")
    site.pass_time(minutes=4)
    charlie.get("/account/")
    site.pass_time(minutes=4)
    for _ in range(2):
        site.keep_house()
    (ended,) = cards(charlie.get(f"{AUDIT}?account=bob&event=session_expired"))
    assert ended["Lý do"] == "không có hoạt động"
    assert ended["Về tài khoản"].startswith("bob (")
    session = charlie.get(f"{AUDIT}?session={ended['Phiên']}")
    assert [card["Sự kiện"] for card in cards(session)] == ["session_expired", "session_created"]


def test_older_ones_follow_page_by_page(site: Any, charlie: Any) -> None:
    add(site, 2 * PAGE + 1, portal="news")
    seen, path = [], f"{AUDIT}?portal=news"
    for _ in range(3):
        page = charlie.get(path)
        seen.append(len(cards(page)))
        older = re.search(r'href="(/admin/audit[^"]*before=[^"]*)"', page.text)
        path = html.unescape(older[1]) if older else ""
    assert (seen, path) == ([PAGE, PAGE, 1], "")
    assert len(cards(charlie.get(f"{AUDIT}?portal=news&before=nonsense"))) == PAGE


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("since=2020-03-02T12:00&until=2020-03-02T12:01", 1),  # as clocks in Vietnam show it
        ("until=2020-03-02T12:00", 0),
        ("account=ALICE", 1),
        ("actor=cli&until=2021-01-01T00:00", 1),
        ("address=203.0.113.9", 1),
        ("address=203.0.113.8", 0),
        ("account=nobody", 0),
        ("event=session_expired", 1),
        ("portal=desk", 1),
    ],
)
def test_what_is_shown_is_what_was_asked_for(site: Any, charlie: Any, query: str, found: int) -> None:
    alice = site.people["alice"].id
    add(site, event="session_expired", account=alice, actor="cli", portal="desk", address="203.0.113.9")
    assert len(cards(charlie.get(f"{AUDIT}?{query}"))) == found


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("since=yesterday", "Hãy nhập ngày và giờ"),
        ("since=0001-01-01T00:00", "Hãy nhập ngày và giờ"),  # in Vietnam: before the first day of UTC
        ("event=flown", "Hãy chọn một mục trong danh sách"),
        ("portal=nowhere", "Hãy chọn một mục trong danh sách"),
    ],
)
def test_a_filter_that_makes_no_sense_is_told(charlie: Any, query: str, told: str) -> None:
    for path in (AUDIT, f"{AUDIT}/export.csv"):
        answer = charlie.get(f"{path}?{query}")
        assert answer.status_code == 422
        assert told in answer.text


def test_what_strangers_sent_is_no_formula_in_a_spreadsheet(site: Any, charlie: Any) -> None:
    for number, hostile in enumerate(('=HYPERLINK("https://evil.example")', "+1", "-1", "@SUM(A1)", "\tx", "\rx")):
        add_one = {"account": hostile, "details": {"origin": hostile}}
        with site.parts.database.session() as sql:
            values = {"id": f"=a{number}", "at": NOON, "event": "authn_login_fail", **add_one}
            sql.execute(insert(AuditRow), [values])
    answer = charlie.get(f"{AUDIT}/export.csv?event=authn_login_fail")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="dvauth-audit.csv"'
    assert answer.data.startswith(codecs.BOM_UTF8)  # else spreadsheets garble Vietnamese
    rows = list(csv.reader(StringIO(answer.data.decode("utf-8-sig"), newline="")))
    assert rows[0][:4] == ["at", "level", "event", "account"]
    assert len(rows) == 7
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    exact = [json.loads(line) for line in charlie.get(f"{AUDIT}/export.jsonl?event=authn_login_fail").text.splitlines()]
    assert {line["account"] for line in exact} >= {"+1", "@SUM(A1)"}
    assert exact[0]["level"] == "WARN"


def test_an_export_names_people_and_the_zone_of_its_times(site: Any, charlie: Any) -> None:
    alice, charlies = site.people["alice"].id, site.people["charlie"].id
    add(site, event="user_updated", account=alice, actor=charlies, portal="news")
    add_one = {"id": "b", "at": NOON, "event": "user_updated", "actor": "cli", "portal": "news", "details": {}}
    with site.parts.database.session() as sql:
        sql.execute(insert(AuditRow), [add_one])
    answer = charlie.get(f"{AUDIT}/export.csv?portal=news")
    told = list(csv.DictReader(StringIO(answer.data.decode("utf-8-sig"), newline="")))
    named = {"account": alice, "account_username": "alice", "actor": charlies, "actor_username": "charlie"}
    (found,) = [row for row in told if row["id"] == "a-0000"]
    assert named.items() <= found.items()
    assert found["at"] == "2020-03-02T05:00:00+00:00"
    (other,) = [row for row in told if row["id"] == "b"]
    assert (other["actor"], other["actor_username"]) == ("cli", "")
    lines = [json.loads(line) for line in charlie.get(f"{AUDIT}/export.jsonl?portal=news").text.splitlines()]
    assert {line["actor_username"] for line in lines} == {"charlie", None}


def test_an_export_is_streamed_and_recorded(site: Any, charlie: Any) -> None:
    add(site, BATCH + 1, portal="news")
    answer = charlie.client.get(f"{AUDIT}/export.jsonl?portal=news", base_url=site.centre, headers=site.navigation)
    assert answer.is_streamed
    assert len(answer.text.splitlines()) == BATCH + 1
    site.parts.audit.flush()
    with site.parts.database.session() as sql:
        (made,) = sql.scalars(select(AuditRow).where(AuditRow.event == "authz_admin"))
        assert made.details == {"action": "audit exported", "form": "jsonl", "rows": "portal=news"}
        assert made.actor == site.people["charlie"].id


@pytest.mark.proves("LG6")
def test_nothing_changes_the_log_but_its_age(site: Any, charlie: Any) -> None:
    rules = [rule for rule in site.app.url_map.iter_rules() if rule.endpoint.startswith("audit.")]
    assert {rule.rule for rule in rules} == {AUDIT, f"{AUDIT}/export.<any(csv, jsonl):form>"}
    assert {method for rule in rules for method in rule.methods} == {"GET", "HEAD", "OPTIONS"}
    Housekeeping(site.parts).keep_books()
    kept = site.parts.settings.audit_retention
    with site.parts.database.session() as sql:
        sql.execute(update(AuditRow).values(at=utc_now() - timedelta(days=kept - 1)))
        before = sql.scalar(select(func.count()).select_from(AuditRow))
    add(site, 2 * BATCH + 1)
    Housekeeping(site.parts).keep_books()
    with site.parts.database.session() as sql:
        assert sql.scalar(select(func.count()).select_from(AuditRow)) == before


def test_people_who_are_no_administrators_see_nothing(site: Any) -> None:
    bob = site.browser()
    bob.log_in("bob")
    for path in (AUDIT, f"{AUDIT}/export.csv"):
        assert bob.get(path).status_code == 403
        assert site.browser().get(path).status_code == 303


def test_every_event_is_told_in_both_languages(site: Any) -> None:
    with site.app.test_request_context(), force_locale("vi"):
        assert [event for event in Event if gettext(event.meaning) == event.meaning] == []


@pytest.mark.proves("LG6")
def test_pages_of_the_log_only_read(site: Any) -> None:
    rules = [rule for rule in site.app.url_map.iter_rules() if rule.endpoint.startswith("audit.")]
    assert rules
    assert all(rule.methods <= {"GET", "HEAD", "OPTIONS"} for rule in rules)
