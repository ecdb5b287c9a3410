"""Schedules: terms into due items, and dates that never drift."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.errors import InvalidAmount, InvalidRecurrence, InvalidTerms
from tallystick.core.schedule import DueItem, Terms, due_items, nth_date

ISSUED = date(2026, 1, 15)
days = st.dates(date(2000, 1, 1), date(2100, 1, 1))


def items(terms: Terms, total_minor: int, issued_on: date = ISSUED) -> list[tuple[str, int, str]]:
    due = due_items(terms, issued_on=issued_on, total_minor=total_minor)
    return [(item.due_on.isoformat(), item.amount_minor, item.kind) for item in due]


def test_a1_net_thirty_days() -> None:
    assert due_items(Terms("net", 30), issued_on=ISSUED, total_minor=100) == (
        DueItem(date(2026, 2, 14), 100, "balance"),
    )


@pytest.mark.parametrize(
    ("issued_on", "days", "due_on"),
    [("2026-01-15", 0, "2026-01-31"), ("2026-01-31", 10, "2026-02-10"), ("2028-02-01", 0, "2028-02-29")],
)
def test_a1_end_of_month(issued_on: str, days: int, due_on: str) -> None:
    assert items(Terms("end_of_month", days), 100, date.fromisoformat(issued_on)) == [(due_on, 100, "balance")]


def test_b7_fifty_thousand_with_ten_now_and_the_rest_over_months() -> None:
    terms = Terms("net", 30, deposit_minor=10_000_00, instalments=3)
    assert items(terms, 50_000_00, date(2026, 1, 1)) == [
        ("2026-01-01", 10_000_00, "deposit"),
        ("2026-01-31", 13_333_34, "instalment"),
        ("2026-02-28", 13_333_33, "instalment"),
        ("2026-03-31", 13_333_33, "instalment"),
    ]


def test_b7_a_percentage_is_rounded_once_and_the_balance_takes_the_rest() -> None:
    terms = Terms("net", 14, deposit_percent=Decimal("33.3"), deposit_days=3)
    assert items(terms, 101) == [("2026-01-18", 34, "deposit"), ("2026-01-29", 67, "balance")]


def test_b7_instalments_may_be_quarters_apart() -> None:
    terms = Terms("end_of_month", instalments=3, interval_months=3)
    assert [due_on for due_on, _, _ in items(terms, 300)] == ["2026-01-31", "2026-04-30", "2026-07-31"]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (Terms("net", 30, deposit_minor=500), [("2026-01-15", 100, "deposit")]),
        (Terms("net", 30, deposit_percent=Decimal(100)), [("2026-01-15", 100, "deposit")]),
        (Terms("net", 30, deposit_percent=Decimal(0)), [("2026-02-14", 100, "balance")]),
        (Terms("net", 30, deposit_minor=0), [("2026-02-14", 100, "balance")]),
        (
            Terms("net", 0, deposit_minor=40, deposit_days=9),
            [("2026-01-15", 40, "deposit"), ("2026-01-15", 60, "balance")],
        ),
    ],
    ids=["deposit above the total", "all at once", "none", "zero", "deposit is not due after the balance"],
)
def test_b7_deposits_at_the_edges(terms: Terms, expected: list[tuple[str, int, str]]) -> None:
    assert items(terms, 100) == expected


def test_b7_more_instalments_than_cents_leave_no_empty_ones() -> None:
    assert items(Terms("net", instalments=5), 2) == [("2026-01-15", 1, "instalment"), ("2026-02-15", 1, "instalment")]


def test_a1_nothing_owed_is_never_due() -> None:
    assert due_items(Terms("net", instalments=3), issued_on=ISSUED, total_minor=0) == ()
    with pytest.raises(InvalidAmount):
        due_items(Terms("net"), issued_on=ISSUED, total_minor=-1)


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "cash"},
        {"days": -1},
        {"deposit_days": -1},
        {"instalments": 0},
        {"interval_months": 0},
        {"deposit_minor": -1},
        {"deposit_percent": Decimal("100.01")},
        {"deposit_percent": Decimal(-1)},
        {"deposit_percent": Decimal(1), "deposit_minor": 1},
    ],
    ids=str,
)
def test_b7_terms_refuse_what_has_no_meaning(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidTerms):
        Terms(**{"kind": "net", **values})


def test_b7_a_deposit_is_a_number() -> None:
    with pytest.raises(InvalidAmount):
        Terms("net", deposit_percent=Decimal("NaN"))


@given(
    st.builds(
        Terms,
        kind=st.sampled_from(["net", "end_of_month"]),
        days=st.integers(0, 120),
        deposit_percent=st.none() | st.decimals(0, 100, places=2),
        deposit_days=st.integers(0, 30),
        instalments=st.integers(1, 36),
        interval_months=st.integers(1, 12),
    ),
    days,
    st.integers(0, 10**12),
)
def test_b7_due_items_sum_to_the_total_in_order_of_date(terms: Terms, issued_on: date, total_minor: int) -> None:
    due = due_items(terms, issued_on=issued_on, total_minor=total_minor)
    assert sum(item.amount_minor for item in due) == total_minor
    assert all(item.amount_minor > 0 for item in due)
    assert list(due) == sorted(due, key=lambda item: item.due_on)
    assert all(item.due_on >= issued_on for item in due)


def test_the_thirty_first_is_clamped_and_comes_back() -> None:
    anchor = date(2026, 1, 31)
    dates = [nth_date(anchor, unit="month", every=1, n=n) for n in range(5)]
    assert [on.isoformat()[5:] for on in dates] == ["01-31", "02-28", "03-31", "04-30", "05-31"]


@pytest.mark.parametrize(
    ("anchor", "unit", "every", "n", "expected"),
    [
        ("2024-02-29", "year", 1, 1, "2025-02-28"),
        ("2024-02-29", "year", 1, 4, "2028-02-29"),
        ("2026-03-29", "day", 1, 1, "2026-03-30"),
        ("2026-12-31", "week", 2, 3, "2027-02-11"),
        ("2025-11-30", "month", 3, 1, "2026-02-28"),
        ("2026-03-31", "month", 1, -1, "2026-02-28"),
        ("2026-01-31", "month", 5, 0, "2026-01-31"),
    ],
)
def test_nth_date_counts_from_the_anchor(anchor: str, unit: str, every: int, n: int, expected: str) -> None:
    assert nth_date(date.fromisoformat(anchor), unit=unit, every=every, n=n) == date.fromisoformat(expected)


@given(days, st.integers(1, 6), st.integers(0, 300))
def test_months_never_drift(anchor: date, every: int, n: int) -> None:
    on = nth_date(anchor, unit="month", every=every, n=n)
    assert (on.year * 12 + on.month) - (anchor.year * 12 + anchor.month) == every * n
    assert on.day == min(anchor.day, monthrange(on.year, on.month)[1])


@given(days, st.integers(1, 6), st.integers(0, 300))
def test_weeks_keep_their_weekday(anchor: date, every: int, n: int) -> None:
    assert nth_date(anchor, unit="week", every=every, n=n) - anchor == timedelta(weeks=every * n)


@pytest.mark.parametrize(
    ("unit", "every", "n"),
    [("fortnight", 1, 1), ("month", 0, 1), ("day", -1, 1), ("year", 1, 8000), ("day", 1, 10**7), ("week", 1, 10**12)],
)
def test_nth_date_refuses_what_is_not_in_the_calendar(unit: str, every: int, n: int) -> None:
    with pytest.raises(InvalidRecurrence):
        nth_date(ISSUED, unit=unit, every=every, n=n)


def test_b7_b8_agreed_parts_of_any_amount_and_the_rest_with_the_last() -> None:
    parts = ((date(2026, 3, 1), 1_000_000), (date(2026, 6, 15), 750_000), (date(2026, 12, 31), 1))
    due = due_items(Terms("net", parts=parts), issued_on=date(2026, 3, 1), total_minor=5_000_000)
    assert [(item.due_on.isoformat(), item.amount_minor, item.kind) for item in due] == [
        ("2026-03-01", 1_000_000, "deposit"),
        ("2026-06-15", 750_000, "instalment"),
        ("2026-12-31", 3_250_000, "instalment"),
    ]
    short = due_items(Terms("net", parts=parts), issued_on=date(2026, 7, 1), total_minor=1_200_000)
    assert [(item.due_on.isoformat(), item.amount_minor) for item in short] == [
        ("2026-07-01", 750_000),
        ("2026-07-01", 450_000),
    ]
    with pytest.raises(InvalidTerms):
        Terms("net", parts=((date(2026, 1, 1), 0),))
