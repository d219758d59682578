"""The portals in SQL: the only place that reads and changes them."""

import re
import unicodedata
from collections.abc import Callable, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from dvauth.origins import parse_origin
from dvauth.portals.directory import PortalDirectory, hosts_of
from dvauth.portals.errors import BadName, BadOrigin, BadSlug, HostTaken, NoOrigin, NoSuchPortal, OneHostOnly, SlugTaken
from dvauth.portals.look import PromptLook
from dvauth.portals.models import PortalOriginRow, PortalRow
from dvauth.portals.portal import MAX_NAME, MAX_SLUG, Activity, Portal
from dvauth.storage.revision import raise_revision
from dvauth.storage.sql import Database


class PortalRegistry:
    """Registers portals. ``publish`` is called after each change and brings it to every process.

    ``forget(sql, slug)`` is called in the transaction of a removal: nothing of it may await the next portal of that
    name. Every method may raise ``DatabaseUnavailable``.
    """

    def __init__(
        self, database: Database, *, publish: Callable[[], object], forget: Callable[[Session, str], object]
    ) -> None:
        self._database = database
        self._publish = publish
        self._forget = forget

    def add(
        self,
        slug: str,
        *,
        name: str,
        origins: Iterable[str],
        activity: Activity = Activity.NAVIGATION,
        mounted: bool = False,
    ) -> Portal:
        """A new portal. Raises ``PortalError``."""
        wanted = _checked_origins(slug, origins, mounted=mounted)
        row = PortalRow(
            slug=_checked_slug(slug),
            name=_checked_name(name),
            activity=activity,
            mounted=mounted,
            origins=[PortalOriginRow(origin=origin) for origin in wanted],
        )
        with self._database.session() as sql:
            raise_revision(sql)
            known = _directory(sql)
            if known.by_slug(slug):
                raise SlugTaken(slug=slug)
            _require_free(known, slug, wanted)
            sql.add(row)
            sql.flush()
            added = row.value()
        self._publish()
        return added

    def change(self, slug: str, *, name: str, origins: Iterable[str]) -> Portal:
        """Another name, other origins. It stays the same portal: sessions live on. Raises ``PortalError``."""
        with self._database.session() as sql:
            raise_revision(sql)
            row = _row(sql, slug)
            wanted = _checked_origins(slug, origins, mounted=row.mounted)
            _require_free(_directory(sql), slug, wanted)
            row.name = _checked_name(name)
            row.origins = []
            sql.flush()  # else a row that stays would be inserted before the old one of its origin is deleted
            row.origins = [PortalOriginRow(origin=origin) for origin in wanted]
            sql.flush()
            portal = row.value()
        self._publish()
        return portal

    def change_look(self, slug: str, changed: Callable[[PromptLook], PromptLook]) -> Portal:
        """Change how the portal's prompt looks. Raises ``NoSuchPortal`` and what ``changed`` raises."""
        with self._database.session() as sql:
            raise_revision(sql)
            row = _row(sql, slug)
            row.look = changed(PromptLook.from_document(row.look)).to_document()
            portal = row.value()
        self._publish()
        return portal

    def remove(self, slug: str) -> None:
        """Raises ``NoSuchPortal``."""
        with self._database.session() as sql:
            raise_revision(sql)
            sql.delete(_row(sql, slug))
            self._forget(sql, slug)
        self._publish()

    def all(self) -> list[Portal]:
        """Every portal, by slug."""
        return list(self.directory().portals)

    def directory(self) -> PortalDirectory:
        """What is to be published."""
        with self._database.session() as sql:
            return _directory(sql)


def _row(sql: Session, slug: str) -> PortalRow:
    row = sql.scalar(select(PortalRow).where(PortalRow.slug == slug))
    if row is None:
        raise NoSuchPortal(slug=slug)
    return row


def _directory(sql: Session) -> PortalDirectory:
    rows = sql.scalars(select(PortalRow).order_by(PortalRow.slug))
    return PortalDirectory(tuple(row.value() for row in rows))


def _require_free(known: PortalDirectory, slug: str, origins: Iterable[str]) -> None:
    """No other portal has them. By host, not only by origin: a portal is recognised by Host, which has no scheme."""
    for origin in origins:
        for owner in filter(None, map(known.by_host, sorted(hosts_of(origin)))):
            if owner.slug != slug:
                raise HostTaken(origin=origin, slug=owner.slug)


def _checked_slug(slug: str) -> str:
    if not re.fullmatch(rf"[a-z][a-z0-9-]{{0,{MAX_SLUG - 1}}}", slug):
        raise BadSlug(slug=slug, most=MAX_SLUG)
    return slug


def _checked_name(raw: str) -> str:
    name = unicodedata.normalize("NFC", raw.strip())
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise BadName(name=raw, most=MAX_NAME)
    return name


def _checked_origins(slug: str, raw: Iterable[str], *, mounted: bool) -> list[str]:
    """Normal origins, each once, in the order given."""
    origins: dict[str, None] = {}
    for text in raw:
        origin = parse_origin(text.strip().removesuffix("/"))
        if origin is None:
            raise BadOrigin(origin=text)
        origins[origin] = None
    if not origins:
        raise NoOrigin(slug=slug)
    hosts = {origin.partition("://")[2] for origin in origins}
    if mounted and len(hosts) > 1:  # a session holds one secret for each such portal
        raise OneHostOnly(slug=slug)
    return list(origins)
