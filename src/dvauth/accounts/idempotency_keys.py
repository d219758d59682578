"""Accounts that a program has added already: whose answer was lost, asks again by the same key and adds no second one.

Only the key's digest is kept, and nothing of the answer: a one-time link stands nowhere.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from dvauth.accounts.account import Account, Draft
from dvauth.accounts.errors import BadIdempotencyKey, IdempotencyKeyReused
from dvauth.accounts.models import IdempotencyKeyRow
from dvauth.storage.sql import Database, insert_new

KEPT = timedelta(days=1)
MAX_KEY = 200
KEY = re.compile(rf"[!-~]{{1,{MAX_KEY}}}")


class IdempotencyKeys:
    """``whose`` is the account that a key belongs to: another one may use the same."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def account_added(self, whose: str, key: str, draft: Draft) -> str | None:
        """The id of the account that was added by this key. Raises ``BadIdempotencyKey``, ``IdempotencyKeyReused``."""
        if not KEY.fullmatch(key):
            raise BadIdempotencyKey(most=MAX_KEY)
        with self._database.session() as sql:
            row = sql.get(IdempotencyKeyRow, _digest(whose, key))
            if row is None or row.made_at <= self._now() - KEPT:
                return None
            if row.draft_digest != _digest(repr(draft)):
                raise IdempotencyKeyReused(key=key)
            return row.account_id

    def note(self, sql: Session, whose: str, key: str, draft: Draft, added: Account) -> None:
        """In the transaction that adds the account; what is too old is forgotten by the way.

        Raises ``IdempotencyKeyReused`` where another has added one by it meanwhile.
        """
        sql.execute(delete(IdempotencyKeyRow).where(IdempotencyKeyRow.made_at <= self._now() - KEPT))
        row = {
            "key_digest": _digest(whose, key),
            "draft_digest": _digest(repr(draft)),
            "account_id": added.id,
            "made_at": self._now(),
        }
        if not insert_new(sql, IdempotencyKeyRow, [row]):
            raise IdempotencyKeyReused(key=key)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
