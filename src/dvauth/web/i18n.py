"""Which language a page speaks: what the person chose, else what the browser asks for, else the operator's default."""

from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

import flask_babel
from flask import Flask, Response, request

from dvauth.explained import LANGUAGES

_YEAR = timedelta(days=365)


def init_app(app: Flask, *, default: str, cookie: str) -> None:
    """Make ``app`` speak Vietnamese and English; ``?lang=`` chooses and is remembered in ``cookie`` for a year."""

    def chosen() -> str | None:
        asked = request.args.get("lang") or request.cookies.get(cookie)
        return asked if asked in LANGUAGES else None

    def select() -> str:
        return chosen() or request.accept_languages.best_match(LANGUAGES) or default

    def remember(response: Response) -> Response:
        language = request.args.get("lang")
        if response.mimetype == "text/html" and language in LANGUAGES and language != request.cookies.get(cookie):
            secure = cookie.startswith("__Host-")
            response.set_cookie(cookie, language, max_age=_YEAR, secure=secure, httponly=True, samesite="Lax")
        return response

    flask_babel.Babel(app, default_locale=default, default_timezone="Asia/Ho_Chi_Minh", locale_selector=select)
    app.after_request(remember)
    app.context_processor(_page_language)
    app.add_template_filter(in_words)
    app.add_template_filter(ago)
    app.add_template_filter(role_name)


def _page_language() -> dict[str, Any]:
    language = str(flask_babel.get_locale())
    others = {code: name for code, name in LANGUAGES.items() if code != language}
    return {"language": language, "other_languages": others.items(), "language_url": _language_url}


def _language_url(code: str) -> str:
    """The same page in another language."""
    return f"?{urlencode({**request.args, 'lang': code})}"


def role_name(role: str) -> str:
    """A known role in words; a role of the operator's own is its own word."""
    known = {
        "reader": flask_babel.gettext("reader"),
        "editor": flask_babel.gettext("editor"),
        "admin": flask_babel.gettext("administrator"),
    }
    return known.get(role, role)


def lazy_gettext(sentence: str) -> str:
    """Translated when it is shown: for texts that stand in classes, made before anybody asks for a page."""
    return cast("str", flask_babel.lazy_gettext(sentence))


def in_words(duration: timedelta) -> str:
    """``1 giờ 30 phút``: exact to the second, where Babel's own wording rounds to one unit."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    words = [
        flask_babel.ngettext("%(num)d day", "%(num)d days", days) if days else "",
        flask_babel.ngettext("%(num)d hour", "%(num)d hours", hours) if hours else "",
        flask_babel.ngettext("%(num)d minute", "%(num)d minutes", minutes) if minutes else "",
        flask_babel.ngettext("%(num)d second", "%(num)d seconds", seconds) if seconds or not duration else "",
    ]
    return " ".join(filter(None, words))


def ago(instant: datetime) -> str:
    """``5 phút trước``."""
    passed = instant - datetime.now(instant.tzinfo)
    return str(flask_babel.format_timedelta(passed, granularity="second", add_direction=True))
