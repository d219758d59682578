"""The tables of the administration of sessions."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from dvauth.storage.sql import Base

SEARCHED = ("account_id", "portal", "address", "device")


class SessionIndexRow(Base):
    """Where to find a session; whether it lives, Redis knows. ``portal`` is the slug of its login's, or empty.

    Each search has an index that is in the order of the pages, so that a page reads no more than it shows.
    """

    __tablename__ = "session_index"
    __table_args__ = (
        *(Index(None, column, "created_at", "session_id") for column in SEARCHED),
        Index(None, "created_at", "session_id"),
    )

    session_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    bucket: Mapped[str] = mapped_column(String(8), index=True)
    account_id: Mapped[str] = mapped_column(String(64))
    portal: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    device: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class EndOrderRow(Base):
    """Sessions to end: those that were opened until then, of a portal's logins or all, but the one that is spared."""

    __tablename__ = "end_order"

    id: Mapped[int] = mapped_column(primary_key=True)
    portal_id: Mapped[int | None]
    spared: Mapped[str | None] = mapped_column(String(64))
    opened_until: Mapped[datetime]
