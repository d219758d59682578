"""The installation's key of tags: made once with the database, so that no change of signing keys changes a tag."""

from sqlalchemy import LargeBinary, select
from sqlalchemy.orm import Mapped, mapped_column

from dvauth.storage.sql import Base, Database


class TagKeyRow(Base):
    """The only row of its table; the migration that makes the table puts 32 random bytes into it."""

    __tablename__ = "tag_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary(32))


def read_tag_key(database: Database) -> bytes:
    """Raises ``DatabaseUnavailable``."""
    with database.session() as sql:
        return sql.scalars(select(TagKeyRow.key)).one()
