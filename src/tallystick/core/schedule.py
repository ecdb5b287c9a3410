"""When what is due: payment terms turned into dated amounts, and dates that recur without drifting."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from tallystick.core.errors import InvalidAmount, InvalidRecurrence, InvalidTerms
from tallystick.core.money import require_bounded, require_exact, round_ratio, split

_MONTHS = {"month": 1, "year": 12}
_DAYS = {"day": 1, "week": 7}


@dataclass(frozen=True, slots=True)
class DueItem:
    """A part of what an invoice owes: `amount_minor` above 0; `kind` is "deposit", "instalment" or "balance"."""

    due_on: date
    amount_minor: int
    kind: str


@dataclass(frozen=True, slots=True)
class Terms:
    """Payment terms: `days` after the issue date ("net") or after the end of its month ("end_of_month").

    A deposit (percent of the total, or minor units) falls due `deposit_days` after issue. The rest is split in
    `instalments`, the first at the terms' due date, the next `interval_months` apart.

    `parts` are dates and minor units agreed one by one, in place of all that: what they leave of the total falls due
    at the last of them; beyond the total nothing is owed.
    """

    kind: str
    days: int = 0
    deposit_percent: Decimal | None = None
    deposit_minor: int | None = None
    deposit_days: int = 0
    instalments: int = 1
    interval_months: int = 1
    parts: tuple[tuple[date, int], ...] = ()

    def __post_init__(self) -> None:
        """Refuse unknown kinds, negative numbers and two deposits (InvalidTerms), and NaN (InvalidAmount)."""
        if self.kind not in {"net", "end_of_month"}:
            raise InvalidTerms(f"{self.kind!r} is neither net nor end_of_month")
        if min(self.days, self.deposit_days) < 0 or min(self.instalments, self.interval_months) < 1:
            raise InvalidTerms("days can't be negative, nor instalments or months below 1")
        if any(require_bounded(amount_minor) <= 0 for _, amount_minor in self.parts):
            raise InvalidTerms("an agreed part is above zero")
        if self.deposit_percent is not None and self.deposit_minor is not None:
            raise InvalidTerms("a deposit is a percentage or an amount, not both")
        if self.deposit_minor is not None and require_bounded(self.deposit_minor) < 0:
            raise InvalidTerms("a deposit can't be negative")
        if self.deposit_percent is not None:
            require_exact(self.deposit_percent)
            if not 0 <= self.deposit_percent <= 100:
                raise InvalidTerms(f"a deposit of {self.deposit_percent} % is out of range")


def due_items(terms: Terms, *, issued_on: date, total_minor: int) -> tuple[DueItem, ...]:
    """Return the dated parts of `total_minor` (minor units), deposit first; they sum exactly to it, none is 0.

    A fixed deposit above the total is the whole total; a deposit is never due after the first part of the rest.
    A total of 0 owes nothing: (). Raises InvalidAmount for a negative total; InvalidRecurrence past the year 9999.
    """
    if total_minor < 0:
        raise InvalidAmount("a negative total is owed to the customer; it is never due")
    if terms.parts:
        return _agreed(terms, issued_on, total_minor)
    first_due_on = _due_on(terms, issued_on)
    deposit_minor = _deposit(terms, total_minor)
    deposit_on = min(first_due_on, _shift_days(issued_on, terms.deposit_days)) if deposit_minor else first_due_on
    kind = "balance" if terms.instalments == 1 else "instalment"
    rest = split(total_minor - deposit_minor, [1] * terms.instalments)
    items = [DueItem(deposit_on, deposit_minor, "deposit")]
    for n, amount_minor in enumerate(rest):
        due_on = nth_date(first_due_on, unit="month", every=terms.interval_months, n=n) if n else first_due_on
        items.append(DueItem(due_on, amount_minor, kind))
    return tuple([item for item in items if item.amount_minor])


def _agreed(terms: Terms, issued_on: date, total_minor: int) -> tuple[DueItem, ...]:
    """The parts in order of their dates, none before the issue date, and the rest with the last of them."""
    left, items = total_minor, list[DueItem]()
    parts = sorted((max(due_on, issued_on), amount_minor) for due_on, amount_minor in terms.parts)
    for at, (due_on, amount_minor) in enumerate(parts):
        owed = left if at == len(parts) - 1 else min(left, amount_minor)
        kind = "deposit" if at == 0 and due_on == issued_on else "instalment"
        items.append(DueItem(due_on, owed, kind))
        left -= owed
    return tuple([item for item in items if item.amount_minor])


def nth_date(anchor: date, *, unit: str, every: int, n: int) -> date:
    """Return `anchor` plus `n` times `every` units ("day", "week", "month", "year").

    Always counted from the anchor and clamped to the month's end, so it never drifts: 31 Jan, 28 Feb, 31 Mar.
    Raises InvalidRecurrence for an unknown unit, `every` below 1, or a year outside 1 to 9999.
    """
    if every < 1:
        raise InvalidRecurrence("a recurrence steps by one unit or more")
    if unit in _DAYS:
        return _shift_days(anchor, _DAYS[unit] * every * n)
    if unit not in _MONTHS:
        raise InvalidRecurrence(f"{unit!r} is not day, week, month or year")
    year, month_index = divmod(anchor.year * 12 + anchor.month - 1 + _MONTHS[unit] * every * n, 12)
    if not date.min.year <= year <= date.max.year:
        raise InvalidRecurrence(f"the year {year} is outside the calendar")
    month = month_index + 1
    return date(year, month, min(anchor.day, monthrange(year, month)[1]))


def _due_on(terms: Terms, issued_on: date) -> date:
    if terms.kind == "net":
        return _shift_days(issued_on, terms.days)
    month_end = issued_on.replace(day=monthrange(issued_on.year, issued_on.month)[1])
    return _shift_days(month_end, terms.days)


def _deposit(terms: Terms, total_minor: int) -> int:
    if terms.deposit_percent is not None:
        parts, whole = terms.deposit_percent.as_integer_ratio()
        return round_ratio(total_minor * parts, whole * 100)
    return min(terms.deposit_minor or 0, total_minor)


def _shift_days(anchor: date, days: int) -> date:
    try:
        return anchor + timedelta(days=days)
    except OverflowError:
        raise InvalidRecurrence(f"{days} days from {anchor} is outside the calendar") from None
