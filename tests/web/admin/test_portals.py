"""``/admin/portals``: administrators register portals, change and remove them, and look for the tag."""

import html
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select

from dvauth.audit.models import AuditRow
from dvauth.portals.embed_tag import integrity, pinned_tag, tag

OVERVIEW = "/admin/portals"
NEWS = f"{OVERVIEW}/news"
BANK = {"slug": "bank", "name": "Thư viện", "origins": "https://bank.example.vn\r\n https://b.vn/", "activity": "any"}


def acts(site: Any) -> list[tuple[str, str, str | None]]:
    """What administrators did: on which portal, what, and what it was after."""
    site.parts.audit.flush()
    with site.parts.database.session() as sql:
        rows = sql.scalars(select(AuditRow).where(AuditRow.event == "authz_admin").order_by(AuditRow.at)).all()
        assert {(row.actor, row.address) for row in rows} <= {(site.people["charlie"].id, "127.0.0.1")}
        return [(row.portal, row.details["action"], row.details.get("after")) for row in rows]


@pytest.mark.proves("AZ7")
def test_a_portal_is_registered_changed_and_removed_and_each_act_recorded_once(site: Any, charlie: Any) -> None:
    added = charlie.post(OVERVIEW, BANK)
    assert (added.status_code, added.headers["Location"]) == (303, f"{OVERVIEW}/bank?done=added")
    number = site.parts.portals.directory().by_slug("bank").id
    changed = charlie.post(f"{OVERVIEW}/bank", {"name": "Thư viện tỉnh", "origins": "https://b.vn"})
    assert (changed.status_code, changed.headers["Location"]) == (303, f"{OVERVIEW}/bank?done=saved")
    site.parts.watch.beat()
    known = site.parts.portal_directory().by_origin("https://b.vn")
    assert (known.id, known.name, known.origins, known.activity) == (number, "Thư viện tỉnh", ("https://b.vn",), "any")
    assert "Thư viện tỉnh" in charlie.get(f"{OVERVIEW}/bank/remove").text
    assert site.parts.portals.directory().by_slug("bank")
    removed = charlie.post(f"{OVERVIEW}/bank/remove", {})
    assert (removed.status_code, removed.headers["Location"]) == (303, f"{OVERVIEW}?done=removed")
    assert charlie.get(f"{OVERVIEW}/bank").status_code == 404
    origins = "origins=https://bank.example.vn https://b.vn"
    assert acts(site) == [
        ("bank", "portal added", f"name=Thư viện {origins} activity=any mounted=no accent=unset"),
        ("bank", "portal changed", "name=Thư viện tỉnh origins=https://b.vn"),
        ("bank", "portal removed", "none"),
    ]


def test_saved_while_redis_is_away_is_told_as_such(
    site: Any, charlie: Any, without_redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.parts.portals, "_publish", without_redis)
    later = "Redis không trả lời"
    for path, form, then in (
        (OVERVIEW, BANK, f"{OVERVIEW}/bank?done=later"),
        (f"{OVERVIEW}/bank", {"name": "Thư viện tỉnh", "origins": "https://b.vn"}, f"{OVERVIEW}/bank?done=later"),
        (f"{OVERVIEW}/bank/look", {"accent": "#a61b1b"}, f"{OVERVIEW}/bank?done=later#prompt"),
        (f"{OVERVIEW}/bank/remove", {}, f"{OVERVIEW}?done=later"),
    ):
        saved = charlie.post(path, form, page=OVERVIEW)
        assert (saved.status_code, saved.headers["Location"]) == (303, then)
        if "remove" not in path:
            assert site.parts.portals.directory().by_slug("bank")
        assert later in charlie.get(f"{OVERVIEW}?done=later").text
    assert site.parts.portals.directory().by_slug("bank") is None


def test_a_session_lives_on_when_its_portal_changes(site: Any, charlie: Any) -> None:
    bob = site.browser()
    bob.log_in("bob")
    bob.enter(f"{site.desk}/editor")
    charlie.post(f"{OVERVIEW}/desk", {"name": "Bàn", "origins": site.desk})
    site.parts.watch.beat()
    assert bob.verify().status_code == 200


@pytest.mark.parametrize(
    ("typed", "field", "told"),
    [
        ({"slug": "Bank"}, "slug", "Bank"),
        ({"slug": "news"}, "slug", "“news”"),
        ({"slug": ""}, "slug", "Hãy nhập tên ngắn"),
        ({"name": "  "}, "name", "“  ”"),
        ({"origins": "bank.example.vn"}, "origins", "“bank.example.vn”"),
        ({"origins": "https://news.example.vn"}, "origins", "“news”"),
        ({"mounted": "y"}, "origins", "“bank”"),
        ({"activity": "sometimes"}, "activity", ""),
    ],
)
def test_refused_values_are_told_beside_the_field_and_kept(
    site: Any, charlie: Any, typed: dict[str, str], field: str, told: str
) -> None:
    refused = charlie.post(OVERVIEW, BANK | typed)
    assert refused.status_code == 422
    error = re.search(f'id="{field}-error">(.*?)</p>', refused.text, re.DOTALL)
    assert error
    assert told in error[1]
    assert (BANK | typed)["origins"].split()[0] in refused.text
    assert {portal.slug for portal in site.parts.portals.all()} == {"news", "desk"}


def test_a_change_that_is_refused_is_told_and_kept(site: Any, charlie: Any) -> None:
    refused = charlie.post(NEWS, {"name": "Báo mới", "origins": site.desk})
    assert refused.status_code == 422
    assert "“desk”" in re.search('id="origins-error">(.*?)</p>', refused.text, re.DOTALL)[1]
    assert 'value="Báo mới"' in refused.text
    assert acts(site) == []


