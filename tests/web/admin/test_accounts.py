"""``/admin/accounts``: administrators find, add, change and lock out people, and never learn a password."""

import re
import threading
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import event, select

from dvauth.accounts.account import Draft
from dvauth.accounts.errors import LastAdministrator
from dvauth.accounts.models import AccountRow
from dvauth.administration.actor import Actor
from dvauth.audit.models import AuditRow

ALL = "/admin/accounts"
CHOSEN = "một câu do chính chủ chọn"
ROOT = Actor("root")


def of(site: Any, name: str) -> str:
    return f"{ALL}/{site.people[name].id}"


def names(page: Any) -> list[str]:
    """The usernames that a page lists; of those that are display names as well, these."""
    found = re.findall(r'scope="row"><a href="[^"]+">([^<]+)</a>(?:<span class="aside">([^<]+)<)?', page.text)
    return [username or display_name for display_name, username in found]


def audited(site: Any) -> list[tuple[Any, ...]]:
    """What administrators did: event, by whom, to whom, before, after."""
    site.parts.audit.flush()
    wanted = AuditRow.event.in_(["user_created", "user_updated", "authz_change", "authz_admin"])
    with site.parts.database.session() as sql:
        return [
            (row.event, row.actor, row.account, row.details.get("before"), row.details.get("after"))
            for row in sql.scalars(select(AuditRow).where(wanted).order_by(AuditRow.at))
        ]


def link_in(page: Any) -> str:
    found = re.search(r'value="https://auth\.example\.vn(/setup/[^"]+)"', page.text)
    assert found
    return found[1]


@pytest.mark.proves("AZ6")
@pytest.mark.parametrize("path", ["", "/new", "/import", "/export", "/0123456789ab"])
def test_only_administrators_come_in(site: Any, path: str) -> None:
    bob = site.browser()
    bob.log_in("bob")
    assert bob.get(ALL + path).status_code == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["alice", "bob", "charlie", "hà"]),
        ("?text=LI", ["alice", "charlie"]),
        ("?text=thi ha", ["hà"]),
        ("?text=ĐỖ hà", ["hà"]),
        ("?text=%25", []),
        ("?text=%00", []),
        ("?role=reader", ["alice", "hà"]),
        ("?state=disabled", ["bob"]),
        ("?state=enabled&role=editor", []),
        ("?after=bob", ["charlie", "hà"]),
    ],
)
def test_people_are_found_by_their_names_roles_and_state(site: Any, charlie: Any, query: str, found: list[str]) -> None:
    site.parts.accounts.add("hà", display_name="Đỗ Thị Hà", roles=["reader"])
    site.parts.accounts.disable(site.people["bob"].id)
    assert names(charlie.get(ALL + query)) == found


