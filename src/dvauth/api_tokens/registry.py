"""The tokens in SQL: the only place that reads and changes them."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from dvauth.api_tokens.errors import NoSuchToken
from dvauth.api_tokens.models import ApiTokenRow
from dvauth.api_tokens.token import ApiToken, Written, checked_lifetime, checked_name, checked_scopes
from dvauth.storage.sql import Database

USE_KEPT_EVERY = timedelta(minutes=10)  # a program may ask many times a second


class ApiTokenRegistry:
    """Every method may raise ``DatabaseUnavailable``."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def add(self, account_id: str, *, name: str, scopes: Iterable[str], lasts: timedelta) -> tuple[ApiToken, str]:
        """A new token, and how it is written: nobody can tell that again. Raises ``ApiTokenError``."""
        written, now = Written.new(), self._now()
        row = ApiTokenRow(
            id=written.id,
            name=checked_name(name),
            account_id=account_id,
            scopes=" ".join(checked_scopes(scopes)),
            digest=written.digest,
            created_at=now,
            expires_at=now + checked_lifetime(lasts),
        )
        with self._database.session() as sql:
            sql.add(row)
            sql.flush()
            return row.value(), written.text

    def all(self) -> list[ApiToken]:
        """The newest first; those that have ended among them."""
        with self._database.session() as sql:
            rows = sql.scalars(select(ApiTokenRow).order_by(ApiTokenRow.created_at.desc(), ApiTokenRow.id))
            return [row.value() for row in rows]

    def get(self, token_id: str) -> ApiToken | None:
        with self._database.session() as sql:
            row = sql.get(ApiTokenRow, token_id)
            return row.value() if row else None

    def note_use(self, token: ApiToken) -> None:
        """Remember it, unless it is remembered from a few minutes ago."""
        now = self._now()
        if token.last_used_at and now - token.last_used_at < USE_KEPT_EVERY:
            return
        with self._database.session() as sql:
            sql.execute(update(ApiTokenRow).where(ApiTokenRow.id == token.id).values(last_used_at=now))

    def remove(self, token_id: str) -> ApiToken:
        """It opens nothing from now on. Raises ``NoSuchToken``."""
        with self._database.session() as sql:
            row = sql.get(ApiTokenRow, token_id)
            gone = delete(ApiTokenRow).where(ApiTokenRow.id == token_id).returning(ApiTokenRow.id)
            if row is None or sql.scalar(gone) is None:
                raise NoSuchToken(id=token_id)
            return row.value()