def test_the_tags_are_there_to_be_copied(site: Any, charlie: Any) -> None:
    shown = [
        html.unescape(text)
        for text in re.findall(r"<textarea[^>]*readonly[^>]*>(.*?)</textarea>", charlie.get(NEWS).text)
    ]
    news = site.parts.portals.directory().by_slug("news")
    assert shown == [tag(news, site.centre), pinned_tag(news, site.centre)]
    assert integrity() in shown[1]


@pytest.mark.proves("AZ7")
def test_the_prompt_gets_words_in_both_languages_and_a_colour(site: Any, charlie: Any) -> None:
    look = {"accent": "#A61B1B", "vi_title": "Anh chị còn ở đây không?", "en_button": "Stay"}
    saved = charlie.post(f"{NEWS}/look", look, page=NEWS)
    assert (saved.status_code, saved.headers["Location"]) == (303, f"{NEWS}?done=look#prompt")
    site.parts.watch.beat()
    found = site.parts.portal_directory().by_slug("news").look
    assert found.accent == "#a61b1b"
    assert found.texts == {"vi": {"title": "Anh chị còn ở đây không?"}, "en": {"button": "Stay"}}
    page = charlie.get(NEWS).text
    assert 'value="Anh chị còn ở đây không?"' in page
    assert 'href="/admin/portals/news/prompt"' in page
    assert charlie.post(f"{NEWS}/look", {}, page=NEWS).status_code == 303
    assert site.parts.portals.directory().by_slug("news").look.to_document() == {}
    told = "accent=#a61b1b vi.title=Anh chị còn ở đây không? en.button=Stay"
    assert acts(site) == [
        ("news", "prompt changed", told),
        ("news", "prompt changed", "accent=unset vi.title=unset en.button=unset"),
    ]


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("accent", "red", "“red”"),
        ("accent", "#ffcc00", "1.5"),
        ("vi_title", "x" * 201, "200"),
        ("en_button", "two\nlines", "200"),
    ],
)
def test_a_prompt_nobody_could_read_is_refused_beside_its_field(
    site: Any, charlie: Any, field: str, typed: str, told: str
) -> None:
    refused = charlie.post(f"{NEWS}/look", {field: typed, "vi_button": "Ở lại"}, page=NEWS)
    assert refused.status_code == 422
    assert told in re.search(f'id="{field}-error">(.*?)</p>', refused.text, re.DOTALL)[1]
    assert 'value="Ở lại"' in refused.text
    assert acts(site) == []


@pytest.fixture
def page() -> Iterator[tuple[str, list[str]]]:
    """The origin of a page on this machine, and what it says: the test may change that."""
    body = [""]

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body[0].encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", body
    server.shutdown()
    server.server_close()


def test_whether_the_tag_is_on_a_page_is_told_in_a_sentence(
    site: Any, charlie: Any, page: tuple[str, list[str]]
) -> None:
    origin, body = page
    news = site.parts.portals.change("news", name="Báo tỉnh", origins=[site.news, origin])

    def told(url: str) -> tuple[int, str]:
        answer = charlie.post(f"{NEWS}/tag", {"url": url}, page=NEWS)
        notice = re.search(r'class="notice notice-(?:done|warning)"[^>]*><p>(.*?)</p>', answer.text)
        error = re.search(r'id="url-error">.*?</span> (.*?)</p>', answer.text)
        found = notice or error
        assert found
        return answer.status_code, found[1]

    assert told(f"{origin}/") == (
        200,
        "Trang này không có thẻ. Nếu thẻ chỉ có khi đã đăng nhập hoặc do mã khác chèn vào, hãy tự mở trang để xem.",
    )
    body[0] = pinned_tag(news, site.centre)
    assert told(f"{origin}/") == (200, "Trang này có thẻ: lời nhắc sẽ hiện ở đây.")
    body[0] = body[0].replace(integrity(), "sha384-old")
    assert "phiên bản khác" in told(f"{origin}/")[1]
    assert told("https://evil.example/")[0] == 422
    assert "“https://evil.example/”" in told("https://evil.example/")[1]
    assert acts(site)[0][:2] == ("news", "tag looked for")


def test_portals_are_for_administrators_who_logged_in_lately(site: Any, charlie: Any) -> None:
    bob = site.browser()
    bob.log_in("bob")
    assert bob.get(OVERVIEW).status_code == 403
    for _ in range(3):  # a while of work
        site.pass_time(minutes=3.5)
        charlie.get("/account/")
    assert charlie.get(NEWS).headers["Location"] == f"/confirm?back={NEWS}"
    assert charlie.get("/admin/portals/nowhere").status_code == 303


def test_a_form_asked_for_as_a_page_leads_to_its_portal(charlie: Any) -> None:
    for part in ("look", "tag"):
        assert charlie.get(f"{NEWS}/{part}").headers["Location"] == NEWS


def test_a_portal_that_is_not_there_has_no_page(charlie: Any) -> None:
    for path in (OVERVIEW, f"{OVERVIEW}/nowhere/remove"):
        assert charlie.get(path).status_code == (200 if path == OVERVIEW else 404)
    for path in ("nowhere", "nowhere/look", "nowhere/tag", "nowhere/remove"):
        assert charlie.post(f"{OVERVIEW}/{path}", {"name": "x"}, page=OVERVIEW).status_code == 404
