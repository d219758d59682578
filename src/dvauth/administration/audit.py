"""What administrators do with the audit log: read it, and take rows out of the house. Nobody changes it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from dvauth.accounts.directory import AccountDirectory
from dvauth.administration.actor import Actor, Record
from dvauth.administration.spreadsheet import csv_lines
from dvauth.audit.trail import BATCH, AuditTrail, Place, Recorded, Wanted

COLUMNS = (
    "at",
    "level",
    "event",
    "account",
    "account_username",
    "actor",
    "actor_username",
    "session",
    "portal",
    "address",
    "details",
    "id",
)


class Form(StrEnum):
    """Of an export: for spreadsheets, or for programs."""

    CSV = "csv"
    JSON_LINES = "jsonl"


class AuditAdministration:
    """Every method may raise ``DatabaseUnavailable``."""

    def __init__(self, *, trail: AuditTrail, accounts: AccountDirectory, record: Record) -> None:
        self._trail = trail
        self._accounts = accounts
        self._record = record

    def newest(self, wanted: Wanted, before: Place | None = None, *, most: int) -> list[Recorded]:
        return self._trail.newest(wanted, before, most)

    def account_id(self, typed: str) -> str:
        """Of a username; anything else, such as ``cli`` or an id, is what it is."""
        found = self._accounts.find(typed)
        return found.id if found else typed

    def usernames(self, rows: Iterable[Recorded]) -> dict[str, str]:
        """By account's id, of all accounts that the rows tell of and that there are."""
        return self._accounts.usernames({name for row in rows for name in (row.account, row.actor) if name})

    def export(self, actor: Actor, wanted: Wanted, form: Form) -> Iterator[str]:
        """The rows, newest first, line by line. Recorded at once: who has them from now on."""
        chosen = " ".join(f"{name}={_plain(value)}" for name, value in wanted.given().items())
        self._record(
            "authz_admin",
            **actor.recorded,
            action="audit exported",
            form=form,
            rows=chosen or "all",
        )
        documents = self._exported(wanted)
        return (
            csv_lines(COLUMNS, map(_cells, documents))
            if form is Form.CSV
            else (json.dumps(each) + "\n" for each in documents)
        )

    def documents(self, rows: Sequence[Recorded]) -> list[dict[str, Any]]:
        """Plain values for JSON; usernames, as they are now, beside the ids."""
        names = self.usernames(rows)
        return [_document(row, names) for row in rows]

    def _exported(self, wanted: Wanted) -> Iterator[dict[str, Any]]:
        rows = self._trail.all(wanted)
        while batch := list(islice(rows, BATCH)):
            yield from self.documents(batch)


def _document(row: Recorded, names: Mapping[str, str]) -> dict[str, Any]:
    known = {
        "at": row.at.isoformat(),
        "level": row.known.level if row.known else None,
        "account_username": names.get(row.account or ""),
        "actor_username": names.get(row.actor or ""),
    }
    return {name: known[name] if name in known else getattr(row, name) for name in COLUMNS}


def _cells(told: Mapping[str, Any]) -> list[str]:
    values = {**told, "details": json.dumps(told["details"], ensure_ascii=False)}
    return [str(value or "") for value in values.values()]


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
