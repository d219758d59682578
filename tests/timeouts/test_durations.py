"""Durations as people type them."""

import unicodedata
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvauth.timeouts.durations import TooLong, parse_duration, short


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("15 phút", 900),
        ("8 giờ", 28_800),
        ("1 giờ 30 phút", 5400),
        ("90 giây", 90),
        ("30 ngày", 2_592_000),
        (unicodedata.normalize("NFD", "15 phút"), 900),
        ("15 phut", 900),
        ("15p", 900),
        ("2 tiếng", 7200),
        ("15 minutes", 900),
        ("1 hour 30 minutes", 5400),
        ("1 day", 86_400),
        ("90s", 90),
        ("1h30m", 5400),
        (" 1H 30M ", 5400),
        ("0s", 0),
        ("15 PHÚT", 900),
        ("1,5 giờ", 5400),
        ("1.5h", 5400),
        ("0,07 giờ", 252),
    ],
)
def test_durations_are_read_as_they_are_spoken(typed: str, seconds: int) -> None:
    assert parse_duration(typed) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "15",
        "phút",
        "soon",
        "30m1h",
        "1h1h",
        "-5m",
        "1.500h",
        "1,5 giây",
        "1h 30",
        "5 parsecs",
        "1h,30m",
        "१५m",
    ],
)
def test_what_is_none_is_refused(typed: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - what was typed is all it says
        parse_duration(typed)
    assert str(refused.value) == typed


@pytest.mark.parametrize("typed", ["1000000s", "999999999999 ngày", f"{'9' * 5000} ngày"])
def test_what_is_too_long_is_told_as_such(typed: str) -> None:
    with pytest.raises(TooLong, match=f"^{typed}$"):
        parse_duration(typed)


def test_the_longest_is_still_read() -> None:
    assert parse_duration("999999s") == timedelta(seconds=999_999)


@given(st.integers(0, 999_999))
def test_what_is_told_is_read_again(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(short(duration)) == duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (45, "45s"), (60, "1m"), (5400, "1h30m"), (3605, "1h5s"), (90_061, "1d1h1m1s"), (172_800, "2d")],
)
def test_durations_are_told_in_short_without_what_is_zero(seconds: int, text: str) -> None:
    assert short(timedelta(seconds=seconds)) == text
