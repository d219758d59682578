"""Commands run as in a terminal, on a real Redis and SQLite."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from dvauth.audit.models import AuditRow
from dvauth.cli import main
from dvauth.parts import Parts, connected
from dvauth.settings import Settings
from dvauth.storage.redis import RedisConnection
from dvauth.storage.sql import Database

Dvauth = Callable[..., Result]
AuditRows = Callable[[], list[AuditRow]]


@pytest.fixture
def environ(tmp_path: Path, redis_url: str, connection: RedisConnection) -> dict[str, str]:
    """The settings of a service whose Redis is empty."""
    return {
        "DVAUTH_SECRET_KEY": "0123456789abcdef-0123456789abcdef",
        "DVAUTH_DATA_DIR": str(tmp_path),
        "DVAUTH_REDIS_URL": redis_url,
        "DVAUTH_BASE_URL": "https://auth.example.vn",
        "DVAUTH_TRUSTED_PROXIES": "127.0.0.1",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "120",
    }


@pytest.fixture
def dvauth(environ: dict[str, str]) -> Dvauth:
    """Runs ``dvauth`` with these words; the database has its tables."""

    def run(*words: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, words, input=typed, env=environ, catch_exceptions=False)

    assert run("db", "upgrade").exit_code == 0
    return run


@pytest.fixture
def parts(environ: dict[str, str], dvauth: Dvauth) -> Iterator[Parts]:
    """What another process sees meanwhile."""
    with connected(Settings.from_environment({k: v for k, v in environ.items() if k.startswith("DVAUTH_")})) as parts:
        yield parts


@pytest.fixture
def audit_rows(environ: dict[str, str]) -> Iterator[AuditRows]:
    """Reads the audit log in SQL, oldest first."""
    database = Database(f"sqlite:///{environ['DVAUTH_DATA_DIR']}/dvauth.sqlite3")

    def read() -> list[AuditRow]:
        with database.session() as sql:
            rows = sql.scalars(select(AuditRow).order_by(AuditRow.at)).all()
            sql.expunge_all()
        return list(rows)

    yield read
    database.close()
