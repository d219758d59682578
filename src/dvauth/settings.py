"""Every option of dvauth, in one place: its default, its unit and its reason.

Options come from environment variables named ``DVAUTH_…``; a secret may come from a file instead, named by
``DVAUTH_…_FILE``. ``Settings.from_environment`` reports all mistakes together, each with the variable's name.
Timeouts are no settings: administrators change them while the service runs (see ``dvauth timeout``).
"""

import ipaddress
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from dvauth.explained import LANGUAGES, N_
from dvauth.origins import parse_origin

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PREFIX = "DVAUTH_"


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why an option cannot be used; ``value`` is what was given, unless that is a secret or nothing.

    ``sentence`` is English and goes on after the value; ``explain`` tells it in another language.
    """

    option: str
    sentence: str
    value: str = ""

    def explain(self, gettext: Callable[[str], str]) -> str:
        shown = f"“{self.value}” " if self.value else ""
        return f"{self.option}: {shown}{gettext(self.sentence)}"


class SettingsError(Exception):
    """One or more options cannot be used; ``str()`` has one English sentence for each."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(mistake.explain(str) for mistake in mistakes))


def _matching(pattern: str, mistake: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if not re.fullmatch(pattern, raw):
            raise ValueError(mistake)
        return raw

    return parse


def _path(raw: str) -> Path:
    if not Path(raw).is_absolute():
        raise ValueError(N_("must be an absolute path, such as /var/lib/dvauth: others depend on where one stands"))
    return Path(raw)


def _flag(raw: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if raw.lower() not in known:
        raise ValueError(N_("must be 1 or 0"))
    return known[raw.lower()]


def _count(raw: str) -> int:
    if not raw.isascii() or not raw.isdigit() or not 1 <= int(raw) <= 1024:
        raise ValueError(N_("must be a whole number from 1 to 1024"))
    return int(raw)


def _retention(raw: str) -> int:
    if not raw.isascii() or not raw.isdigit() or not 90 <= int(raw) <= 36_500:
        raise ValueError(N_("must be a whole number of days from 90 to 36500"))
    return int(raw)


def _origin(raw: str) -> str:
    origin = parse_origin(raw.removesuffix("/"))
    if origin is None:
        raise ValueError(N_("must be scheme and host, such as https://auth.example.vn"))
    return origin


def _bind(raw: str) -> str:
    host, _, port = raw.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(N_("must be host:port, such as 127.0.0.1:8000"))
    return raw


def _keys(raw: str) -> tuple[str, ...]:
    keys = tuple(raw.replace(",", " ").split())
    if any(len(key) < 32 or len(set(key)) < 10 for key in keys):
        raise ValueError(N_("needs at least 32 random characters a key; make one with: openssl rand -base64 48"))
    return keys


def _networks(raw: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part) for part in raw.replace(",", " ").split())
    except ValueError:
        raise ValueError(N_("must be addresses or networks, such as 127.0.0.1 or 10.1.0.0/16")) from None


def _database_url(raw: str) -> str:
    mistake = N_("must be an SQLAlchemy URL that begins with postgresql:// or sqlite:///")
    try:
        driver = make_url(raw).drivername
    except (ArgumentError, ValueError):
        raise ValueError(mistake) from None  # what SQLAlchemy says repeats the value
    if driver not in {"postgresql", "postgresql+psycopg", "sqlite"}:
        raise ValueError(mistake)
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
        _matching(r"(rediss?|unix)://.*", N_("must begin with redis://, rediss:// or unix://")),
        secret=True,
        reason="unset: dvauth runs a redis-server of its own beside itself",
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
    cookie_suffix: str = _option(
        _matching(r"[a-z0-9]{1,16}", N_("must be 1 to 16 small letters or digits")),
        "",
        reason="tells the cookies of two services on one host apart",
    )
    site_name: str = _option(str, "Cổng thông tin điện tử", reason="shown at the top of every page")
    contact: str = _option(
        str, "", reason="whom people ask whose session an administrator ended: a telephone number or an address"
    )
    default_locale: str = _option(
        _matching("|".join(LANGUAGES), N_("must be vi or en")),
        "vi",
        reason="language where the browser asks for neither vi nor en",
    )
    audit_retention: int = _option(
        _retention, 365, reason="days that events are kept in SQL; at least 90, for there are laws that ask for as many"
    )
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
        for option in fields(cls):
            try:
                raw = _raw_value(environ, _name(option), secret=option.metadata["secret"])
                if raw is not None:
                    values[option.name] = option.metadata["parse"](raw)
            except SettingsError as error:
                mistakes += error.mistakes
            except ValueError as error:
                shown = "" if option.metadata["secret"] else environ[_name(option)].strip()
                mistakes.append(Mistake(_name(option), str(error), shown))
        settings = cls(**values)
        told = {mistake.option.removesuffix("_FILE") for mistake in mistakes}
        mistakes += [mistake for mistake in _mistakes_together(settings) if mistake.option not in told]
        mistakes += [Mistake(name, N_("there is no such option")) for name in _unknown(environ)]
        if mistakes:
            raise SettingsError(mistakes)
        return settings


def _name(option: Field[Any]) -> str:
    return PREFIX + option.name.upper()


def _unknown(environ: Mapping[str, str]) -> list[str]:
    files = {f"{_name(option)}_FILE" for option in fields(Settings) if option.metadata["secret"]}
    return sorted({name for name in environ if name.startswith(PREFIX)} - set(map(_name, fields(Settings))) - files)


def _raw_value(environ: Mapping[str, str], name: str, *, secret: bool) -> str | None:
    file = environ.get(f"{name}_FILE") or None if secret else None
    if file is not None and name in environ:
        raise SettingsError([Mistake(f"{name}_FILE", N_("is set, and so is the option without _FILE; keep one"))])
    raw = environ.get(name) if file is None else _content(f"{name}_FILE", file)
    return raw.strip() or None if raw is not None else None


def _content(name: str, file: str) -> str:
    try:
        return Path(file).read_text("utf-8")
    except FileNotFoundError:
        why = N_("does not exist")
    except PermissionError:
        why = N_("must not be read by the user that runs this")
    except (OSError, UnicodeDecodeError):
        why = N_("is no text file")
    raise SettingsError([Mistake(name, why, file)])


def _mistakes_together(settings: Settings) -> Iterator[Mistake]:
    """What is wrong with options that are right each by itself."""
    if not settings.secret_key:
        yield Mistake("DVAUTH_SECRET_KEY", N_("is not set; make one with: openssl rand -base64 48"))
    if settings.base_url.startswith("http:"):
        if not settings.insecure_development and not _is_of_this_machine(settings.base_url):
            yield Mistake("DVAUTH_BASE_URL", _PLAIN_HTTP, settings.base_url)
    elif not settings.trusted_proxies:
        yield Mistake("DVAUTH_TRUSTED_PROXIES", _PROXY_MISSING)


_PLAIN_HTTP = N_(
    "begins with http, and browsers keep no login of a site that they reach without https; let a proxy in front of "
    "dvauth speak it and give the https address (only for trials: DVAUTH_INSECURE_DEVELOPMENT=1)"
)
# Without it every page leads to itself: nobody else can tell that the browser came by https.
_PROXY_MISSING = N_(
    "is not set, but DVAUTH_BASE_URL begins with https, which a proxy must speak in front of dvauth; give the proxy's "
    "address as dvauth sees it, such as 127.0.0.1"
)


def _is_of_this_machine(origin: str) -> bool:
    """Whether browsers trust the origin without https: it cannot leave the machine."""
    host = urlsplit(origin).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
