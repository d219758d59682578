"""Every option of dvauth, in one place: its default, its unit and its reason.

Options come from environment variables named ``DVAUTH_…``; a secret may come from a file instead, named by
``DVAUTH_…_FILE``. ``Settings.from_environment`` reports all mistakes together, each with the variable's name.
Timeouts are no settings: administrators change them while the service runs (see ``dvauth timeout``).
"""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from dvauth.origins import parse_origin

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PREFIX = "DVAUTH_"


class SettingsError(Exception):
    """One or more options cannot be used; ``mistakes`` has one sentence for each."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(mistakes))


def _text(raw: str) -> str:
    return raw


def _path(raw: str) -> Path:
    return Path(raw).expanduser().absolute()


def _flag(raw: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if raw.lower() not in known:
        raise ValueError("must be 1 or 0")
    return known[raw.lower()]


def _count(raw: str) -> int:
    if not raw.isascii() or not raw.isdigit() or not 1 <= int(raw) <= 1024:
        raise ValueError("must be a whole number from 1 to 1024")
    return int(raw)


def _origin(raw: str) -> str:
    origin = parse_origin(raw.removesuffix("/"))
    if origin is None:
        raise ValueError("must be scheme and host, such as https://auth.example.vn")
    return origin


def _bind(raw: str) -> str:
    host, _, port = raw.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("must be host:port, such as 127.0.0.1:8000")
    return raw


def _keys(raw: str) -> tuple[str, ...]:
    keys = tuple(raw.replace(",", " ").split())
    if any(len(key) < 32 or len(set(key)) < 10 for key in keys):
        raise ValueError("needs at least 32 random characters a key; make one with: openssl rand -base64 48")
    return keys


def _networks(raw: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part) for part in raw.replace(",", " ").split())


def _suffix(raw: str) -> str:
    if not re.fullmatch(r"[a-z0-9]{1,16}", raw):
        raise ValueError("must be 1 to 16 small letters or digits")
    return raw


def _redis_url(raw: str) -> str:
    if urlsplit(raw).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return raw


def _database_url(raw: str) -> str:
    mistake = "must be an SQLAlchemy URL that begins with postgresql:// or sqlite:///"
    try:
        driver = make_url(raw).drivername
    except (ArgumentError, ValueError):
        raise ValueError(mistake) from None  # what SQLAlchemy says repeats the value
    if driver not in {"postgresql", "postgresql+psycopg", "sqlite"}:
        raise ValueError(mistake)
    return raw


def _locale(raw: str) -> str:
    if raw not in {"vi", "en"}:
        raise ValueError("must be vi or en")
    return raw


def _option(parse: Callable[[str], Any], default: Any = None, *, reason: str, secret: bool = False) -> Any:
    return field(default=default, metadata={"parse": parse, "reason": reason, "secret": secret})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All options, checked. Field ``base_url`` is read from ``DVAUTH_BASE_URL``, and so on.

    Raises ``SettingsError`` from ``from_environment`` with every mistake at once.
    """

    base_url: str = _option(
        _origin, "http://127.0.0.1:8000", reason="the central address people log in at; links and redirects use it"
    )
    secret_key: tuple[str, ...] = _option(
        _keys, (), secret=True, reason="signs cookies and form tokens; several keys: newest first, all of them verify"
    )
    data_dir: Path = _option(  # noqa: RUF009 - a field, made anew for the class alone
        _path, Path("/var/lib/dvauth"), reason="home of the SQLite file and the embedded Redis's data"
    )
    redis_url: str | None = _option(
        _redis_url, secret=True, reason="unset: dvauth runs a redis-server of its own beside itself"
    )
    database_url: str | None = _option(
        _database_url, secret=True, reason="SQLAlchemy URL; unset: SQLite in the data folder; PostgreSQL for production"
    )
    bind: str = _option(
        _bind, "127.0.0.1:8000", reason="host:port; loopback, because a buffering proxy stands in front"
    )
    workers: int = _option(_count, 2, reason="server processes; about one a core")
    threads: int = _option(
        _count, 64, reason="requests that one worker answers at the same time; idle ones cost next to nothing"
    )
    trusted_proxies: tuple[Network, ...] = _option(
        _networks, (), reason="addresses or networks whose X-Forwarded-* and X-Original-* headers are believed"
    )
    cookie_suffix: str = _option(_suffix, "", reason="tells the cookies of two services on one host apart")
    site_name: str = _option(_text, "Cổng thông tin điện tử", reason="shown at the top of every page")
    default_locale: str = _option(_locale, "vi", reason="language where the browser asks for neither vi nor en")
    insecure_development: bool = _option(
        _flag, False, reason="development on plain http without *.localhost: cookies lose __Host- and Secure"
    )
    development_short_timeouts: bool = _option(
        _flag, False, reason="development and demo: lifts the lower bounds of timeouts"
    )

    @property
    def sql_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'dvauth.sqlite3'}"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        values, mistakes = {}, []
        known = {PREFIX + option.name.upper(): option for option in fields(cls)}
        for name, option in known.items():
            try:
                raw = _raw_value(environ, name, secret=option.metadata["secret"])
                if raw is not None:
                    values[option.name] = option.metadata["parse"](raw)
            except (ValueError, OSError) as error:
                mistakes.append(f"{name}: {_told(environ, name, secret=option.metadata['secret'])}{error}")
        if "secret_key" not in values and not any(m.startswith("DVAUTH_SECRET_KEY") for m in mistakes):
            mistakes.append("DVAUTH_SECRET_KEY: is not set; make one with: openssl rand -base64 48")
        secrets = {f"{name}_FILE" for name, option in known.items() if option.metadata["secret"]}
        unknown = {n for n in environ if n.startswith(PREFIX)} - known.keys() - secrets
        mistakes += [f"{name}: there is no such option" for name in sorted(unknown)]
        if mistakes:
            raise SettingsError(mistakes)
        settings = cls(**values)
        if settings.base_url.startswith("https:") and not settings.trusted_proxies:
            raise SettingsError([_PROXY_MISSING])
        return settings


# Without it every page leads to itself: nobody else can tell that the browser came by https.
_PROXY_MISSING = (
    "DVAUTH_TRUSTED_PROXIES: is not set, but DVAUTH_BASE_URL begins with https, which a proxy must speak in front of "
    "dvauth; give the proxy's address as dvauth sees it, such as 127.0.0.1"
)


def _raw_value(environ: Mapping[str, str], name: str, *, secret: bool) -> str | None:
    raw, file = environ.get(name), environ.get(f"{name}_FILE") if secret else None
    if raw is not None and file is not None:
        raise ValueError(f"is set, and {name}_FILE too; keep one of them")
    if file is not None:
        raw = Path(file).read_text("utf-8")
    return raw.strip() or None if raw is not None else None


def _told(environ: Mapping[str, str], name: str, *, secret: bool) -> str:
    """The refused value, unless it is a secret."""
    return "" if secret else f"“{environ.get(name, '').strip()}” "
