"""The demo portal's own part: what it makes of dvauth's answers, of none, and of what strangers send."""

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from dvauth.demo.articles import Articles, slug_of
from dvauth.demo.form_token import form_token
from dvauth.demo.people import People
from dvauth.demo.portal import create_portal

ORIGIN = "https://lamgiang.example.vn"
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Origin": ORIGIN, "Cookie": "__Host-dvauth=x; __Host-portal-form=mine"}
EDITOR = {"X-DVAuth-Account": "minh", "X-DVAuth-Roles": "editor"}


@pytest.fixture
def portal(tmp_path: Path) -> Flask:
    """A portal whose dvauth is gone: nothing listens on port 9."""
    return create_portal(
        origin=ORIGIN,
        auth_url="https://auth.example.vn",
        verify_url="http://127.0.0.1:9",
        data_dir=tmp_path,
        secret_key="only for tests",
    )


@pytest.fixture
def reader(portal: Flask) -> FlaskClient:
    return portal.test_client(use_cookies=False)


def form(portal: Flask, token: str | None = None) -> dict[str, str]:
    with portal.test_request_context(headers=NAVIGATION):
        token = token or form_token("minh")
    return {"title": "Tin", "section": "economy", "summary": "Tóm", "body": "Nội dung quý", "csrf_token": token}


def test_everybody_can_go_on_reading(reader: FlaskClient) -> None:
    for path in ("/", "/section/notices", "/article/lich-tiep-cong-dan-thang-nay"):
        assert reader.get(path, headers=NAVIGATION).status_code == 200


@pytest.mark.proves("HP7")
def test_nobody_gets_in_and_nobody_is_sent_to_the_login(reader: FlaskClient) -> None:
    response = reader.get("/editor/", headers=NAVIGATION)
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert "Bạn không bị đăng xuất" in response.text


@pytest.mark.parametrize(("method", "page"), [("GET", "enter?return_to=x"), ("GET", "logout"), ("POST", "logout")])
def test_login_and_logout_say_that_dvauth_does_not_answer(reader: FlaskClient, method: str, page: str) -> None:
    response = reader.open(f"/dvauth/{page}", method=method, headers=NAVIGATION)
    assert response.status_code == 503
    assert "Hệ thống đăng nhập tạm thời không phản hồi" in response.text
    assert response.headers["Retry-After"]


@pytest.mark.proves("CO5")
def test_text_that_was_sent_is_shown_again(portal: Flask, reader: FlaskClient) -> None:
    response = reader.post("/editor/new", data=form(portal), headers=NAVIGATION)
    assert response.status_code == 503
    assert "Nội dung quý" in response.text
    assert portal.extensions["site"].articles.find("tin") is None


@pytest.fixture
def answers(tmp_path: Path) -> Iterator[Any]:
    """A portal whose dvauth gives the answers that a test puts here: status and headers."""
    given: dict[str, Any] = {}

    class Verify(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given["asked"] = self.headers
            self.send_response(given["status"])
            for name, value in given["headers"].items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Verify) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        given["portal"] = create_portal(
            origin=ORIGIN,
            auth_url="https://auth.example.vn",
            verify_url=f"http://127.0.0.1:{server.server_port}",
            data_dir=tmp_path,
            secret_key="only for tests",
        )
        yield given
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {"X-DVAuth-Account": "minh", "X-DVAuth-Roles": "editor,reader"}, 200),
        (200, {"X-DVAuth-Account": "root", "X-DVAuth-Roles": "admin"}, 200),
        (200, {"X-DVAuth-Account": "mai", "X-DVAuth-Roles": "reader"}, 403),
        (200, {}, 403),
        (401, {}, 302),
        (403, {}, 403),
        (403, {"X-DVAuth-Reason": "unavailable"}, 503),
        (302, {"Location": "/login"}, 503),
        (500, {}, 503),
    ],
)
def test_only_a_proven_writer_gets_in(answers: Any, status: int, headers: dict[str, str], expected: int) -> None:
    answers |= {"status": status, "headers": headers}
    reader = answers["portal"].test_client(use_cookies=False)
    assert reader.get("/editor/new", headers=NAVIGATION).status_code == expected


