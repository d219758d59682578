"""The portal's articles, in a small SQLite file that starts out with invented news."""

import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, time, timedelta, timezone
from importlib import resources
from itertools import count
from pathlib import Path

CREATE = "create table if not exists articles (slug primary key, section, title, summary, body, image, saved_at)"
INSERT = "insert or replace into articles values (?, ?, ?, ?, ?, ?, ?)"
VIETNAM = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    slug: str
    section: str
    title: str
    summary: str
    body: str
    image: str | None
    saved_at: str

    @property
    def published(self) -> datetime:
        return datetime.fromisoformat(self.saved_at)

    @property
    def paragraphs(self) -> list[str]:
        return [text for text in re.split(r"\n\s*\n", self.body) if text.strip()]


class Articles:
    def __init__(self, file: Path) -> None:
        self._file = file
        with self._database() as database:
            database.execute(CREATE)
            if not database.execute("select 1 from articles").fetchone():
                database.executemany(INSERT, map(astuple, _first_articles()))

    def newest(self, section: str | None = None) -> list[Article]:
        with self._database() as database:
            rows = database.execute(
                "select * from articles where section = coalesce(?, section) order by saved_at desc", [section]
            )
            return [Article(**row) for row in rows]

    def find(self, slug: str) -> Article | None:
        with self._database() as database:
            row = database.execute("select * from articles where slug = ?", [slug]).fetchone()
            return Article(**row) if row else None

    def free_slug(self, title: str) -> str:
        """A slug made of the title that no other article has."""
        slug, numbers = slug_of(title), count(2)
        free = slug
        while self.find(free):
            free = f"{slug}-{next(numbers)}"
        return free

    def save(self, article: Article) -> None:
        with self._database() as database:
            database.execute(INSERT, astuple(article))

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file)) as database, database:
            database.row_factory = sqlite3.Row
            yield database


def slug_of(title: str) -> str:
    """``Mùa nước nổi`` -> ``mua-nuoc-noi``."""
    letters = unicodedata.normalize("NFD", title.lower().replace("đ", "d"))
    return re.sub(r"[^a-z0-9]+", "-", letters.encode("ascii", "ignore").decode()).strip("-")[:80] or "bai-viet"


def _first_articles() -> Iterator[Article]:
    raw = resources.files("dvauth.demo").joinpath("articles.json").read_text("utf-8")
    today = datetime.now(VIETNAM).date()
    for fields in json.loads(raw):
        day, moment = today - timedelta(days=fields.pop("days_ago")), time.fromisoformat(fields.pop("time"))
        published = datetime.combine(day, moment, VIETNAM).astimezone(UTC)
        yield Article(slug=slug_of(fields["title"]), saved_at=published.isoformat(timespec="seconds"), **fields)
