"""The demo portal when dvauth does not answer, and what it never takes from strangers."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from dvauth.demo.articles import Articles, slug_of
from dvauth.demo.portal import create_portal

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Cookie": "__Host-dvauth=anything"}


@pytest.fixture
def portal(tmp_path: Path) -> Flask:
    """A portal whose dvauth is gone: nothing listens on port 9."""
    return create_portal(
        origin="https://lamgiang.example.vn",
        auth_url="https://auth.example.vn",
        verify_url="http://127.0.0.1:9",
        data_dir=tmp_path,
        secret_key="only for tests",
    )


@pytest.fixture
def reader(portal: Flask) -> FlaskClient:
    return portal.test_client(use_cookies=False)


def form(portal: Flask, token: str | None = None) -> dict[str, str]:
    token = token or portal.extensions["site"].form_token("minh")
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


@pytest.mark.proves("CO5")
def test_text_that_was_sent_is_shown_again(portal: Flask, reader: FlaskClient) -> None:
    response = reader.post("/editor/new", data=form(portal), headers=NAVIGATION)
    assert response.status_code == 503
    assert "Nội dung quý" in response.text
    assert portal.extensions["site"].articles.find("tin") is None


def test_text_of_a_foreign_page_is_not_shown(portal: Flask, reader: FlaskClient) -> None:
    response = reader.post("/editor/new", data=form(portal, token="forged"), headers=NAVIGATION)
    assert response.status_code == 503
    assert "Nội dung quý" not in response.text


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
