"""The table of tokens. Outside this room a token is an ``ApiToken``, a value."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from dvauth.api_tokens.token import ID_BYTES, MAX_NAME, ApiToken
from dvauth.storage.sql import Base


class ApiTokenRow(Base):
    """Of the secret only its SHA-256 is kept; ``scopes`` stand with spaces between."""

    __tablename__ = "api_token"

    id: Mapped[str] = mapped_column(String(2 * ID_BYTES), primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[str] = mapped_column(String(400))
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]

    def value(self) -> ApiToken:
        return ApiToken(
            id=self.id,
            name=self.name,
            account_id=self.account_id,
            scopes=tuple(self.scopes.split()),
            digest=self.digest,
            created_at=self.created_at,
            expires_at=self.expires_at,
            last_used_at=self.last_used_at,
        )
