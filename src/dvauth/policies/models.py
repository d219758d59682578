"""The table of timeout policies: one row for the default, one for each override."""

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from dvauth.storage.sql import Base


class PolicyRow(Base):
    """``scope`` is ``default``, ``role`` or ``portal``; ``values`` as ``PolicySet.to_document`` writes them."""

    __tablename__ = "timeout_policy"

    scope: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    values: Mapped[dict[str, float]] = mapped_column(JSON)
