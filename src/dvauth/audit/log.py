"""Writes what happened: one JSON line for the machines that watch, one SQL row for the people who ask later."""

import json
import secrets
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, TextIO

from dvauth.audit.counts import Happening, count
from dvauth.audit.events import Event
from dvauth.audit.models import AuditRow
from dvauth.audit.rows import RowQueue, StrangersLimit
from dvauth.storage.sql import Database, insert_new

# Signs of a value that are kept; what a stranger sends must not fill the log.
LONGEST_VALUE = 200
LONGEST_NAME = 64  # as the columns of ``AuditRow``
_NONE_KNOWN: Mapping[str, None] = {}
OF_STRANGERS = {Event.MALICIOUS_CSRF, Event.MALICIOUS_CORS, Event.AUTHN_TOKEN_FAIL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event of the catalogue, as it comes in. ``id`` is its own for ever; ``session`` is a session's id.

    It is counted for its ``portal``, or else for the one of the session's login, where that is known.
    """

    id: str
    at: datetime
    event: str
    account: str | None = None
    actor: str | None = None
    session: str | None = None
    portal: str | None = None
    login_portal: str | None = None
    address: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


class AuditLog:
    """``tag`` turns a session id into a keyed hash, by which one session's events are found and nothing is opened.

    ``stream`` is standard output unless given. ``close`` it: rows are inserted by a thread.
    """

    def __init__(
        self,
        database: Database,
        *,
        tag: Callable[[str], str],
        now: Callable[[], datetime],
        stream: TextIO | None = None,
    ) -> None:
        self._database = database
        self._tag = tag
        self._now = now
        self._stream = stream
        self._lock = Lock()
        self._rows = RowQueue(self._insert)
        self._strangers = StrangersLimit()

    def flush(self) -> None:
        """Return when the rows of all events recorded so far were tried."""
        self._rows.flush()

    def close(self) -> None:
        self._rows.close()

    def record(
        self,
        event: str,
        /,
        *,
        account: str | None = None,
        actor: str | None = None,
        session: str | None = None,
        portal: str | None = None,
        address: str | None = None,
        **details: Any,
    ) -> None:
        """Record an event of the catalogue: the line now, the row as soon as SQL takes it."""
        entry = Entry(
            id=secrets.token_urlsafe(16),
            at=self._now(),
            event=event,
            account=account,
            actor=actor,
            session=session,
            portal=portal,
            address=address,
            details=details,
        )
        row = self._row(entry)
        self._write(row)
        if row["event"] not in OF_STRANGERS or self._strangers.admits(event, address, entry.at):
            self._rows.add(row)

    def ingest(self, entries: Iterable[Entry]) -> None:
        """Keep events that happened elsewhere, each once by its id. Raises ``DatabaseUnavailable``: hand in again."""
        handed_in = {entry.id: entry for entry in entries}
        rows = {id_: self._row(entry) for id_, entry in handed_in.items()}
        new = self._insert(list(rows.values()), {id_: entry.login_portal for id_, entry in handed_in.items()})
        for row in rows.values():
            if row["id"] in new:
                self._write(row)

    def _row(self, entry: Entry) -> dict[str, Any]:
        return {
            "id": entry.id,
            "at": entry.at,
            "event": Event(entry.event),  # type: ignore[call-arg]  # a look-up by value, not a new member
            "account": _told(entry.account, LONGEST_NAME),
            "actor": _told(entry.actor, LONGEST_NAME),
            "session": self._tag(entry.session) if entry.session else None,
            "portal": _told(entry.portal, LONGEST_NAME),
            "address": _told(entry.address, LONGEST_NAME),
            "details": {name: _told(value) for name, value in entry.details.items()},
        }

    def _insert(self, rows: list[dict[str, Any]], login_portals: Mapping[str, str | None] = _NONE_KNOWN) -> set[str]:
        with self._database.session() as sql:
            new = insert_new(sql, AuditRow, rows)
            count(sql, (_happening(row, login_portals.get(row["id"])) for row in rows if row["id"] in new))
        return new

    def _write(self, row: Mapping[str, Any]) -> None:
        # ASCII only: control characters of every kind, and whatever else a terminal obeys, are escaped.
        line = json.dumps(_line(row), ensure_ascii=True) + "\n"
        with self._lock:
            stream = self._stream or sys.stdout
            stream.write(line)
            stream.flush()


def _happening(row: Mapping[str, Any], login_portal: str | None) -> Happening:
    return Happening(row["at"], row["event"], row["portal"] or login_portal, row["details"].get("reason"))


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    event: Event = row["event"]
    known = {**row["details"], **row}
    subject = ",".join(str(known[name]) for name in event.shows if known.get(name) is not None)
    who = {name: row[name] for name in ("account", "actor", "session", "portal", "address") if row[name] is not None}
    return {
        "datetime": row["at"].isoformat(timespec="milliseconds"),
        "level": event.level,
        "appid": "dvauth",
        "event": event,
        "type": f"{event}:{subject}" if subject else event,
        "description": event.meaning,
        **who,
        "details": row["details"],
        "id": row["id"],
    }


def _told(value: Any, longest: int = LONGEST_VALUE) -> Any:
    """A value as plain text: short, and with control characters made visible."""
    if value is None or isinstance(value, int | float):
        return value
    told = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in str(value)[:longest])
    return told[:longest]
