"""The tables of the audit log, of what is counted of it, and of the revocations."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from dvauth.storage.sql import Base


class AuditRow(Base):
    """One event. Names no other table: it outlives the accounts and portals it tells of."""

    __tablename__ = "audit"
    # It is read newest first, whatever it is filtered by: each filter finds its rows in that order.
    __table_args__ = (
        Index(None, "at", "id"),
        *(Index(None, name, "at", "id") for name in ("event", "account", "actor", "session", "portal", "address")),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(64))
    account: Mapped[str | None] = mapped_column(String(64))
    actor: Mapped[str | None] = mapped_column(String(64))
    session: Mapped[str | None] = mapped_column(String(64))
    portal: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(String(64))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class HourlyCountRow(Base):
    """How often something happened in the hour that begins ``at``, on one portal or everywhere."""

    __tablename__ = "hourly_count"

    portal: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    figure: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int]


class RevocationRow(Base):
    """A session that was ended before its time. ``session_id`` is the public handle, which opens nothing."""

    __tablename__ = "revocation"
    __table_args__ = (Index(None, "bucket", "session_id"),)

    session_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    bucket: Mapped[str] = mapped_column(String(8))
    account_id: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(32))
    ended_at: Mapped[datetime]
    forget_after: Mapped[datetime] = mapped_column(index=True)


class LateLogoutRow(Base):
    """A logout that Redis could not be told of. It stands here until Redis is back."""

    __tablename__ = "late_logout"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    session_id: Mapped[str] = mapped_column(String(64))
    bucket: Mapped[str] = mapped_column(String(8))
