"""Money reaches due items: the only place that moves what an invoice still owes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from tallystick.base.rows import unnest

_SETTLE = """
WITH moved (due_item_id, paid_minor, credited_minor) AS (SELECT * FROM {moved}),
items AS (
  UPDATE due_item d SET settled_minor = d.settled_minor + m.paid_minor + m.credited_minor
  FROM moved m WHERE d.id = m.due_item_id RETURNING d.id, d.invoice_id, d.due_on, d.open_minor, m.paid_minor, m.credited_minor),
sums AS (
  SELECT i.invoice_id, sum(i.paid_minor) AS paid, sum(i.credited_minor) AS credited,
    least(min(i.due_on) FILTER (WHERE i.open_minor > 0),
      (SELECT min(o.due_on) FROM due_item o WHERE o.invoice_id = i.invoice_id AND o.open_minor > 0
         AND o.id NOT IN (SELECT id FROM items))) AS due_on
  FROM items i GROUP BY i.invoice_id)
UPDATE invoice v SET allocated_minor = v.allocated_minor + s.paid, credited_minor = v.credited_minor + s.credited,
  due_on = coalesce(s.due_on, v.due_on)
FROM sums s WHERE v.id = s.invoice_id RETURNING v.id, v.open_minor, v.total_minor
"""


@dataclass(frozen=True, slots=True)
class Settlement:
    """An amount moved onto a due item, in minor units: paid by money or credited by a credit note. Negative takes it back."""

    due_item_id: UUID
    paid_minor: int = 0
    credited_minor: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """An invoice after the move."""

    invoice_id: UUID
    open_minor: int
    total_minor: int


def settle_due_items(settlements: Sequence[Settlement]) -> list[Settled]:
    """Move amounts onto due items and their invoices, in the caller's transaction. One statement.

    The caller holds the customers' locks. Raises IntegrityError (`due_item_settled`, `invoice_never_overpaid`) when more
    would be settled than is owed.
    """
    if not settlements:
        return []
    rows = [(s.due_item_id, s.paid_minor, s.credited_minor) for s in settlements]
    source, parameters = unnest({"due_item_id": "uuid", "paid_minor": "bigint", "credited_minor": "bigint"}, rows)
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE.format(moved=source), parameters)
        return [Settled(*row) for row in cursor.fetchall()]


def consume_credit_note(credit_note_id: UUID, *, amount_minor: int) -> None:
    """Note that part of a credit note has been applied, in the caller's transaction, under the customer's lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE invoice SET allocated_minor = allocated_minor + %s WHERE id = %s AND kind = 'credit_note'",
            [amount_minor, credit_note_id],
        )