def test_a_long_list_comes_in_pages_of_fifty_with_as_many_questions(site: Any, charlie: Any) -> None:
    site.parts.setup_links.invite(Draft(f"người-{number:03}") for number in range(117))
    statements: list[str] = []
    engine = site.parts.database._engine
    event.listen(engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    url, seen, costs = ALL, [], []
    while url:
        statements.clear()
        page = charlie.get(url)
        costs.append(sum("FROM account" in statement for statement in statements))
        seen.append(names(page))
        following = re.findall(r'href="([^"]+)">Trang sau<', page.text)
        url = unescape(following[0]) if following else ""
    assert [len(page) for page in seen] == [50, 50, 20]
    listed = [name for page in seen for name in page]
    assert listed == sorted({*listed})
    assert max(costs) <= 4  # the page's two, and who is asking


def test_a_new_account_has_a_link_shown_once_by_which_its_owner_chooses(site: Any, charlie: Any, browser: Any) -> None:
    draft = {"username": "dora", "display_name": "Dora Lê", "roles": "editor"}
    made = charlie.post(f"{ALL}/new", draft)
    assert made.status_code == 200
    assert "72 giờ" in made.text or "3 ngày" in made.text
    assert made.headers["Cache-Control"] == "no-store"
    browser.post(link_in(made), {"new": CHOSEN})
    assert browser.log_in("dora", CHOSEN).status_code == 303
    dora = site.parts.accounts.find("dora")
    assert (dora.display_name, dora.roles) == ("Dora Lê", ("editor",))
    assert audited(site) == [("user_created", site.people["charlie"].id, dora.id, None, None)]
    assert link_in(made) not in charlie.get(f"{ALL}/{dora.id}").text


@pytest.mark.parametrize(
    ("typed", "field", "told"),
    [
        ({"username": ""}, "username", "Hãy nhập tên đăng nhập"),
        ({"username": "ALICE"}, "username", "“ALICE”"),
        ({"username": "a b"}, "username", "“a b”"),
        ({"display_name": "x" * 201}, "display_name", "200"),
        ({"roles": "boss"}, "roles", "“boss”"),
    ],
)
def test_what_cannot_be_added_is_told_beside_the_field(
    site: Any, charlie: Any, typed: dict[str, str], field: str, told: str
) -> None:
    refused = charlie.post(f"{ALL}/new", {"username": "dora", **typed})
    assert refused.status_code == 422
    assert f'id="{field}-error"' in refused.text
    assert told in refused.text
    assert site.parts.accounts.find("dora") is None


@pytest.mark.proves("AZ3")
@pytest.mark.parametrize("field", ["password", "is_admin", "password_hash", "id"])
@pytest.mark.parametrize("act", ["new", "name", "roles", "disable", "enable", "unlock", "revoke", "link", "import"])
def test_a_field_that_no_page_asks_for_is_refused(site: Any, charlie: Any, act: str, field: str) -> None:
    path = f"{ALL}/{act}" if act in {"new", "import"} else f"{of(site, 'bob')}/{act}"
    asked = {"new": {"username": "dora"}, "name": {"display_name": "B"}, "roles": {"roles": "reader"}}.get(act, {})
    before = site.parts.accounts.get(site.people["bob"].id)
    assert charlie.post(path, {**asked, field: "1"}, page=f"{ALL}/new").status_code == 422
    assert site.parts.accounts.get(site.people["bob"].id) == before
    assert site.parts.accounts.find("dora") is None
    assert audited(site) == []


@pytest.mark.proves("AZ3")
def test_pages_tell_nothing_that_opens_an_account(site: Any, charlie: Any) -> None:
    link = site.parts.setup_links.issue(site.people["bob"].id)
    for path in (ALL, of(site, "bob"), f"{ALL}/export"):
        text = charlie.get(path).text
        for secret in (site.people["bob"].password_hash, link, "argon2"):
            assert secret not in text


@pytest.mark.proves("AZ4")
def test_new_roles_hold_at_once_for_who_is_logged_in(site: Any, charlie: Any) -> None:
    bob = site.browser()
    bob.log_in("bob")
    bob.enter(f"{site.desk}/editor")
    cookie = bob.on_desk("/enter").request.headers.get("Cookie", "")
    assert bob.verify(Cookie=cookie).headers["X-DVAuth-Roles"] == "editor"
    changed = charlie.post(f"{of(site, 'bob')}/roles", {"roles": "reader"}, page=of(site, "bob"))
    assert changed.status_code == 303
    assert bob.verify(Cookie=cookie).headers["X-DVAuth-Roles"] == "reader"


@pytest.mark.proves("AZ4")
def test_who_is_no_administrator_any_more_sees_no_page_more(site: Any, charlie: Any) -> None:
    site.parts.accounts.set_roles(site.people["bob"].id, ["admin"])
    bob = site.browser()
    bob.log_in("bob")
    assert bob.get(ALL).status_code == 200
    charlie.post(f"{of(site, 'bob')}/roles", {"roles": "editor"}, page=of(site, "bob"))
    assert bob.client.get(ALL, base_url=site.centre, headers=site.navigation, follow_redirects=True).status_code == 403


@pytest.mark.proves("AZ7")
def test_each_act_is_audited_once_with_what_it_changed(site: Any, charlie: Any) -> None:
    acts = [
        ("name", {"display_name": "Bình"}, "user_updated", "bob", "Bình"),
        ("roles", {"roles": "reader"}, "authz_change", "editor", "reader"),
        ("disable", {}, "user_updated", "enabled", "disabled"),
        ("enable", {}, "user_updated", "disabled", "enabled"),
        ("unlock", {}, "user_updated", "failures=0", "failures=0"),
        ("revoke", {}, "user_updated", None, None),
    ]
    for act, fields, *_ in acts:
        answer = charlie.post(f"{of(site, 'bob')}/{act}", fields, page=of(site, "bob"))
        assert (answer.status_code, "done=" in answer.headers["Location"]) == (303, True)
        assert 'class="notice notice-done"' in charlie.get(answer.headers["Location"]).text
    whose = site.people["charlie"].id, site.people["bob"].id
    assert audited(site) == [(name, *whose, before, after) for _, _, name, before, after in acts]


def test_a_disabled_account_is_out_at_once_and_comes_back(site: Any, charlie: Any) -> None:
    bob = site.browser()
    bob.log_in("bob")
    charlie.post(f"{of(site, 'bob')}/disable", {}, page=of(site, "bob"))
    assert bob.status()["reason"] == "account-disabled"
    assert bob.log_in("bob").status_code == 401
    charlie.post(f"{of(site, 'bob')}/enable", {}, page=of(site, "bob"))
    assert bob.log_in("bob").status_code == 303


def test_ending_all_sessions_asks_the_person_to_log_in_again(site: Any, charlie: Any) -> None:
    devices = [site.browser() for _ in range(2)]
    for device in devices:
        device.log_in("bob")
    assert "trên 2 thiết bị" in charlie.get(of(site, "bob")).text
    charlie.post(f"{of(site, 'bob')}/revoke", {}, page=of(site, "bob"))
    assert [device.status()["reason"] for device in devices] == ["revoked", "revoked"]
    assert devices[0].log_in("bob").status_code == 303


def test_who_mistyped_too_often_may_try_again_once_unlocked(site: Any, charlie: Any, browser: Any) -> None:
    for _ in range(5):
        browser.log_in("bob", "something else entirely")
    assert browser.log_in("bob").status_code == 429
    assert "Cho thử lại" in charlie.get(of(site, "bob")).text
    charlie.post(f"{of(site, 'bob')}/unlock", {}, page=of(site, "bob"))
    assert browser.log_in("bob").status_code == 303
    assert "Cho thử lại" not in charlie.get(of(site, "bob")).text


@pytest.mark.proves("AZ3")
def test_a_new_link_replaces_the_password_and_the_link_before(site: Any, charlie: Any, browser: Any) -> None:
    older, newer = (link_in(charlie.post(f"{of(site, 'bob')}/link", {}, page=of(site, "bob"))) for _ in range(2))
    assert browser.get(older).status_code == 404
    browser.post(newer, {"new": CHOSEN})
    assert browser.log_in("bob", site.password).status_code == 401
    assert browser.log_in("bob", CHOSEN).status_code == 303


def test_administrators_do_not_lock_themselves_out(site: Any, charlie: Any) -> None:
    site.parts.accounts.set_roles(site.people["bob"].id, ["admin"])
    own = of(site, "charlie")
    for act, fields in (("disable", {}), ("roles", {"roles": "reader"})):
        refused = charlie.post(f"{own}/{act}", fields, page=own)
        assert refused.status_code == 422
        assert "hãy nhờ quản trị viên khác" in refused.text
    still = site.parts.accounts.get(site.people["charlie"].id)
    assert (still.is_enabled, still.roles) == (True, ("admin",))
    assert charlie.post(f"{own}/roles", {"roles": ["admin", "editor"]}, page=own).status_code == 303


def test_the_last_active_administrator_stays(site: Any, charlie: Any) -> None:
    desk, charlies = site.parts.administration.accounts, site.people["charlie"]
    with pytest.raises(LastAdministrator):
        desk.disable(ROOT, charlies)
    with pytest.raises(LastAdministrator):
        desk.set_roles(ROOT, charlies, ["reader"])
    assert audited(site) == []


@pytest.mark.parametrize("acts", [("disable", "demote"), ("demote", "demote"), ("disable", "disable")])
def test_of_two_administrators_who_go_at_once_one_stays(site: Any, acts: tuple[str, str]) -> None:
    desk = site.parts.administration.accounts
    site.parts.accounts.set_roles(site.people["bob"].id, ["admin"])
    for _ in range(5):
        pair = [desk.find(name) for name in ("bob", "charlie")]
        together, refused = threading.Barrier(2), []

        def go(act: str, account: Any, together: Any = together, refused: Any = refused) -> None:
            together.wait()
            try:
                desk.disable(ROOT, account) if act == "disable" else desk.set_roles(ROOT, account, ["reader"])
            except LastAdministrator as error:
                refused.append(error)

        threads = [threading.Thread(target=go, args=each) for each in zip(acts, pair, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        now = [desk.find(name) for name in ("bob", "charlie")]
        assert sum(account.is_enabled and "admin" in account.roles for account in now) == 1
        assert len(refused) == 1
        for account in now:
            desk.enable(ROOT, account)
            desk.set_roles(ROOT, account, ["admin"])


def test_an_unknown_account_has_no_page(site: Any, charlie: Any) -> None:
    assert charlie.get(f"{ALL}/0123456789ab").status_code == 404
    assert charlie.post(f"{ALL}/0123456789ab/disable", {}, page=ALL + "/new").status_code == 404


def test_a_name_is_changed_and_found(site: Any, charlie: Any) -> None:
    assert charlie.post(f"{of(site, 'bob')}/name", {"display_name": " "}, page=of(site, "bob")).status_code == 422
    charlie.post(f"{of(site, 'bob')}/name", {"display_name": "Đặng Bình"}, page=of(site, "bob"))
    assert names(charlie.get(f"{ALL}?text=dang")) == ["bob"]


def test_the_last_login_is_told(site: Any, charlie: Any) -> None:
    with site.parts.database.session() as sql:
        sql.get(AccountRow, site.people["bob"].id).last_login_at = site.people["bob"].created_at - timedelta(days=40)
    assert "1 tháng trước" in charlie.get(of(site, "bob")).text
    assert "chưa bao giờ" in charlie.get(of(site, "alice")).text


def test_who_must_prove_again_who_they_are_comes_back_to_the_account(site: Any, charlie: Any) -> None:
    token = charlie.token(of(site, "bob"))
    for _ in range(8):
        site.pass_time(minutes=4)
        charlie.get("/account/")
    headers = site.navigation | {"Origin": site.centre}
    act = f"{of(site, 'bob')}/disable"
    asked = charlie.client.post(act, base_url=site.centre, data={"csrf_token": token}, headers=headers)
    assert asked.headers["Location"] == f"/confirm?back={of(site, 'bob')}"
    assert site.parts.accounts.get(site.people["bob"].id).is_enabled
    proved = charlie.post(asked.headers["Location"], {"password": site.password})
    assert proved.headers["Location"] == of(site, "bob")


@pytest.mark.proves("RC3")
def test_a_link_leads_to_our_own_address_whatever_the_request_calls_us(site: Any, charlie: Any) -> None:
    path, page = f"{of(site, 'bob')}/link", of(site, "bob")
    for name in ("Host", "X-Forwarded-Host"):
        assert charlie.post(path, {}, page=page, headers={name: "evil.example"}).status_code == 421
    shown = charlie.post(path, {}, page=page, headers={"X-Forwarded-Host": "auth.example.vn:443"})
    assert len(re.findall(rf"{site.centre}/setup/[\w-]+", shown.text)) >= 1
    assert "auth.example.vn:443" not in shown.text
