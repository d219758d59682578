"""What administrators do with the audit log: read it, and take rows out of the house. Nobody changes it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from dvauth.accounts.directory import AccountDirectory
from dvauth.administration.actor import Actor, Record
from dvauth.administration.spreadsheet import csv_lines
from dvauth.audit.trail import BATCH, AuditTrail, Place, Recorded, Wanted

NAMES = {"account": "account_username", "actor": "actor_username"}  # as they are now, beside the ids
COLUMNS = ("at", "level", "event", "account", "actor", "session", "portal", "address", "details", "id")


EXPORTED = tuple(each for name in COLUMNS for each in (name, NAMES.get(name)) if each)


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
            actor=actor.name,
            address=actor.address,
            action="audit exported",
            form=form,
            rows=chosen or "all",
        )
        documents = self._named(wanted)
        return (
            csv_lines(EXPORTED, map(_cells, documents))
            if form is Form.CSV
            else (json.dumps(each) + "\n" for each in documents)
        )

    def _named(self, wanted: Wanted) -> Iterator[dict[str, Any]]:
        rows = self._trail.all(wanted)
        while batch := list(islice(rows, BATCH)):
            names = self.usernames(batch)
            yield from (_with_names(document(row), names) for row in batch)


def document(row: Recorded) -> dict[str, Any]:
    """Plain values for JSON."""
    known = {"level": row.known.level if row.known else None, "at": row.at.isoformat()}
    return {name: known[name] if name in known else getattr(row, name) for name in COLUMNS}


def _with_names(told: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    known = {beside: names.get(told[name] or "") for name, beside in NAMES.items()}
    return {name: known[name] if name in known else told[name] for name in EXPORTED}


def _cells(told: Mapping[str, Any]) -> list[str]:
    values = {**told, "details": json.dumps(told["details"], ensure_ascii=False)}
    return [str(value or "") for value in values.values()]


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
