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
_PART = re.compile(r"([0-9]{1,6})\s*([^\W\d]+)\s*")


def parse_duration(typed: str) -> timedelta:
    """``15 phút``, ``8 giờ``, ``1 hour 30 minutes``, ``90s``, ``1h30m``.

    Raises ``ValueError`` if it is none: without a unit, with one twice, or with the larger after the smaller.
    """
    text, total, last = unicodedata.normalize("NFC", typed).strip().casefold(), timedelta(0), timedelta.max
    if not text:
        raise ValueError(typed)
    while text:
        part = _PART.match(text)
        length = _LENGTHS.get(part[2]) if part else None
        if part is None or length is None or length >= last:
            raise ValueError(typed)
        total, last, text = total + int(part[1]) * length, length, text[part.end() :]
    return total


def short(duration: timedelta) -> str:
    """``1h30m``, as ``parse_duration`` reads it; exact to the second."""
    left, text = round(duration.total_seconds()), ""
    for length, words in _UNITS.items():
        number, left = divmod(left, round(length.total_seconds()))
        text += f"{number}{words[0]}" if number else ""
    return text or "0s"
