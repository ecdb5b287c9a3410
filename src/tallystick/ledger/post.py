"""Posting to the book."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from tallystick.base.rows import insert_rows, unnest
from tallystick.core.postings import RECEIVABLE, UNAPPLIED, Posting

LINE = {
    "entry_id": "uuid",
    "position": "smallint",
    "seller_id": "uuid",
    "account": "text",
    "customer_id": "uuid",
    "currency": "text",
    "amount_minor": "bigint",
}
ENTRY = {
    "id": "uuid",
    "seller_id": "uuid",
    "kind": "text",
    "source_id": "uuid",
    "subject_id": "uuid",
    "effective_on": "date",
    "recorded_at": "timestamptz",
}
_OF_CUSTOMER = frozenset({RECEIVABLE, UNAPPLIED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry to post. `(kind, source_id)` is what makes it happen once; `subject_id` is the document or payment it is about.

    `customer_id` is None for what is about no customer, as a payout is; such an entry touches no customer's account.
    """

    id: UUID
    kind: str
    source_id: UUID
    subject_id: UUID
    customer_id: UUID | None
    currency: str
    effective_on: date
    postings: tuple[Posting, ...]


def post_entries(entries: Sequence[Entry], *, seller_id: UUID, now: datetime) -> None:
    """Post entries and move the customers' balances with them, in the caller's transaction.

    The caller holds the lock on every customer named. Entries without postings (a total of zero) are left out.
    Raises IntegrityError when an entry doesn't balance or was posted before.
    """
    entries = [entry for entry in entries if entry.postings]
    if not entries:
        return
    insert_rows("journal_line", LINE, _lines(entries, seller_id))
    insert_rows(
        "journal_entry",
        ENTRY,
        [(e.id, seller_id, e.kind, e.source_id, e.subject_id, e.effective_on, now) for e in entries],
    )
    _move_balances(entries, seller_id)


def _lines(entries: Sequence[Entry], seller_id: UUID) -> list[tuple[object, ...]]:
    return [
        (
            e.id,
            position,
            seller_id,
            p.account,
            e.customer_id if p.account in _OF_CUSTOMER else None,
            e.currency,
            p.amount_minor,
        )
        for e in entries
        for position, p in enumerate(e.postings, start=1)
    ]


def _move_balances(entries: Sequence[Entry], seller_id: UUID) -> None:
    moved: dict[tuple[UUID, str], list[int]] = defaultdict(lambda: [0, 0])
    for entry in entries:
        for posting in entry.postings:
            if entry.customer_id is None:
                continue
            if posting.account == RECEIVABLE:
                moved[entry.customer_id, entry.currency][0] += posting.amount_minor
            elif posting.account == UNAPPLIED:
                moved[entry.customer_id, entry.currency][1] -= posting.amount_minor
    if not moved:
        return
    rows = [(seller_id, customer, currency, *amounts) for (customer, currency), amounts in sorted(moved.items())]
    columns = {
        "seller_id": "uuid",
        "customer_id": "uuid",
        "currency": "text",
        "receivable_minor": "bigint",
        "unapplied_minor": "bigint",
    }
    source, parameters = unnest(columns, rows)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH moved (seller_id, customer_id, currency, receivable_minor, unapplied_minor) AS "
            f"(SELECT * FROM {source}), kept AS (UPDATE customer_balance b SET "
            "receivable_minor = b.receivable_minor + m.receivable_minor, "
            "unapplied_minor = b.unapplied_minor + m.unapplied_minor FROM moved m "
            "WHERE b.customer_id = m.customer_id AND b.currency = m.currency RETURNING b.customer_id, b.currency) "
            "INSERT INTO customer_balance (seller_id, customer_id, currency, receivable_minor, unapplied_minor) "
            "SELECT m.* FROM moved m WHERE NOT EXISTS "
            "(SELECT 1 FROM kept k WHERE k.customer_id = m.customer_id AND k.currency = m.currency)",
            parameters,
        )