def test_text_of_a_foreign_page_is_not_shown(portal: Flask, reader: FlaskClient) -> None:
    response = reader.post("/editor/new", data=form(portal, token="forged"), headers=NAVIGATION)
    assert response.status_code == 503
    assert "Nội dung quý" not in response.text


@pytest.mark.parametrize("change", [{"Origin": "https://evil.example"}, {"Origin": None}, {"Cookie": "dvauth=x"}])
def test_form_is_taken_from_the_page_and_browser_it_was_made_for(answers: Any, change: dict[str, str | None]) -> None:
    answers |= {"status": 200, "headers": EDITOR}
    portal, sent = answers["portal"], {name: value for name, value in (NAVIGATION | change).items() if value}
    reader = portal.test_client(use_cookies=False)
    assert reader.post("/editor/new", data=form(portal), headers=sent).status_code == 403
    assert portal.extensions["site"].articles.find("tin") is None
    assert reader.post("/editor/new", data=form(portal), headers=NAVIGATION).status_code == 303


@pytest.mark.proves("AX7")
def test_form_outlives_the_login_of_the_same_person_only(answers: Any) -> None:
    answers |= {"status": 200, "headers": EDITOR}
    browser = answers["portal"].test_client()
    browser.set_cookie("__Host-dvauth", "before", domain="lamgiang.example.vn", secure=True)
    page = browser.get("/editor/new", base_url=ORIGIN).text
    sent = form(answers["portal"], token=page.split('name="csrf_token" value="')[1].split('"')[0])
    browser.set_cookie("__Host-dvauth", "after", domain="lamgiang.example.vn", secure=True)
    for account, status in (("lan", 403), ("minh", 303)):
        answers["headers"] = EDITOR | {"X-DVAuth-Account": account}
        answer = browser.post("/editor/new", data=sent, base_url=ORIGIN, headers={"Origin": ORIGIN})
        assert answer.status_code == status


@pytest.mark.parametrize("path", ["/editor/%C4%91", "/editor/%0D%0AX", "/editor/%00", "/article/%C4%91"])
@pytest.mark.parametrize("query", ["", "?t%E1%BB%89nh=a%20b&c"])
def test_dvauth_is_asked_about_the_page_as_the_browser_sent_it(answers: Any, path: str, query: str) -> None:
    answers |= {"status": 200, "headers": EDITOR}
    reader = answers["portal"].test_client(use_cookies=False)
    assert reader.get(path + query, headers=NAVIGATION).status_code == 404
    assert answers["asked"]["X-Original-URL"] == ORIGIN + path + query
    answers["status"] = 401
    if path.startswith("/editor"):
        page = parse_qs(urlsplit(reader.get(path + query, headers=NAVIGATION).headers["Location"]).query)["return_to"]
        assert page == [answers["asked"]["X-Original-URL"]]


def test_what_only_a_proxy_says_is_not_taken_from_a_visitor(answers: Any) -> None:
    answers |= {"status": 200, "headers": {}}
    made_up = {"X-Original-URL": f"{ORIGIN}/", "X-Original-Method": "GET", "X-Forwarded-Port": "1"}
    answers["portal"].test_client().get("/dvauth/verify", headers=NAVIGATION | made_up)
    asked = answers["asked"]
    assert asked["X-Forwarded-Host"] == "lamgiang.example.vn"
    assert not made_up.keys() & set(asked)


def test_login_in_another_window_ends_at_the_way_back_not_at_an_empty_form(answers: Any) -> None:
    answers |= {"status": 200, "headers": EDITOR}
    reader = answers["portal"].test_client(use_cookies=False)
    from_login = NAVIGATION | {"Sec-Fetch-Site": "same-site"}
    for path in ("/editor/new", "/editor/lich-tiep-cong-dan-thang-nay"):
        page = reader.get(path, headers=from_login).text
        assert "Hãy đóng cửa sổ này" in page
        assert "<textarea" not in page
        assert f'href="{path}"' in page
        for opened in (
            NAVIGATION | {"Sec-Fetch-Site": "same-origin"},
            from_login | {"Referer": "https://intra.example/"},
        ):
            assert "<textarea" in reader.get(path, headers=opened).text


