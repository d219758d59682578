"""The tables of accounts. Outside this room an account is an ``Account``, a value."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dvauth.accounts.account import ID_LENGTH, MAX_DISPLAY_NAME, MAX_ROLE, MAX_USERNAME, Account
from dvauth.storage.sql import Base


class AccountRow(Base):
    __tablename__ = "account"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    username: Mapped[str] = mapped_column(String(MAX_USERNAME))
    canonical_username: Mapped[str] = mapped_column(String(MAX_USERNAME), unique=True)
    display_name: Mapped[str] = mapped_column(String(MAX_DISPLAY_NAME))
    searched: Mapped[str] = mapped_column(Text)  # both names, as ``plain`` has them
    password_hash: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    password_changed_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    roles: Mapped[list["AccountRoleRow"]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="AccountRoleRow.role"
    )

    def value(self) -> Account:
        return Account(
            id=self.id,
            username=self.username,
            display_name=self.display_name,
            roles=tuple(row.role for row in self.roles),
            password_hash=self.password_hash,
            created_at=self.created_at,
            disabled_at=self.disabled_at,
            password_changed_at=self.password_changed_at,
            last_login_at=self.last_login_at,
        )


class AccountRoleRow(Base):
    __tablename__ = "account_role"
    __table_args__ = (Index(None, "role", "account_id"),)

    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(MAX_ROLE), primary_key=True)


class SetupLinkRow(Base):
    """A link by which the owner of an account chooses a password, once. Only the token's SHA-256 is kept."""

    __tablename__ = "setup_link"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class IdempotencyKeyRow(Base):
    """A program's request that has added this account, kept for a day: asked again, it adds no second one."""

    __tablename__ = "idempotency_key"

    key_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    draft_digest: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    made_at: Mapped[datetime] = mapped_column(index=True)


class ChangeRow(Base):
    """A change of an account that live sessions have not been told of yet. Written with the change itself."""

    __tablename__ = "account_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    keep: Mapped[str | None] = mapped_column(String(64))
    first_told_at: Mapped[datetime | None]  # by the sessions' clock
