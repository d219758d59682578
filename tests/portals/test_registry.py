"""Portals in SQL."""

from datetime import timedelta

import pytest

from dvauth.policies.book import PolicyBook, forget_portal
from dvauth.portals.errors import (
    BadName,
    BadOrigin,
    BadSlug,
    HostTaken,
    NoOrigin,
    NoSuchPortal,
    OneHostOnly,
    PortalError,
    SlugTaken,
)
from dvauth.portals.portal import Activity, Portal
from dvauth.portals.registry import PortalRegistry
from dvauth.storage.sql import Database

NEWS = "https://news.example.vn"


class Published:
    """Counts, and remembers what every process knows since."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def registry(database: Database, published: Published) -> PortalRegistry:
    return PortalRegistry(database, publish=published, forget=forget_portal)


def test_a_portal_is_registered_and_published(any_database: Database, published: Published) -> None:
    registry = PortalRegistry(any_database, publish=published, forget=forget_portal)
    news = registry.add(
        "news",
        name=" Báo điện tử ",
        origins=["HTTPS://News.Example.VN:443/", "https://m.example.vn", NEWS],
        activity=Activity.ANY,
    )
    assert news == Portal(
        id=news.id,
        slug="news",
        name="Báo điện tử",
        origins=(NEWS, "https://m.example.vn"),
        activity=Activity.ANY,
    )
    assert registry.all() == [news]
    assert registry.directory().by_origin(NEWS) == news
    assert published.times == 1


@pytest.mark.parametrize(
    ("slug", "name", "origins", "refusal", "told"),
    [
        ("News", "Báo", [NEWS], BadSlug, "“News”"),
        ("", "Báo", [NEWS], BadSlug, "“”"),
        ("a" * 33, "Báo", [NEWS], BadSlug, "aaa"),
        ("news", " ", [NEWS], BadName, "“ ”"),
        ("news", "Báo\x1b", [NEWS], BadName, "Báo"),
        ("news", "Báo", [], NoOrigin, "“news”"),
        ("news", "Báo", [NEWS, "news.example.vn"], BadOrigin, "“news.example.vn”"),
        ("news", "Báo", ["https://news.example.vn/path"], BadOrigin, "/path"),
        ("news", "Báo", ["https://*.example.vn"], BadOrigin, "example"),
    ],
)
def test_what_cannot_be_a_portal_is_refused_with_its_value(
    registry: PortalRegistry,
    published: Published,
    slug: str,
    name: str,
    origins: list[str],
    refusal: type[PortalError],
    told: str,
) -> None:
    with pytest.raises(refusal, match=told):
        registry.add(slug, name=name, origins=origins)
    assert (registry.all(), published.times) == ([], 0)


def test_slug_and_hosts_belong_to_one_portal(registry: PortalRegistry) -> None:
    registry.add("news", name="Báo", origins=[NEWS])
    with pytest.raises(SlugTaken, match="news"):
        registry.add("news", name="Báo", origins=["https://other.example.vn"])
    for origin in (NEWS, "http://news.example.vn", "http://news.example.vn:443"):
        with pytest.raises(HostTaken, match="news"):
            registry.add("other", name="Khác", origins=[origin])
    registry.add("other", name="Khác", origins=["https://news.example.vn:8443"])


def test_a_changed_portal_keeps_its_number_and_the_order_given(any_database: Database, published: Published) -> None:
    registry = PortalRegistry(any_database, publish=published, forget=forget_portal)
    news = registry.add("news", name="Báo", origins=[NEWS, "https://m.example.vn"])
    changed = registry.change("news", name=" Báo tỉnh ", origins=["https://bao.example.vn/", NEWS])
    assert changed == Portal(id=news.id, slug="news", name="Báo tỉnh", origins=("https://bao.example.vn", NEWS))
    assert registry.all() == [changed]
    assert published.times == 2


def test_what_a_portal_cannot_become_is_refused_and_changes_nothing(registry: PortalRegistry) -> None:
    before = [
        registry.add("desk", name="Bàn", origins=["https://desk.example.vn"], mounted=True),
        registry.add("news", name="Báo", origins=[NEWS]),
    ]
    for slug, name, origins, refusal in (
        ("news", " ", [NEWS], BadName),
        ("news", "Báo", [], NoOrigin),
        ("news", "Báo", ["news.example.vn"], BadOrigin),
        ("news", "Báo", [NEWS, "http://desk.example.vn"], HostTaken),
        ("desk", "Bàn", ["https://desk.example.vn", "https://www.desk.example.vn"], OneHostOnly),
        ("other", "Khác", ["https://other.example.vn"], NoSuchPortal),
    ):
        with pytest.raises(refusal):
            registry.change(slug, name=name, origins=origins)
    assert registry.all() == before


def test_a_removed_portal_is_gone_and_its_number_stays_unused(any_database: Database, published: Published) -> None:
    registry = PortalRegistry(any_database, publish=published, forget=forget_portal)
    old = registry.add("news", name="Báo", origins=[NEWS])
    registry.remove("news")
    assert (registry.all(), published.times) == ([], 2)
    assert registry.add("news", name="Báo", origins=[NEWS]).id != old.id
    with pytest.raises(NoSuchPortal, match="other"):
        registry.remove("other")


def test_a_removed_portal_leaves_no_timeouts_to_the_next_of_its_name(
    registry: PortalRegistry, database: Database
) -> None:
    book = PolicyBook(database, lambda: None, short_allowed=False)
    for slug in ("news", "bank"):
        registry.add(slug, name="Báo", origins=[f"https://{slug}.example.vn"])
        book.change_override("portal", slug, idle_timeout=timedelta(minutes=3))
    registry.remove("news")
    assert set(book.load().portals) == {"bank"}


def test_portal_with_a_mount_has_one_host(registry: PortalRegistry) -> None:
    two = ["https://desk.example.vn", "https://www.desk.example.vn"]
    with pytest.raises(OneHostOnly):
        registry.add("desk", name="Bàn biên tập", origins=two, mounted=True)
    assert registry.add("desk", name="Bàn biên tập", origins=two).origins == tuple(two)
