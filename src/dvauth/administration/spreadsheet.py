"""CSV that people open in a spreadsheet program, line by line: what strangers typed must not be run there."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

# A spreadsheet takes a cell that begins so for a formula (OWASP, CSV Injection).
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
UTF8_MARK = "\ufeff"  # at the beginning of a file: else it garbles Vietnamese


def csv_lines(titles: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield _line(titles)
    for row in rows:
        yield _line(map(_harmless, row))


def as_meant(cell: str) -> str:
    """What ``csv_lines`` was given, and without spaces around it."""
    typed = cell.strip()
    return typed[1:] if typed.startswith("'") and typed[1:].startswith(FORMULA_BEGINS) else typed


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_BEGINS) else cell
