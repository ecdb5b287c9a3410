"""Numbering: patterns that never repeat, in names safe anywhere."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tallystick.core.errors import InvalidPattern
from tallystick.core.numbering import MAX_LENGTH, MAX_NUMBER, Pattern


@pytest.mark.parametrize(
    ("text", "number", "year", "expected"),
    [
        ("LP-{year}-{number:5}", 42, 2026, "LP-2026-00042"),
        ("LP-{number}", 42, 2026, "LP-42"),
        ("LP-{number}", 1, 2026, "LP-1"),
        ("A" * 30 + "{number}", MAX_NUMBER, 2026, "A" * 30 + "9999999999"),
        ("{yy}{number:3}", 7, 2026, "26007"),
        ("{number:3}", 12345, 2026, "12345"),
        ("INV/{year}/{number:4}.A_1", 1, 2000, "INV/2000/0001.A_1"),
        ("{yy}-{number:1}", 3, 2005, "05-3"),
    ],
)
def test_a1_numbers_look_as_their_pattern_says(text: str, number: int, year: int, expected: str) -> None:
    assert Pattern.parse(text).format(number=number, year=year) == expected


def test_a1_a_yearly_series_counts_each_year_anew() -> None:
    on = date(2026, 12, 31)
    for text, is_yearly, period in (
        ("{year}/{number}", True, 2026),
        ("{yy}{number}", True, 2026),
        ("A{number}", False, 0),
    ):
        pattern = Pattern.parse(text)
        assert (pattern.is_yearly, pattern.period(on)) == (is_yearly, period)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "LP",
        "LP-{year}",
        "{number}{number}",
        "{number}-{number:3}",
        "{number:0}",
        "{number:10}",
        "{number:x}",
        "{month}-{number}",
        "{number!r}",
        "{number.real}",
        "{}{number}",
        "{{{number}}}",
        "LP {number}",
        "LP#{number}",
        "LP\\{number}",
        "É{number}",
        "LP-{number}\n",
        "../{number}",
        "/{number}",
        "a//{number}",
        "a/../{number}",
        "a/.{number}",
        "{number}/",
        "{number}.",
        "A" * 33 + "{number}",
        "A" * 31 + "{number}",
    ],
)
def test_a1_unsafe_or_ambiguous_patterns_are_refused(text: str) -> None:
    with pytest.raises(InvalidPattern):
        Pattern.parse(text)


@pytest.mark.parametrize(("number", "year"), [(0, 2026), (-1, 2026), (MAX_NUMBER + 1, 2026), (1, 0), (1, 10000)])
def test_a1_numbers_start_at_one_and_end(number: int, year: int) -> None:
    with pytest.raises(InvalidPattern):
        Pattern.parse("{year}-{number}").format(number=number, year=year)


literals = st.text("ABz09-_", max_size=6)
patterns = st.builds(
    "{}{}{}{}".format,
    literals,
    st.sampled_from(["{year}", "{yy}", ""]),
    literals,
    st.sampled_from(["{number}", "{number:5}"]),
)
numbers = st.integers(1, MAX_NUMBER)
years = st.integers(2000, 2099)


@given(patterns, numbers, years)
def test_a1_a_number_can_be_read_back(text: str, number: int, year: int) -> None:
    pattern = Pattern.parse(text)
    assert Pattern.parse(pattern.text) == pattern
    shape = re.escape(text).replace(r"\{year\}", r"(?P<year>\d{4})").replace(r"\{yy\}", r"(?P<yy>\d\d)")
    shape = re.sub(r"\\\{number(:5)?\\\}", r"(?P<number>\\d+)", shape)
    written = pattern.format(number=number, year=year)
    read = re.fullmatch(shape, written)
    assert read is not None
    assert int(read["number"]) == number
    found = read.groupdict()
    assert int(found.get("year", year)) == year
    assert int(found.get("yy", year % 100)) == year % 100
    assert len(written) <= MAX_LENGTH


@given(patterns, st.tuples(numbers, years), st.tuples(numbers, years))
def test_a1_two_numbers_of_a_series_never_look_alike(text: str, one: tuple[int, int], other: tuple[int, int]) -> None:
    pattern = Pattern.parse(text)
    keys = [(number, pattern.period(date(year, 1, 1))) for number, year in (one, other)]
    assume(keys[0] != keys[1])
    assert pattern.format(number=one[0], year=one[1]) != pattern.format(number=other[0], year=other[1])
