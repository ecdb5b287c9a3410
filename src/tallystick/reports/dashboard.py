"""What the Today page shows: who owes how much and how late, what came in, what comes next, what needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

BUCKETS = ("not_due", "to_30", "to_60", "to_90", "over_90")
_OUTSTANDING = """
SELECT i.currency, CASE WHEN d.due_on >= %(on)s THEN 0 WHEN d.due_on >= %(on)s - 30 THEN 1
                        WHEN d.due_on >= %(on)s - 60 THEN 2 WHEN d.due_on >= %(on)s - 90 THEN 3 ELSE 4 END AS bucket,
       sum(d.open_minor)::bigint, count(DISTINCT d.invoice_id)
FROM due_item d JOIN invoice i ON i.id = d.invoice_id
WHERE d.open_minor > 0 AND (%(customer)s::uuid IS NULL OR d.customer_id = %(customer)s) GROUP BY 1, 2
"""
_MONEY = """
SELECT 'now' AS what, currency, sum(amount_minor)::bigint, count(*) FROM payment
  WHERE received_on BETWEEN %(start)s AND %(on)s GROUP BY 2
UNION ALL
SELECT 'before', currency, sum(amount_minor)::bigint, count(*) FROM payment
  WHERE received_on BETWEEN %(start_before)s AND %(on_before)s GROUP BY 2
UNION ALL
SELECT 'next', i.currency, sum(d.open_minor)::bigint, count(DISTINCT i.id)
  FROM due_item d JOIN invoice i ON i.id = d.invoice_id
  WHERE d.open_minor > 0 AND d.due_on BETWEEN %(on)s AND %(on)s + 30 GROUP BY 2
UNION ALL
SELECT 'credit', currency, sum(unapplied_minor)::bigint, count(*) FROM customer_balance
  WHERE unapplied_minor > 0 GROUP BY 2
"""
_ATTENTION = """
SELECT (SELECT count(*) FROM message WHERE state = 'failed'),
       (SELECT count(*) FROM message WHERE state = 'skipped' AND reason = 'no_address' AND created_at > now() - interval '14 days'),
       (SELECT count(*) FROM charge_attempt WHERE state IN ('unknown', 'sent', 'canceling')),
       (SELECT count(*) FROM payment WHERE flag <> '' AND unapplied_minor > 0),
       (SELECT count(*) FROM invoice WHERE number IS NULL),
       (SELECT count(*) FROM invoice WHERE number IS NOT NULL AND kind = 'invoice' AND open_minor > 0 AND sent_at IS NULL),
       (SELECT count(*) FROM message WHERE state = 'held')
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is open in one stretch of lateness, in minor units, on `count` invoices."""

    name: str
    amount_minor: int
    count: int


@dataclass(frozen=True, slots=True)
class Aging:
    """What is open in one currency, by how late it is."""

    currency: str
    buckets: tuple[Bucket, ...]

    @property
    def total_minor(self) -> int:
        """Everything open."""
        return sum(bucket.amount_minor for bucket in self.buckets)

    @property
    def count(self) -> int:
        """Invoices with something open; one that is open in two stretches counts in both."""
        return sum(bucket.count for bucket in self.buckets)

    def share(self, bucket: Bucket) -> int:
        """Return the bucket's part of the total in whole percent."""
        return (100 * bucket.amount_minor + self.total_minor // 2) // self.total_minor if self.total_minor else 0


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum in one currency, in minor units, over `count` things."""

    currency: str
    amount_minor: int
    count: int


@dataclass(frozen=True, slots=True)
class Collected:
    """Money received this month so far, and in the same days of the month before, in minor units."""

    currency: str
    now_minor: int
    before_minor: int

    @property
    def change_percent(self) -> int | None:
        """By how many percent it is more or less, or None when there was nothing to compare with."""
        if not self.before_minor:
            return None
        return (100 * (self.now_minor - self.before_minor)) // self.before_minor


@dataclass(frozen=True, slots=True)
class Attention:
    """How many things wait for a person, by kind."""

    failed_messages: int
    no_address: int
    unknown_attempts: int
    flagged_payments: int
    drafts: int
    unsent: int
    held_messages: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The Today page."""

    outstanding: tuple[Aging, ...]
    collected: tuple[Collected, ...]
    due_next: tuple[Amount, ...]
    credit: tuple[Amount, ...]
    attention: Attention
    since: date
    since_before: date
    until_before: date


def dashboard(*, on: date, currency: str) -> Dashboard:
    """Return the figures of a business date, the seller's own `currency` first. Three queries. Inside `tenant.tx`."""
    start = on.replace(day=1)
    end_before = start - timedelta(days=1)
    start_before = end_before.replace(day=1)
    on_before = end_before.replace(day=min(on.day, end_before.day))
    dates = {"on": on, "start": start, "start_before": start_before, "on_before": on_before}
    money = _rows(_MONEY, dates)
    amounts = {
        what: tuple(Amount(*row[1:]) for row in _own_first(money, currency, at=1) if row[0] == what)
        for what in ("now", "before", "next", "credit")
    }
    return Dashboard(
        outstanding=_aging(_rows(_OUTSTANDING, {"on": on, "customer": None}), currency),
        collected=_collected(amounts["now"], amounts["before"], currency),
        due_next=amounts["next"],
        credit=amounts["credit"],
        attention=Attention(*_rows(_ATTENTION, {})[0]),
        since=start,
        since_before=start_before,
        until_before=on_before,
    )


def aging_of_customer(customer_id: UUID, *, on: date) -> tuple[Aging, ...]:
    """Return what one customer owes, by currency and lateness. One query."""
    return _aging(_rows(_OUTSTANDING, {"on": on, "customer": customer_id}), "")


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _own_first(rows: list[tuple[Any, ...]], currency: str, *, at: int) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: (row[at] != currency, row[at]))


def _aging(rows: list[tuple[Any, ...]], currency: str) -> tuple[Aging, ...]:
    found: dict[str, dict[int, tuple[int, int]]] = {}
    for code, bucket, amount, count in _own_first(rows, currency, at=0):
        found.setdefault(code, {})[bucket] = (amount, count)
    return tuple(
        Aging(code, tuple(Bucket(name, *held.get(at, (0, 0))) for at, name in enumerate(BUCKETS)))
        for code, held in found.items()
    )


def _collected(now: tuple[Amount, ...], before: tuple[Amount, ...], currency: str) -> tuple[Collected, ...]:
    new, old = ({a.currency: a.amount_minor for a in side} for side in (now, before))
    codes = sorted({*new, *old}, key=lambda code: (code != currency, code))
    return tuple(Collected(code, new.get(code, 0), old.get(code, 0)) for code in codes)
