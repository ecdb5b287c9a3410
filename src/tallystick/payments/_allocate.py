"""Writing allocations: rows, due items, the book and the facts, for money that is already booked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from tallystick.base import events
from tallystick.base.ids import new_id
from tallystick.base.rows import insert_rows
from tallystick.core import postings
from tallystick.core.allocation import Share
from tallystick.invoices.queries import OwedItem
from tallystick.invoices.settle import Settled, Settlement, consume_credit_note, settle_due_items
from tallystick.ledger.post import Entry, post_entries
from tallystick.payments.models import Allocation, Payment

_ROW = {
    "id": "uuid",
    "seller_id": "uuid",
    "payment_id": "uuid",
    "credit_note_id": "uuid",
    "due_item_id": "uuid",
    "invoice_id": "uuid",
    "amount_minor": "bigint",
    "allocated_on": "date",
    "recorded_at": "timestamptz",
}


def received_entry(payment: Payment, money_account: str) -> Entry:
    """The book's entry for money received, by whatever channel: into `money_account`, to the customer's credit."""
    return Entry(
        id=new_id(),
        kind="payment.received",
        source_id=payment.id,
        subject_id=payment.id,
        customer_id=payment.customer_id,
        currency=payment.currency,
        effective_on=payment.received_on,
        postings=postings.payment_received(amount_minor=payment.amount_minor, money_account=money_account),
    )


def write_allocations(
    payment: Payment,
    shares: Sequence[Share],
    *,
    items: Sequence[OwedItem],
    now: datetime,
    on: date | None = None,
    entries: Sequence[Entry] = (),
    facts: Sequence[events.Fact] = (),
) -> None:
    """Put parts of a payment onto some of `items`, dated `on` (default: when it was received).

    Posts `entries` and records `facts` in the same statements: what books the payment itself. Counts the parts in
    `payment.allocated_minor`, which the caller saves. The caller holds the customer's lock.
    """
    payment.allocated_minor += sum(share.amount_minor for share in shares)
    _write(
        shares,
        items,
        seller_id=payment.seller_id,
        customer_id=payment.customer_id,
        currency=payment.currency,
        on=on or payment.received_on,
        now=now,
        payment_id=payment.id,
        entries=entries,
        facts=facts,
    )


def invoices_in(shares: Sequence[Share], items: Sequence[OwedItem]) -> list[UUID]:
    """Return the invoices that shares go to, each once, in order."""
    invoice_of = {item.id: item.invoice_id for item in items}
    return list(dict.fromkeys(invoice_of[share.id] for share in shares))


def write_credit(
    credit_note_id: UUID,
    shares: Sequence[Share],
    *,
    items: Sequence[OwedItem],
    seller_id: UUID,
    customer_id: UUID,
    currency: str,
    on: date,
    now: datetime,
) -> None:
    """Put parts of a credit note onto some of `items`. The caller holds the customer's lock."""
    if not shares:
        return
    consume_credit_note(credit_note_id, amount_minor=sum(share.amount_minor for share in shares))
    _write(
        shares,
        items,
        seller_id=seller_id,
        customer_id=customer_id,
        currency=currency,
        on=on,
        now=now,
        credit_note_id=credit_note_id,
    )


def _write(
    shares: Sequence[Share],
    items: Sequence[OwedItem],
    *,
    seller_id: UUID,
    customer_id: UUID,
    currency: str,
    on: date,
    now: datetime,
    payment_id: UUID | None = None,
    credit_note_id: UUID | None = None,
    entries: Sequence[Entry] = (),
    facts: Sequence[events.Fact] = (),
) -> None:
    invoice_of = {item.id: item.invoice_id for item in items}
    rows = [
        Allocation(
            id=new_id(),
            seller_id=seller_id,
            payment_id=payment_id,
            credit_note_id=credit_note_id,
            due_item_id=share.id,
            invoice_id=invoice_of[share.id],
            amount_minor=share.amount_minor,
            allocated_on=on,
            recorded_at=now,
        )
        for share in shares
    ]
    insert_rows("allocation", _ROW, [[getattr(row, name) for name in _ROW] for row in rows])
    settled = settle_due_items(
        [
            Settlement(s.id, paid_minor=s.amount_minor)
            if payment_id
            else Settlement(s.id, credited_minor=s.amount_minor)
            for s in shares
        ]
    )
    moves = [
        Entry(
            id=new_id(),
            kind="credit.allocated",
            source_id=row.id,
            subject_id=row.invoice_id,
            customer_id=customer_id,
            currency=currency,
            effective_on=on,
            postings=postings.credit_allocated(amount_minor=row.amount_minor),
        )
        for row in rows
    ]
    post_entries([*entries, *moves], seller_id=seller_id, now=now)
    events.record_all([*facts, *_facts(rows, settled, customer_id, currency, now)])


def _facts(
    rows: Sequence[Allocation], settled: Sequence[Settled], customer_id: UUID, currency: str, now: datetime
) -> list[events.Fact]:
    if not rows:
        return []
    name = "payment_id" if rows[0].payment_id else "credit_note_id"
    source = {name: str(getattr(rows[0], name))}
    return [
        events.Fact(
            new_id(),
            rows[0].seller_id,
            "invoice.paid" if not s.open_minor else "invoice.part_paid",
            s.invoice_id,
            customer_id,
            {
                **source,
                "currency": currency,
                "amount_minor": sum(r.amount_minor for r in rows if r.invoice_id == s.invoice_id),
                "open_minor": s.open_minor,
            },
            None,
            now,
        )
        for s in settled
    ]