def test_login_that_the_portal_asked_for_ends_where_the_person_wanted_to_go(answers: Any) -> None:
    browser = answers["portal"].test_client()
    answers |= {"status": 401, "headers": {}}
    headers = {"Sec-Fetch-Mode": "navigate"}
    assert browser.get("/editor/new", base_url=ORIGIN, headers=headers).status_code == 302
    answers |= {"status": 200, "headers": EDITOR}
    headers["Sec-Fetch-Site"] = "same-site"
    assert "<textarea" in browser.get("/editor/new", base_url=ORIGIN, headers=headers).text
    assert "<textarea" not in browser.get("/editor/new", base_url=ORIGIN, headers=headers).text


def test_header_names_who_is_logged_in_and_leads_to_their_account(answers: Any, tmp_path: Path) -> None:
    answers |= {"status": 200, "headers": EDITOR}
    reader = answers["portal"].test_client(use_cookies=False)
    for name in ("Tài khoản", "Trần Văn Minh"):
        page = reader.get("/", headers=NAVIGATION).text
        header = page[page.index("<header") : page.index("</header>")]
        assert 'href="https://auth.example.vn/account/"' in header
        assert f"{name}</a>" in header
        People.in_folder(tmp_path).save({"minh": "Trần Văn Minh"})


@pytest.mark.parametrize(
    ("method", "path", "size", "status", "heading"),
    [
        ("GET", "/nowhere", 0, 404, "Không tìm thấy trang"),
        ("GET", "/section/weather", 0, 404, "Không tìm thấy trang"),
        ("POST", "/", 0, 405, "Không mở được trang theo cách này"),
        ("POST", "/editor/new", 2 * 1024 * 1024, 413, "Dữ liệu gửi lên quá lớn"),
        ("GET", "/?broken", 0, 500, "Hệ thống gặp sự cố"),
    ],
)
def test_errors_are_pages_of_the_portal(
    answers: Any, tmp_path: Path, method: str, path: str, size: int, status: int, heading: str
) -> None:
    answers |= {"status": 200, "headers": EDITOR}
    reader = answers["portal"].test_client(use_cookies=False)
    if "broken" in path:
        with sqlite3.connect(tmp_path / "articles.sqlite") as database:
            database.execute("drop table articles")
    answer = reader.open(path, method=method, headers=NAVIGATION, data={"body": "a" * size} if size else None)
    assert answer.status_code == status
    assert f"<h1>{heading}</h1>" in answer.text
    assert "Về trang chủ" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert bool(answer.headers.get("Allow")) is (status == 405)


def test_articles_to_begin_with_are_from_the_past_and_found_by_their_titles(tmp_path: Path) -> None:
    articles = Articles(tmp_path / "articles.sqlite").newest()
    assert all(article.slug == slug_of(article.title) for article in articles)
    assert all(article.published < datetime.now(UTC) for article in articles)
    assert [article.published for article in articles] == sorted((a.published for a in articles), reverse=True)


def test_a_header_that_cannot_be_passed_on_lets_nobody_in(answers: Any) -> None:
    reader = answers["portal"].test_client(use_cookies=False)
    for path, status in (("/", 200), ("/editor/", 403)):
        answer = reader.get(path, environ_overrides={"HTTP_COOKIE": "dvauth=a\nb"})
        assert answer.status_code == status


def test_what_a_browser_forges_does_not_reach_dvauth(portal: Flask) -> None:
    seen: dict[str, Any] = {}
    portal.before_request(lambda: seen.update(request.environ))
    portal.test_client().get("/", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "10.0.0.1"})
    assert seen["HTTP_X_FORWARDED_HOST"] == "lamgiang.example.vn"
    assert seen["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"


def test_articles_outlive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "articles.sqlite"
    first = Articles(file)
    with sqlite3.connect(file) as database:
        database.execute("delete from articles where slug like 'c%'")
    assert [article.slug for article in Articles(file).newest()] == [article.slug for article in first.newest()]


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Mùa nước nổi", "mua-nuoc-noi"), ("Đường số 7 – thông xe!", "duong-so-7-thong-xe"), ("！？", "bai-viet")],
)
def test_slugs_are_plain_letters(title: str, slug: str) -> None:
    assert slug_of(title) == slug


def test_same_title_twice_makes_two_articles(tmp_path: Path) -> None:
    articles = Articles(tmp_path / "articles.sqlite")
    title = "Lịch tiếp công dân tháng này"
    assert articles.find(slug_of(title))
    assert articles.free_slug(title) == "lich-tiep-cong-dan-thang-nay-2"
