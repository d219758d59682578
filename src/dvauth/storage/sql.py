"""SQL: the base of all models, and the one way to a transaction.

SQLite by default, PostgreSQL in production; nothing here or in the rooms is written for only one of them.
Transactions are short: no password hashing and no Redis call happens inside one.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import ColumnElement, Connection, DateTime, Dialect, Engine, MetaData, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from dvauth.explained import N_, Explained

# How long a statement may wait for another writer, and a request for a connection. Seconds.
LOCK_WAIT = 5
CONNECT_WAIT = 2

# Any number will do, as long as nobody else in the same PostgreSQL database locks it.
MIGRATION_LOCK = 7_315_201

# Of a column: what is kept, and what is new.
Merge = Callable[[Any, Any], ColumnElement[Any]]

MIGRATIONS = Path(__file__).parent / "migrations"


class DatabaseUnavailable(Exception):
    """SQL does not answer, is locked for too long, may only be read, or has no schema yet.

    Nothing of the transaction was kept.
    """


class NewerSchema(Explained):
    sentence = N_(
        "The database has the tables of a newer dvauth: install that one, or restore a backup from before it."
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database. A naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of every model. Constraints have names of one pattern, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: UtcDateTime}


class Database:
    """One SQL database, given by its SQLAlchemy URL. Connects at the first use, and again after an outage.

    ``lock_wait`` is how long a statement may wait for another writer, in seconds.
    """

    def __init__(self, url: str, lock_wait: float = LOCK_WAIT) -> None:
        self._engine = _engine(url, lock_wait)
        self._sessions = sessionmaker(self._engine)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: committed at the end of the block, undone by any exception.

        Raises ``DatabaseUnavailable``.
        """
        with _outages_named(), self._sessions.begin() as session:
            yield session

    def upgrade(self, revision: str = "head") -> None:
        """Bring the schema to this version's, or to an older one. Processes that start together wait for each other.

        Raises ``NewerSchema``, ``DatabaseUnavailable``.
        """
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with _outages_named(), self._engine.connect() as connection:
            _lock_for_migration(connection)
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, revision)
            except CommandError as error:  # it knows no migration of that name
                raise NewerSchema from error
            connection.commit()

    def is_ready(self) -> bool:
        """Whether SQL answers and has a schema."""
        try:
            with self.session() as session:
                session.connection().exec_driver_sql("SELECT version_num FROM alembic_version")
        except DatabaseUnavailable:
            return False
        return True

    def close(self) -> None:
        self._engine.dispose()


def insert_new(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> set[Any]:
    """Insert the rows whose primary key (a single column) is not there yet, and answer with those keys."""
    if not rows:
        return set()
    key = model.__mapper__.primary_key[0]
    statement = _insert(session, model).on_conflict_do_nothing(index_elements=[key]).returning(key)
    return set(session.scalars(statement, rows))


def insert_or_merge(session: Session, model: type[Base], rows: Sequence[dict[str, Any]], **merged: Merge) -> None:
    """Insert the rows; where the primary key is there already, merge the named columns: what is kept with what is new.

    No key may be in the rows twice. They are written in the order of their keys: who writes the same waits for no one
    who waits for them.
    """
    if not rows:
        return
    key = [column.name for column in model.__mapper__.primary_key]
    insert = _insert(session, model)
    merges = {name: merge(getattr(model, name), insert.excluded[name]) for name, merge in merged.items()}
    in_order = sorted(rows, key=lambda row: tuple(row[name] for name in key))
    session.execute(insert.on_conflict_do_update(index_elements=key, set_=merges), in_order)


def _insert(session: Session, model: type[Base]) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(model) if session.get_bind().dialect.name == "sqlite" else postgresql.insert(model)


@contextmanager
def _outages_named() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, InternalError, PoolTimeout) as error:
        # The first line says what is wrong; the others repeat the statement and its values.
        raise DatabaseUnavailable(f"the database does not answer: {str(error).partition(chr(10))[0]}") from error


def _engine(url: str, lock_wait: float) -> Engine:
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        engine = create_engine(address, connect_args={"timeout": lock_wait})
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    wait = round(lock_wait * 1000)
    limits = f"-c lock_timeout={wait} -c statement_timeout={wait}"
    return create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_timeout=CONNECT_WAIT,
        connect_args={"connect_timeout": CONNECT_WAIT, "options": limits},
    )


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # NORMAL is durable against a crash of the process; in WAL mode a power cut may cost the last commits,
    # never the file.
    for setting in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {setting}")


def _lock_for_migration(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
