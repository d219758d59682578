"""The tables of timeout policies: one row for the default, one for each override; and what was changed when."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from dvauth.storage.sql import Base


class PolicyRow(Base):
    """``scope`` is ``default``, ``role`` or ``portal``; ``values`` as ``PolicySet.to_document`` writes them.

    One more, ``assurance``, keeps the operator's level, and the reason for deviating from it where they do.
    """

    __tablename__ = "timeout_policy"

    scope: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    values: Mapped[dict[str, Any]] = mapped_column(JSON)


class PolicyChangeRow(Base):
    """The whole of the policies ``before`` and ``after`` a change, as ``PolicySet.to_document`` writes them."""

    __tablename__ = "policy_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)
