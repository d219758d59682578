"""``/admin/sessions``: administrators find other people's sessions, and end them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from dvauth.administration.models import EndOrderRow, SessionIndexRow
from dvauth.administration.session_index import Position, Search, SessionIndex
from dvauth.administration.sessions import A_PAGE
from dvauth.audit.models import AuditRow
from dvauth.housekeeping import Housekeeping
from dvauth.policies.book import Change
from dvauth.sessions import keys
from dvauth.sessions.record import Origin, Principal, SessionRef
from dvauth.timeouts.judge import Reason

LIST = "/admin/sessions"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:130.0) Gecko/20100101 Firefox/130.0"


def listed(page: Any) -> list[str]:
    """Who is listed, in the order of the page."""
    return [name.split()[0] for name in re.findall(r"<h3>([^<]+)</h3>", page.text)]


def logged_in(site: Any, name: str, **fields: str) -> Any:
    browser = site.browser()
    browser.log_in(name, **fields)
    return browser


def keep_books(site: Any) -> None:
    """All that waits, however busy the machine is: to the housekeeping no time passes."""
    Housekeeping(site.parts, monotonic=lambda: 0.0).keep_books()


def acts(site: Any) -> list[tuple[str | None, str | None, str | None, str | None, Any]]:
    """What administrators did, as the audit log tells it."""
    site.parts.audit.flush()
    with site.parts.database.session() as sql:
        rows = sql.scalars(select(AuditRow).where(AuditRow.event == "authz_admin").order_by(AuditRow.at))
        return [(row.actor, row.address, row.account, row.portal, row.details) for row in rows]


def handle(site: Any, name: str) -> str:
    """The id of the only session that somebody has."""
    (record,) = site.parts.keeper.sessions_of(site.people[name].id)
    return str(record.ref.session_id)


def indexed(site: Any) -> set[str]:
    with site.parts.database.session() as sql:
        return set(sql.scalars(select(SessionIndexRow.session_id)))


def orders(site: Any) -> int:
    with site.parts.database.session() as sql:
        return len(sql.scalars(select(EndOrderRow.id)).all())


@pytest.mark.proves("AZ2")
def test_only_administrators_see_and_end_other_peoples_sessions(site: Any, browser: Any) -> None:
    alice = logged_in(site, "alice")
    browser.log_in("bob")
    keep_books(site)
    assert browser.get(LIST).status_code == 403
    of_alice = {"session": handle(site, "alice")}
    assert browser.post(f"{LIST}/end", of_alice, page="/account/").status_code == 403
    for many in ("everybody", "account/alice", "portal/news"):
        assert browser.post(f"{LIST}/{many}/end", {}, page="/account/").status_code == 403
    keep_books(site)
    assert alice.status()["state"] == "active"


@pytest.mark.parametrize(
    ("by", "value", "found"),
    [
        ("account", "Alice", ["alice"]),
        ("portal", "báo tỉnh", ["bob"]),
        ("portal", "news", ["bob"]),
        ("address", "127.0.0.1", ["bob", "alice", "charlie"]),
        ("address", "10.0.0.1", []),
        ("device", "firefox", ["alice"]),
        ("device", "windows", ["alice"]),
        ("device", "amiga", []),
        ("", "", ["bob", "alice", "charlie"]),
    ],
)
def test_sessions_are_found_by_what_is_known_of_them(
    site: Any, charlie: Any, by: str, value: str, found: list[str]
) -> None:
    alice, bob = site.browser(), site.browser()
    site.pass_time(seconds=1)
    alice.post("/login", {"username": "alice", "password": site.password}, headers={"User-Agent": FIREFOX})
    site.pass_time(seconds=1)
    bob.log_in("bob", return_to=f"{site.news}/")
    keep_books(site)
    assert listed(charlie.get(LIST, query_string={"by": by, "value": value})) == found


def test_a_name_that_nobody_has_is_told(charlie: Any) -> None:
    for by in ("account", "portal"):
        answer = charlie.get(f"{LIST}?by={by}&value=nobody")
        assert (answer.status_code, listed(answer)) == (404, [])
        assert charlie.get(f"{LIST}/{by}/nobody/end").status_code == 404
        assert charlie.post(f"{LIST}/{by}/nobody/end", {}, page=LIST + "/everybody/end").status_code == 404


def test_list_shows_the_truth_of_redis_and_forgets_what_redis_does_not_know(site: Any, charlie: Any) -> None:
    alice, bob = logged_in(site, "alice"), logged_in(site, "bob")
    keep_books(site)
    site.pass_time(minutes=2)
    alice.keep_alive("input")
    site.parts.accounts.set_roles(site.people["alice"].id, ["editor"])
    (hers,) = site.parts.keeper.sessions_of(site.people["alice"].id)
    bobs = handle(site, "bob")
    site.parts.connection.client.delete(keys.session(site.parts.session_index.get(bobs)))
    shown = charlie.get(LIST)
    assert sorted(listed(shown)) == ["alice", "charlie"]
    assert f'datetime="{hers.last_activity_at.isoformat(timespec="seconds")}"' in shown.text
    assert "biên tập viên" in shown.text
    assert bobs not in indexed(site)
    assert bob.status()["state"] != "active"


@pytest.mark.proves("TE4", "AZ7")
def test_one_session_is_ended_and_its_owner_is_told_by_whom(site: Any, charlie: Any) -> None:
    alice, elsewhere = logged_in(site, "alice"), site.browser()
    session = {"session": handle(site, "alice")}
    site.pass_time(seconds=1)
    elsewhere.log_in("alice")
    keep_books(site)
    done = charlie.post(f"{LIST}/end", session, page=LIST, query_string={"by": "account", "value": "alice"})
    assert (done.status_code, done.headers["Location"]) == (303, f"{LIST}?by=account&value=alice&done=one")
    assert alice.status() == {"state": "ended", "reason": "revoked"}
    assert alice.verify(page=f"{site.desk}/").status_code == 401
    assert elsewhere.status()["state"] == "active"
    charlies, account = site.people["charlie"].id, site.people["alice"].id
    once = [(charlies, "127.0.0.1", account, None, {"action": "session ended", "sessions": 1})]
    assert acts(site) == once
    again = charlie.post(f"{LIST}/end", session, page=LIST)
    assert again.headers["Location"] == f"{LIST}?done=gone"
    assert acts(site) == once
    keep_books(site)
    assert session["session"] not in indexed(site)


@pytest.mark.proves("TE4", "AZ7")
def test_all_sessions_of_an_account_end_at_once(site: Any, charlie: Any) -> None:
    devices = [logged_in(site, "alice") for _ in range(3)]
    bob = logged_in(site, "bob")
    asked = charlie.get(f"{LIST}/account/alice/end")
    assert re.search(r'<dd class="number">3</dd>', asked.text)
    assert charlie.post(f"{LIST}/account/alice/end", {}).status_code == 303
    assert {device.status()["reason"] for device in devices} == {"revoked"}
    assert bob.status()["state"] == "active"
    details = {"action": "sessions of the account ended", "sessions": 3}
    assert acts(site) == [(site.people["charlie"].id, "127.0.0.1", site.people["alice"].id, None, details)]


@pytest.mark.proves("TE4", "AZ7")
def test_everybody_is_logged_out_but_the_administrator_who_wants_it(site: Any, charlie: Any) -> None:
    others = [logged_in(site, name) for name in ("alice", "bob", "charlie")]
    asked = charlie.get(f"{LIST}/everybody/end")
    assert re.search(r'<dd class="number">4</dd>', asked.text)
    assert "được giữ lại" in asked.text
    assert charlie.post(f"{LIST}/everybody/end", {}).headers["Location"] == f"{LIST}?done=many"
    site.pass_time(seconds=1)
    later = logged_in(site, "alice")
    keep_books(site)
    assert [other.status() for other in others] == [{"state": "ended", "reason": "revoked"}] * 3
    assert charlie.status()["state"] == later.status()["state"] == "active"
    details = {"action": "all sessions ended", "sessions": 3}
    assert acts(site) == [(site.people["charlie"].id, "127.0.0.1", None, None, details)]


@pytest.mark.proves("TE4")
def test_sessions_of_a_portals_logins_end_on_every_portal(site: Any, charlie: Any) -> None:
    bob, alice = logged_in(site, "bob", return_to=f"{site.news}/"), logged_in(site, "alice")
    keep_books(site)
    assert re.search(r'<dd class="number">1</dd>', charlie.get(f"{LIST}/portal/news/end").text)
    charlie.post(f"{LIST}/portal/news/end", {})
    keep_books(site)
    assert bob.status(site.desk) == {"state": "ended", "reason": "revoked"}
    assert alice.status()["state"] == "active"
    details = {"action": "sessions of the portal ended", "sessions": 1}
    assert acts(site) == [(site.people["charlie"].id, "127.0.0.1", None, "news", details)]


def test_order_stands_until_no_login_from_before_it_can_come_any_more(site: Any, charlie: Any) -> None:
    charlie.post(f"{LIST}/everybody/end", {})
    keep_books(site)
    ordered_at, now = site.clock.now(), site.clock
    now.time = ordered_at - timedelta(milliseconds=5)
    latecomer = logged_in(site, "bob")
    now.time = ordered_at + timedelta(seconds=1)
    keep_books(site)
    assert latecomer.status() == {"state": "ended", "reason": "revoked"}
    assert orders(site) == 1
    site.pass_time(minutes=1)
    keep_books(site)
    assert orders(site) == 0


def test_session_that_cannot_be_read_keeps_no_other_alive(site: Any, charlie: Any) -> None:
    """Both stand in one bucket."""
    logged_in(site, "bob")
    garbled = SessionRef(keys.bucket_of(site.people["bob"].id), handle(site, "bob"))
    site.pass_time(seconds=1)
    bob = logged_in(site, "bob")
    site.parts.connection.client.hset(keys.session(garbled), keys.CREATED, "soon")
    charlie.post(f"{LIST}/everybody/end", {})
    keep_books(site)
    assert bob.status() == {"state": "ended", "reason": "revoked"}


def test_end_at_a_portal_leaves_the_session_in_the_list(site: Any, charlie: Any) -> None:
    site.parts.policy_book.change(Change.of("portal", "news", {"idle_timeout": timedelta(minutes=3)}), "test")
    site.parts.watch.beat()
    alice = logged_in(site, "alice")
    alice.keep_alive("input")
    site.pass_time(minutes=4)
    assert alice.status()["reason"] == "portal-idle"
    charlie.get("/account/")
    keep_books(site)
    assert "alice" in listed(charlie.get(LIST))


def test_index_that_lost_rows_or_kept_too_many_is_mended(site: Any) -> None:
    live = site.parts.keeper.open(Principal(account_id=site.people["bob"].id), portal=site.parts.portals.all()[0])
    gone = site.parts.keeper.open(Principal(account_id=site.people["bob"].id))
    keeping, bucket = Housekeeping(site.parts), live.record.ref.bucket
    keeping.keep_books()
    ids = {live.record.ref.session_id, gone.record.ref.session_id}
    assert indexed(site) == ids
    site.parts.session_index.change((), [live.record.ref.session_id])
    site.parts.connection.client.delete(keys.session(gone.record.ref))
    site.parts.connection.client.zrem(keys.due(bucket), gone.record.ref.session_id)
    for _ in keys.BUCKETS:
        keeping._reconcile()  # one of them each round
    assert indexed(site) == {live.record.ref.session_id}
    (found,) = site.parts.session_index.find(Search("portal", ["desk"]), None, 5)
    assert found.ref == live.record.ref


def test_login_is_audited_with_its_portal_and_address_once(site: Any) -> None:
    logged_in(site, "bob", return_to=f"{site.news}/")
    keep_books(site)
    with site.parts.database.session() as sql:
        row = sql.scalars(select(AuditRow).where(AuditRow.event == "session_created")).one()
        assert (row.portal, row.address, row.details) == ("news", "127.0.0.1", {})


def test_pages_have_fifty_each_and_miss_nobody(site: Any, charlie: Any) -> None:
    for number in range(A_PAGE + 10):
        site.parts.keeper.open(Principal(account_id=f"account{number:05d}"))
        site.pass_time(seconds=number % 2)  # two of each moment
    keep_books(site)
    first = charlie.get(LIST)
    assert len(listed(first)) == A_PAGE
    after = re.search(rf'href="{LIST}\?after=([^"&]+)"', first.text)
    assert after
    second = charlie.get(f"{LIST}?after={after[1]}")
    assert len(listed(second)) == 11
    assert not {*listed(first)} & {*listed(second)}
    assert charlie.get(f"{LIST}?after=soon").status_code == 200


SEARCHES = [
    None,
    Search("account_id", ["account00001"]),
    Search("portal", ["news"]),
    Search("address", ["192.0.2.7"]),
    Search("device", ["Chrome · Windows", "Edge · Windows", "Firefox · Windows"]),
]


def work_of(index: SessionIndex, search: Search | None, after: Position | None) -> int:
    """What SQLite does for a page, in hundreds of its instructions."""
    done = 0

    def step() -> int:
        nonlocal done
        done += 1
        return 0

    with index._database.session() as sql:
        raw = sql.connection().connection.dbapi_connection
    assert raw
    raw.set_progress_handler(step, 20)
    index.find(search, after, A_PAGE + 1)
    raw.set_progress_handler(None, 0)
    return done


def fill(site: Any, numbers: range) -> None:
    """Rows as a hundred thousand logins leave them."""
    began = site.clock.now() - timedelta(days=1)
    rows = [
        {
            "session_id": f"session{number:08d}",
            "bucket": keys.BUCKETS[number % 256],
            "account_id": f"account{number % 10:05d}",
            "portal": ("news", "desk")[number % 2],
            "address": f"192.0.2.{number % 10}",
            "device": ("Chrome · Windows", "Edge · Windows", "Safari · iPhone")[number % 3],
            "created_at": began + timedelta(milliseconds=number),
        }
        for number in numbers
    ]
    site.parts.session_index.change(rows, ())


def test_page_costs_the_same_among_a_thousand_sessions_and_a_hundred_thousand(site: Any) -> None:
    index, middle = site.parts.session_index, Position(site.clock.now() - timedelta(days=1, seconds=-0.5), "")
    fill(site, range(1000))
    pages = [(search, after) for search in SEARCHES for after in (None, middle)]
    few = [work_of(index, *page) for page in pages]
    fill(site, range(1000, 100_000))
    many = [work_of(index, *page) for page in pages]
    for page, before, after in zip(pages, few, many, strict=True):
        assert before > 0
        assert after <= 2 * before + 10, page


def test_page_asks_redis_for_the_sessions_that_it_shows_and_no_others(site: Any, redis_url: str) -> None:
    for number in range(120):
        origin = Origin(address="192.0.2.1", user_agent="Firefox · Linux")
        site.parts.keeper.open(Principal(account_id=f"account{number:05d}"), origin=origin)
    keep_books(site)
    statements: list[str] = []
    event.listen(site.parts.database._engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    client = site.parts.connection.client
    with client.monitor() as monitor:
        page = site.parts.administration.sessions.page(Search("device", ["Firefox · Linux"]))
        client.echo("the end")
        names = []
        while "the end" not in (seen := monitor.next_command())["command"]:
            names.append(seen["command"].partition(" ")[0].upper())
    assert len(page.sessions) == A_PAGE
    assert names.count("HMGET") == A_PAGE
    assert not {"SCAN", "ZSCAN", "KEYS", "ZRANGE", "SMEMBERS", "EVALSHA"} & {*names}
    assert len(statements) <= 3


def test_whoever_was_logged_out_is_told_whom_to_ask(site: Any, charlie: Any) -> None:
    object.__setattr__(site.parts.settings, "contact", "0204 3 000 000 <phòng CNTT>")
    for reason, is_told in ((Reason.REVOKED, True), (Reason.LOGOUT, False)):
        alice = logged_in(site, "alice")
        site.parts.keeper.end_all(site.people["alice"].id, reason)
        assert ("0204 3 000 000 &lt;phòng CNTT&gt;" in alice.get("/login").text) is is_told
