"""Every text in Vietnamese and English."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask_babel import force_locale

import dvauth
from dvauth.web.i18n import ago, in_words

PACKAGE = Path(dvauth.__file__).parent
KEYWORDS = {"_": None, "N_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
SOURCES: list[tuple[Path, str, dict[str, Any]]] = [
    (PACKAGE, "python", {}),
    (PACKAGE / "templates", "jinja2", {"trimmed": "true", "silent": "false", "extensions": "jinja2.ext.do"}),
]


@pytest.fixture(scope="module")
def vietnamese() -> Catalog:
    with (PACKAGE / "translations/vi/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale="vi")


def texts() -> set[str]:
    found = set()
    for folder, method, options in SOURCES:
        pattern = "**.py" if method == "python" else "**.html"
        rows = extract_from_dir(folder, [(pattern, method)], {pattern: options}, keywords=KEYWORDS)
        for _file, _line, message, _comments, _context in rows:
            found.add(message[0] if isinstance(message, tuple) else message)
    return found


def test_every_text_has_a_vietnamese_wording_and_none_is_left_over(vietnamese: Catalog) -> None:
    known = {m.id[0] if isinstance(m.id, tuple) else m.id for m in vietnamese if m.id and _wording(m.string)}
    assert len(known) > 100
    assert known == texts()


def test_wordings_keep_the_blanks_to_be_filled(vietnamese: Catalog) -> None:
    for message in vietnamese:
        assert not list(message.check(vietnamese)), message.id
        if "python-brace-format" in message.flags:
            originals = message.id if isinstance(message.id, tuple) else (message.id,)
            assert _blanks(str(message.string)) in [_blanks(str(each)) for each in originals]


def _wording(string: Any) -> bool:
    return all(string) if isinstance(string, tuple) else bool(string)


def _blanks(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize(
    ("duration", "vietnamese", "english"),
    [
        (timedelta(minutes=15), "15 phút", "15 minutes"),
        (timedelta(minutes=90), "1 giờ 30 phút", "1 hour 30 minutes"),
        (timedelta(days=1, seconds=1), "1 ngày 1 giây", "1 day 1 second"),
        (timedelta(0), "0 giây", "0 seconds"),
    ],
)
def test_durations_are_exact_in_words(site: Any, duration: timedelta, vietnamese: str, english: str) -> None:
    with site.app.test_request_context():
        with force_locale("vi"):
            assert in_words(duration) == vietnamese
        with force_locale("en"):
            assert in_words(duration) == english


def test_moments_are_told_by_how_long_ago(site: Any) -> None:
    with site.app.test_request_context(), force_locale("vi"):
        assert ago(datetime.now(UTC) - timedelta(minutes=5)) == "5 phút trước"
