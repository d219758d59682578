"""Accounts as CSV: what an administrator brings to be added, and what they take along."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dvauth.accounts.account import Account, Draft
from dvauth.administration.spreadsheet import as_meant, csv_lines
from dvauth.explained import N_, Explained

COLUMNS = ("username", "display_name", "roles")
EXPORTED = (*COLUMNS, "enabled", "last_login")
MOST_LINES = 10_000


class TableError(Explained):
    """What is wrong with a line of the file, or with all of it."""


class NotUtf8(TableError):
    sentence = N_("The file is not in UTF-8. Save it as “CSV UTF-8” in your spreadsheet program.")


class NotCsv(TableError):
    sentence = N_("The file cannot be read as CSV.")


class MissingColumn(TableError):
    sentence = N_("The first line must name the columns username, display_name and roles; “{column}” is missing.")


class UnknownColumn(TableError):
    sentence = N_("There is no column “{column}”; the columns are username, display_name and roles.")


class TooManyLines(TableError):
    sentence = N_("The file has more than {most} lines. Bring it in parts.")


class NoLines(TableError):
    sentence = N_("The file names no account.")


class WrongCells(TableError):
    sentence = N_("This line has {cells} cells in place of {columns}.")


class RepeatedUsername(TableError):
    sentence = N_("The username “{name}” stands in line {line} already.")


class TableUnreadable(Exception):
    """The file as a whole makes no sense; ``mistake`` says why."""

    def __init__(self, mistake: TableError) -> None:
        self.mistake = mistake
        super().__init__(str(mistake))


@dataclass(frozen=True, slots=True)
class Line:
    """``number`` is the one that a text editor shows. A line whose cells do not fit has a ``mistake``, and no draft."""

    number: int
    draft: Draft | None
    mistake: TableError | None = None


def decoded(content: bytes) -> str:
    """Raises ``TableUnreadable``."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableUnreadable(NotUtf8()) from error


def read_lines(text: str) -> list[Line]:
    """The accounts that a file names; roles stand in one cell with spaces between. Raises ``TableUnreadable``."""
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True)
    try:
        columns = _columns(next(rows, []))
        lines = [Line(rows.line_num, *_draft_of(cells, columns)) for cells in rows if any(cells)]
    except csv.Error as error:
        raise TableUnreadable(NotCsv()) from error
    if not lines:
        raise TableUnreadable(NoLines())
    if len(lines) > MOST_LINES:
        raise TableUnreadable(TooManyLines(most=MOST_LINES))
    return lines


def _columns(titles: Sequence[str]) -> list[str]:
    columns = [title.strip().lower() for title in titles]
    for column in columns:
        if column not in COLUMNS:
            raise TableUnreadable(UnknownColumn(column=column))
    for column in COLUMNS:
        if column not in columns:
            raise TableUnreadable(MissingColumn(column=column))
    return columns


def _draft_of(cells: Sequence[str], columns: Sequence[str]) -> tuple[Draft | None, TableError | None]:
    if len(cells) != len(columns):
        return None, WrongCells(cells=len(cells), columns=len(columns))
    of = dict(zip(columns, map(as_meant, cells), strict=True))
    return Draft(of["username"], of["display_name"] or None, tuple(of["roles"].split())), None


def accounts_csv(accounts: Iterable[Account]) -> Iterator[str]:
    """Line by line: who there is."""
    return csv_lines(EXPORTED, map(_exported, accounts))


def links_csv(links: Iterable[tuple[Account, str]]) -> str:
    """Whom to send which link."""
    rows = ((account.username, account.display_name, url) for account, url in links)
    return "".join(csv_lines(("username", "display_name", "setup_link"), rows))


def _exported(account: Account) -> tuple[str, ...]:
    last_login = account.last_login_at.isoformat(timespec="seconds") if account.last_login_at else ""
    enabled = "yes" if account.is_enabled else "no"
    return account.username, account.display_name, " ".join(account.roles), enabled, last_login
