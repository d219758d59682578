"""One number for all that is published: each change raises it, so that nobody publishes old things over new ones."""

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from dvauth.storage.sql import Base, Database


class RevisionRow(Base):
    """The only row of its table."""

    __tablename__ = "revision"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]


def raise_revision(sql: Session) -> None:
    """Begin a change, in its own transaction and before it reads: changes at the same time wait for each other."""
    sql.execute(update(RevisionRow).values(number=RevisionRow.number + 1))


def read_revision(database: Database) -> int:
    """How many changes there were. Raises ``DatabaseUnavailable``."""
    with database.session() as sql:
        return sql.scalars(select(RevisionRow.number)).one()
