"""Writing allocations: rows, due items, the book and the facts, for money that is already booked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from tallystick.base import events
from tallystick.base.ids import new_id
from tallystick.core import postings
from tallystick.core.allocation import Share
from tallystick.invoices.queries import invoice_ids_of
from tallystick.invoices.settle import Settled, Settlement, consume_credit_note, settle_due_items
from tallystick.ledger.post import Entry, post_entries
from tallystick.payments.models import Allocation, Payment


def write_allocations(
    payment: Payment, shares: Sequence[Share], *, now: datetime, on: date | None = None
) -> list[Settled]:
    """Put parts of a payment onto due items, dated `on` (default: when it was received). The caller holds the customer's lock."""
    if not shares:
        return []
    moved = sum(share.amount_minor for share in shares)
    payment.allocated_minor += moved
    Payment.objects.filter(id=payment.id).update(allocated_minor=payment.allocated_minor)
    return _write(
        shares,
        seller_id=payment.seller_id,
        customer_id=payment.customer_id,
        currency=payment.currency,
        on=on or payment.received_on,
        now=now,
        payment_id=payment.id,
    )


def write_credit(
    credit_note_id: UUID,
    shares: Sequence[Share],
    *,
    seller_id: UUID,
    customer_id: UUID,
    currency: str,
    on: date,
    now: datetime,
) -> list[Settled]:
    """Put parts of a credit note onto due items. The caller holds the customer's lock."""
    if not shares:
        return []
    consume_credit_note(credit_note_id, amount_minor=sum(share.amount_minor for share in shares))
    return _write(
        shares,
        seller_id=seller_id,
        customer_id=customer_id,
        currency=currency,
        on=on,
        now=now,
        credit_note_id=credit_note_id,
    )


def _write(
    shares: Sequence[Share],
    *,
    seller_id: UUID,
    customer_id: UUID,
    currency: str,
    on: date,
    now: datetime,
    payment_id: UUID | None = None,
    credit_note_id: UUID | None = None,
) -> list[Settled]:
    invoice_of = invoice_ids_of([share.id for share in shares])
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
    Allocation.objects.bulk_create(rows)
    settled = settle_due_items(
        [
            Settlement(s.id, paid_minor=s.amount_minor)
            if payment_id
            else Settlement(s.id, credited_minor=s.amount_minor)
            for s in shares
        ]
    )
    post_entries(
        [
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
        ],
        seller_id=seller_id,
        now=now,
    )
    _tell(rows, settled, customer_id, currency, now)
    return settled


def _tell(
    rows: Sequence[Allocation], settled: Sequence[Settled], customer_id: UUID, currency: str, now: datetime
) -> None:
    source = (
        {"payment_id": str(rows[0].payment_id)}
        if rows[0].payment_id
        else {"credit_note_id": str(rows[0].credit_note_id)}
    )
    events.record_all(
        [
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
    )
