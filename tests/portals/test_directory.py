"""The snapshot of portals that every process works with."""

import json

import pytest

from dvauth.portals.directory import PortalDirectory
from dvauth.portals.portal import Activity, Portal

NEWS = Portal(
    id=7,
    slug="news",
    name="Báo điện tử",
    origins=("https://news.example.vn", "http://news.example.vn"),
    activity=Activity.ANY,
    mounted=True,
)
LOCAL = Portal(id=8, slug="local", name="Thử nghiệm", origins=("http://portal.localhost:8001", "http://[::1]"))
DIRECTORY = PortalDirectory((NEWS, LOCAL))


def test_a_directory_survives_its_way_through_json() -> None:
    document = json.loads(json.dumps(DIRECTORY.to_document()))
    assert PortalDirectory.from_document(document) == DIRECTORY
    assert PortalDirectory.from_document({}) == PortalDirectory()


@pytest.mark.parametrize(
    ("origin", "portal"),
    [
        ("https://news.example.vn", NEWS),
        ("http://portal.localhost:8001", LOCAL),
        ("http://portal.localhost", None),
        ("https://news.example.vn:444", None),
        ("null", None),
    ],
)
def test_a_portal_is_found_by_origin(origin: str, portal: Portal | None) -> None:
    assert DIRECTORY.by_origin(origin) is portal


@pytest.mark.parametrize(
    ("host", "portal"),
    [
        ("news.example.vn", NEWS),
        ("NEWS.example.vn", NEWS),
        ("news.example.vn:443", NEWS),
        ("news.example.vn:80", NEWS),
        ("news.example.vn:8001", None),
        ("portal.localhost:8001", LOCAL),
        ("portal.localhost", None),
        ("[::1]", LOCAL),
        ("[::1]:80", LOCAL),
        ("evil.vn", None),
        ("", None),
    ],
)
def test_a_portal_is_found_by_host(host: str, portal: Portal | None) -> None:
    assert DIRECTORY.by_host(host) is portal


def test_a_portal_is_found_by_its_short_name() -> None:
    assert DIRECTORY.by_slug("local") is LOCAL
    assert DIRECTORY.by_slug("Local") is None
