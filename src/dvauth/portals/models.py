"""The tables of portals. Outside this room a portal is a ``Portal``, a value."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dvauth.portals.look import PromptLook
from dvauth.portals.portal import MAX_NAME, MAX_SLUG, Activity, Portal
from dvauth.storage.sql import Base


class PortalRow(Base):
    __tablename__ = "portal"
    # A removed portal's number must not come back: live sessions hold its secrets under that number.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads a plain dict

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(MAX_SLUG), unique=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    activity: Mapped[str] = mapped_column(String(16))
    mounted: Mapped[bool]
    look: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    origins: Mapped[list["PortalOriginRow"]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="PortalOriginRow.id"
    )

    def value(self) -> Portal:
        return Portal(
            id=self.id,
            slug=self.slug,
            name=self.name,
            origins=tuple(row.origin for row in self.origins),
            activity=Activity(self.activity),
            mounted=self.mounted,
            look=PromptLook.from_document(self.look),
        )


class PortalOriginRow(Base):
    __tablename__ = "portal_origin"

    id: Mapped[int] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"), index=True)
    origin: Mapped[str] = mapped_column(String(300), unique=True)
