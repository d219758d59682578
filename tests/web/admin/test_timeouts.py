"""``/admin/timeouts``: administrators see what a change of timeouts does, make it, and take it back."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from dvauth.administration.actor import Actor
from dvauth.audit.models import AuditRow
from dvauth.housekeeping import Housekeeping
from dvauth.policies.book import MOST_SIGNS_OF_REASON, Change
from dvauth.storage.watch import STALE_AFTER_SECONDS
from dvauth.timeouts.policy import Assurance

OVERVIEW = "/admin/timeouts"
EVERYBODY = f"{OVERVIEW}/default"
TIMES = {
    "idle_timeout": "10 phút",
    "warn_before": "60 giây",
    "absolute_timeout": "24 giờ",
    "remember_for": "0 giây",
    "max_sessions": "10",
}


def idle_of(site: Any, *roles: str, portal: str | None = None) -> timedelta:
    site.parts.watch.beat()
    idle: timedelta = site.parts.policies().strictest(roles, portal).policy.idle_timeout
    return idle


@pytest.mark.proves("AZ6")
def test_only_administrators_who_logged_in_lately_come_in(site: Any, charlie: Any) -> None:
    bob = site.browser()
    bob.log_in("bob")
    assert bob.get(OVERVIEW).status_code == 403
    for _ in range(3):  # a while of work
        site.pass_time(minutes=3.5)
        charlie.get("/account/")
    asked = charlie.get(OVERVIEW)
    assert asked.headers["Location"] == "/confirm?back=/admin/timeouts"
    wrong = charlie.post("/confirm?back=/admin/timeouts", {"password": "something else entirely"})
    assert (wrong.status_code, "Set-Cookie" in wrong.headers) == (403, False)
    right = charlie.post("/confirm?back=/admin/timeouts", {"password": site.password})
    assert (right.status_code, right.headers["Location"]) == (303, OVERVIEW)
    assert charlie.get(OVERVIEW).status_code == 200


def test_saved_while_redis_is_away_is_told_as_such(
    site: Any, charlie: Any, without_redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.parts.policy_book, "_publish", without_redis)
    saved = charlie.post(EVERYBODY, TIMES | {"step": "save"})
    assert saved.headers["Location"] == f"{OVERVIEW}?done=later"
    assert "Redis không trả lời" in charlie.get(f"{OVERVIEW}?done=later").text
    assert site.parts.administration.timeouts.policies().default.idle_timeout == timedelta(minutes=10)


def test_a_change_is_shown_first_and_made_second(site: Any, charlie: Any) -> None:
    shown = charlie.post(EVERYBODY, TIMES | {"step": "preview"})
    assert shown.status_code == 200
    assert "15 phút → 10 phút" in shown.text
    assert idle_of(site) == timedelta(minutes=15)
    saved = charlie.post(EVERYBODY, TIMES | {"step": "save"})
    assert (saved.status_code, saved.headers["Location"]) == (303, f"{OVERVIEW}?done=saved")
    assert idle_of(site) == timedelta(minutes=10)


def test_how_far_the_sweep_after_a_change_is_can_be_seen(site: Any, charlie: Any) -> None:
    def swept() -> float:
        done: float = charlie.get(f"{OVERVIEW}/progress", headers={"Sec-Fetch-Mode": "cors"}).get_json()["done"]
        return done

    time = [0.0]
    keeping = Housekeeping(site.parts, monotonic=lambda: time[0])
    keeping.end_sessions()
    assert "<progress" not in charlie.get(OVERVIEW).text
    saved = charlie.post(EVERYBODY, TIMES | {"step": "save"}).headers["Location"]
    assert (swept(), 'value="0.0"' in charlie.get(saved).text) == (0, True)
    site.parts.watch.beat()
    keeping.end_sessions()
    assert swept() == 0.5  # other processes may go by the old times for a moment yet
    time[0] += STALE_AFTER_SECONDS
    keeping.end_sessions()
    assert swept() == 1
    assert "Mọi phiên đã được xem lại" in charlie.get(saved).text
    charlie.post(f"{OVERVIEW}/take-back", {}, page=OVERVIEW)
    assert swept() == 0


def test_a_mistake_of_somebody_elses_times_is_told_by_their_name(site: Any, charlie: Any) -> None:
    desk = Change.of("portal", "desk", {"warn_before": timedelta(minutes=8)})
    site.parts.administration.timeouts.change(Actor("dana"), desk)
    refused = charlie.post(EVERYBODY, TIMES | {"idle_timeout": "5 phút"})
    assert refused.status_code == 422
    assert "Trên cổng: Bàn biên tập: " in html.unescape(refused.text)
    assert "portal:desk" not in refused.text
    assert 'id="warn_before-error"' not in refused.text


def test_a_reason_nobody_would_read_is_refused(site: Any, charlie: Any) -> None:
    typed = TIMES | {"reason": "a" * (MOST_SIGNS_OF_REASON + 1), "step": "save"}
    refused = charlie.post(EVERYBODY, typed)
    assert refused.status_code == 422
    assert str(MOST_SIGNS_OF_REASON) in re.search('id="reason-error">(.*?)</p>', refused.text, re.DOTALL)[1]
    for path in ("assurance", "presets/nist-aal2"):
        answer = charlie.post(f"{OVERVIEW}/{path}", typed | {"level": "AAL2"}, page=OVERVIEW)
        assert (answer.status_code, str(MOST_SIGNS_OF_REASON) in answer.text) == (422, True)
    assert idle_of(site) == timedelta(minutes=15)
    assert charlie.post(EVERYBODY, typed | {"reason": "a" * MOST_SIGNS_OF_REASON}).status_code == 303


@pytest.mark.proves("AZ7", "TO14")
def test_a_change_is_audited_with_what_it_changed_and_can_be_taken_back_once(site: Any, charlie: Any) -> None:
    charlie.post(EVERYBODY, TIMES | {"step": "save"})
    page = charlie.get(OVERVIEW)
    number = re.search(r'name="last" value="(\d+)">Hoàn tác', page.text)
    assert number
    back = {"last": number[1]}
    assert charlie.post(f"{OVERVIEW}/take-back", back, page=OVERVIEW).status_code == 303
    assert idle_of(site) == timedelta(minutes=15)
    site.parts.audit.flush()
    with site.parts.database.session() as sql:
        made = [
            (row.actor, row.address, row.details["before"], row.details["after"])
            for row in sql.scalars(select(AuditRow).where(AuditRow.event == "authz_admin").order_by(AuditRow.at))
        ]
    charlies = site.people["charlie"].id, "127.0.0.1"
    assert made == [
        (*charlies, "idle_timeout=15m", "idle_timeout=10m"),
        (*charlies, "idle_timeout=10m", "idle_timeout=15m"),
    ]
    again = charlie.post(f"{OVERVIEW}/take-back", back, page=OVERVIEW)
    assert again.status_code == 409
    assert idle_of(site) == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"idle_timeout": "15"}, "“15 phút”"),
        ({"idle_timeout": "soon"}, "“soon”"),
        ({"idle_timeout": "0"}, "“15 phút”"),
        ({"idle_timeout": "0 phút"}, "0 giây"),
        ({"idle_timeout": "999999999999 ngày"}, "quá dài"),
        ({"idle_timeout": ""}, "Đăng xuất khi không thao tác sau: hãy nhập một giá trị"),
        ({"warn_before": "10 giây"}, "20 giây"),
        ({"max_sessions": "0"}, "không nằm trong khoảng từ 1 đến 1000"),
        ({"max_sessions": "many"}, "Hãy nhập một số nguyên"),
        ({"absolute_timeout": "5 phút"}, "10 phút"),
    ],
)
def test_refused_values_are_told_beside_the_field_and_kept(
    site: Any, charlie: Any, typed: dict[str, str], told: str
) -> None:
    for step in ("preview", "save"):
        refused = charlie.post(EVERYBODY, TIMES | typed | {"step": step})
        assert refused.status_code == 422
        (name,) = typed
        error = re.search(f'id="{name}-error">(.*?)</p>', refused.text, re.DOTALL)
        assert error
        assert told in error[1]
        assert f'value="{typed[name]}"' in refused.text
    assert idle_of(site) == timedelta(minutes=15)


def test_how_a_duration_is_written_is_read_aloud_with_its_field(charlie: Any) -> None:
    page = charlie.get(EVERYBODY).text
    assert re.search(r'<p id="format">Hãy ghi', page)
    for name, told in (("idle_timeout", True), ("max_sessions", False)):
        described = re.search(rf'<input[^>]*aria-describedby="([^"]*)"[^>]*id="{name}"', page)
        assert ("format" in described[1].split()) == told


def test_everything_that_is_wrong_is_told_at_once(charlie: Any) -> None:
    refused = charlie.post(
        EVERYBODY, TIMES | {"idle_timeout": "soon", "absolute_timeout": "90 ngày", "max_sessions": "0"}
    )
    wrong = set(re.findall(r'id="(\w+)-error"', refused.text))
    assert wrong == {"idle_timeout", "absolute_timeout", "max_sessions"}


def test_roles_and_portals_get_times_of_their_own(site: Any, charlie: Any) -> None:
    for place in ("role/clerk", "portal/news"):
        answer = charlie.post(f"{OVERVIEW}/{place}", {"idle_timeout": "3 phút", "step": "save"})
        assert answer.status_code == 303
    assert idle_of(site, "clerk") == timedelta(minutes=3)
    assert idle_of(site, portal="news") == timedelta(minutes=3)
    overview = charlie.get(OVERVIEW).text
    assert "clerk" in overview
    assert "Báo tỉnh" in overview
    explained = charlie.get(f"{OVERVIEW}/explained?account=bob&portal=news").text
    assert re.search(r"<dd>3 phút, vì: [^<]*Báo tỉnh", explained)
    assert re.search(r'<section[^>]*id="explained"[^>]* autofocus', explained)
    unknown = charlie.get(f"{OVERVIEW}/explained?account=nobody")
    assert unknown.status_code == 404
    assert re.search(r'id="asked-account"[^>]*aria-describedby="asked-account-error"[^>]* autofocus', unknown.text)
    assert charlie.get(f"{OVERVIEW}/portal/nowhere").status_code == 404
    assert charlie.post(f"{OVERVIEW}/role/Clerk!", {"step": "save"}, page=EVERYBODY).status_code == 422


@pytest.mark.parametrize("name", ["", "Kế toán", "-"])
def test_a_role_that_cannot_be_is_told_beside_the_field(charlie: Any, name: str) -> None:
    refused = charlie.get(f"{OVERVIEW}/roles", query_string={"name": name})
    assert refused.status_code == 422
    assert f"“{name}”" in re.search('id="role-name-error">(.*?)</p>', refused.text, re.DOTALL)[1]
    assert charlie.get(f"{OVERVIEW}/roles?name=ke-toan").headers["Location"] == f"{OVERVIEW}/role/ke-toan"


@pytest.mark.proves("TO3", "TO14")
def test_looser_than_the_assurance_level_needs_a_reason(site: Any, charlie: Any) -> None:
    level = f"{OVERVIEW}/assurance"
    assert charlie.post(level, {"level": "AAL2"}, page=OVERVIEW).status_code == 303
    looser = TIMES | {"absolute_timeout": "25 giờ", "step": "save"}
    refused = charlie.post(EVERYBODY, looser)
    assert refused.status_code == 422
    assert 'name="reason"' in refused.text
    assert charlie.post(EVERYBODY, looser | {"reason": "ca trực 25 giờ"}).status_code == 303
    assert "ca trực 25 giờ" in charlie.get(OVERVIEW).text
    forbidden = charlie.post(level, {"level": "AAL3", "reason": "vì thế"}, page=OVERVIEW)
    assert forbidden.status_code == 422
    assert "12 giờ" in forbidden.text
    assert charlie.post(level, {"level": "AAL9"}, page=OVERVIEW).status_code == 422


def test_a_preset_is_shown_first_too(site: Any, charlie: Any) -> None:
    preset = f"{OVERVIEW}/presets/owasp-high-value"
    shown = charlie.post(preset, {"step": "preview"}, page=OVERVIEW)
    assert "15 phút → 5 phút" in shown.text
    assert idle_of(site) == timedelta(minutes=15)
    assert charlie.post(preset, {"step": "save"}, page=OVERVIEW).status_code == 303
    assert idle_of(site) == timedelta(minutes=5)
    assert charlie.post(f"{OVERVIEW}/presets/own", {}, page=OVERVIEW).status_code == 404


def last_of(page: Any) -> str:
    found = re.search(r'name="last" value="(\d+)"', page.text)
    assert found
    return found[1]


def test_of_two_administrators_at_once_neither_overwrites_the_other_unseen(site: Any, charlie: Any) -> None:
    seen = last_of(charlie.get(EVERYBODY))
    site.parts.administration.timeouts.change(Actor("dana"), Change(default={"absolute_timeout": timedelta(hours=8)}))
    refused = charlie.post(EVERYBODY, TIMES | {"step": "save", "last": seen})
    assert (refused.status_code, last_of(refused)) == (409, str(int(seen) + 1))
    assert "10 phút" in refused.text
    assert site.parts.administration.timeouts.policies().default.absolute_timeout == timedelta(hours=8)
    back = charlie.post(f"{OVERVIEW}/take-back", {"last": seen}, page=OVERVIEW)
    assert back.status_code == 409
    assert site.parts.administration.timeouts.policies().default.absolute_timeout == timedelta(hours=8)


def test_every_change_can_be_taken_back_whatever_came_before(site: Any, charlie: Any) -> None:
    desk, dana = site.parts.administration.timeouts, Actor("dana")
    desk.change(dana, Change(assurance=Assurance.AAL2))
    desk.change(dana, Change(default={"idle_timeout": timedelta(hours=2)}, reason="ca trực dài"))
    desk.change(dana, Change(default={"idle_timeout": timedelta(minutes=15)}))
    desk.take_back(dana)
    assert (idle_of(site), desk.reason()) == (timedelta(hours=2), "ca trực dài")
    desk.change(dana, Change.of("portal", "news", {"idle_timeout": timedelta(minutes=3)}))
    desk.change(dana, Change.of("portal", "news", {"idle_timeout": None}))
    before = len(desk.changes())
    desk.change(dana, Change.of("portal", "news", {"idle_timeout": None}))
    assert len(desk.changes()) == before
    site.parts.portals.remove("news")
    desk.take_back(dana)
    assert charlie.get(OVERVIEW).status_code == 200


def test_each_is_named_for_their_own_change_and_its_reason(site: Any) -> None:
    desk = site.parts.administration.timeouts
    desk.change(Actor("dana"), Change(default={"remember_for": timedelta(days=60)}, reason="máy ở quầy"))
    desk.change(Actor("erik"), Change(reason="máy ở quầy, có người trực"))
    site.parts.audit.flush()
    with site.parts.database.session() as sql:
        told = [
            (row.actor, row.details["before"], row.details["after"])
            for row in sql.scalars(select(AuditRow).where(AuditRow.event == "authz_admin").order_by(AuditRow.at))
        ]
    assert told == [
        ("dana", None, "máy ở quầy"),
        ("dana", "remember_for=0s", "remember_for=60d"),
        ("erik", "máy ở quầy", "máy ở quầy, có người trực"),
    ]


def test_the_page_asks_once_who_made_the_changes(site: Any, charlie: Any) -> None:
    for minutes, name in enumerate(("alice", "bob", "charlie"), start=20):
        desk, actor = site.parts.administration.timeouts, Actor(site.people[name].id)
        desk.change(actor, Change(default={"idle_timeout": timedelta(minutes=minutes)}))
    statements: list[str] = []
    engine = site.parts.database._engine
    event.listen(engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    page = charlie.get("/admin/timeouts").text
    assert all(name in page for name in ("alice", "bob", "charlie"))
    assert sum("FROM account " in statement for statement in statements) <= 2  # and who looks at the page
