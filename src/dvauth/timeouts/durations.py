"""Durations as people type them, and as programs show them. Pure."""

import re
import unicodedata
from datetime import timedelta

_UNITS = {
    timedelta(days=1): ("d", "day", "days", "ngày", "ngay"),
    timedelta(hours=1): ("h", "hr", "hour", "hours", "giờ", "gio", "tiếng", "tieng"),
    timedelta(minutes=1): ("m", "min", "mins", "minute", "minutes", "phút", "phut", "p"),
    timedelta(seconds=1): ("s", "sec", "second", "seconds", "giây", "giay"),
}
_LENGTHS = {word: length for length, words in _UNITS.items() for word in words}
_PART = re.compile(r"([0-9]+(?:[.,][0-9]{1,2})?)\s*([^\W\d]+)\s*")
_MOST = 999_999  # of a unit


class TooLong(ValueError):
    """It is a duration, and longer than any that is in use."""


def parse_duration(typed: str) -> timedelta:
    """``15 phút``, ``1,5 giờ``, ``1 hour 30 minutes``, ``90s``, ``1h30m``.

    Raises ``TooLong``; ``ValueError`` if it is none: without a unit, with one twice, with the larger after the smaller,
    or with a part of a second.
    """
    text, total, last = unicodedata.normalize("NFC", typed).strip().casefold(), timedelta(0), timedelta.max
    if not text:
        raise ValueError(typed)
    while text:
        part = _PART.match(text)
        length = _LENGTHS.get(part[2]) if part else None
        if part is None or length is None or length >= last:
            raise ValueError(typed)
        number = float(part[1].replace(",", "."))
        if number > _MOST:
            raise TooLong(typed)
        total, last, text = total + number * length, length, text[part.end() :]
    if total.microseconds:
        raise ValueError(typed)
    return total


def short(duration: timedelta) -> str:
    """``1h30m``, as ``parse_duration`` reads it; exact to the second."""
    left, text = round(duration.total_seconds()), ""
    for length, words in _UNITS.items():
        number, left = divmod(left, round(length.total_seconds()))
        text += f"{number}{words[0]}" if number else ""
    return text or "0s"
