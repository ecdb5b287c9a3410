"""Saying which invoice unapplied money pays, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from tallystick.base import direct, events, tenant
from tallystick.core.allocation import allocate
from tallystick.customers.lock import lock_customers
from tallystick.invoices import queries as invoices
from tallystick.payments._allocate import CREDIT_NOTE, Source, invoices_in, write_allocations, write_credit
from tallystick.payments._wish import share_payment
from tallystick.payments.errors import NoSuchPayment, NotUnapplied
from tallystick.payments.models import Payment


def allocate_payment(
    *,
    seller_id: UUID,
    payment_id: UUID,
    wanted: Mapping[UUID, int] | None,
    now: datetime,
    today: date,
    actor_id: UUID | None = None,
) -> int:
    """Put a payment's unapplied money onto invoices: as wanted (invoice id → minor units), else oldest due first.

    What is set aside for a refund stays where it is.

    Returns the amount moved. Locks the customer. Raises NoSuchPayment, NotUnapplied, core's OverAllocated.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers(Payment.objects.filter(id=payment_id).values_list("customer_id", flat=True))
        payment = direct.find(Payment, payment_id, lock=True)
        if payment is None:
            raise NoSuchPayment(str(payment_id))
        free = max(payment.unapplied_minor - payment.refund_reserved_minor, 0)
        if wanted is not None and sum(wanted.values()) > free:
            raise NotUnapplied(str(free))
        items, shared = share_payment(payment, free, wanted)
        if shared.shares:
            write_allocations(payment, shared.shares, items=items, now=now, on=today)
            Payment.objects.filter(id=payment.id).update(allocated_minor=payment.allocated_minor)
            events.record(
                "payment.allocated",
                seller_id=seller_id,
                subject_id=payment_id,
                customer_id=payment.customer_id,
                now=now,
                actor_id=actor_id,
                invoice_ids=[str(key) for key in invoices_in(shared.shares, items)],
            )
        return sum(share.amount_minor for share in shared.shares)


def apply_credit_note(*, seller_id: UUID, credit_note_id: UUID, now: datetime, today: date) -> int:
    """Apply an issued credit note to the invoice it credits, up to what is open there; the rest stays unapplied.

    Returns the amount applied now. Idempotent: what is applied already isn't applied again. Locks the customer.
    """
    with tenant.tx(seller_id):
        note = invoices.standing(credit_note_id)
        lock_customers([note.customer_id])
        note = invoices.standing(credit_note_id)
        if note.kind != "credit_note" or note.credits_id is None:
            return 0
        items = invoices.open_items(note.customer_id, currency=note.currency, invoice_ids=[note.credits_id])
        shared = allocate(note.open_minor, items, spill=True)
        source = Source(CREDIT_NOTE, credit_note_id, seller_id, note.customer_id, note.currency)
        write_credit(source, shared.shares, items=items, on=today, now=now)
        return sum(share.amount_minor for share in shared.shares)


def reapply_credit_notes(*, seller_id: UUID, invoice_id: UUID, now: datetime, today: date) -> int:
    """Put the credit notes of an invoice that is open again onto it, as far as they have anything left. See above."""
    with tenant.tx(seller_id):
        notes = [note.id for note in invoices.credit_notes_of(invoice_id)]
        return sum(
            apply_credit_note(seller_id=seller_id, credit_note_id=note_id, now=now, today=today) for note_id in notes
        )
