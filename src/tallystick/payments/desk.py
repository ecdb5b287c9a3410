"""The allocation desk: moving money between invoices, applying credit, and closing small rests."""

from __future__ import annotations

import re
from datetime import date, datetime
from uuid import UUID

from tallystick.base import direct, events, tenant
from tallystick.core.allocation import allocate
from tallystick.core.brake import scaled
from tallystick.customers.lock import lock_customers
from tallystick.invoices import queries as invoices
from tallystick.payments._allocate import (
    WRITE_OFF,
    Source,
    standing_allocations,
    take_back,
    write_allocations,
    write_credit,
)
from tallystick.payments.allocate import allocate_payment
from tallystick.payments.errors import NoSuchPayment, NotAllocated, NothingToPay, NotSmall
from tallystick.payments.models import Allocation, Payment, Refund, WriteOff
from tallystick.payments.refund import request_refund
from tallystick.payments.rules import rules


def move_allocation(
    *,
    seller_id: UUID,
    allocation_id: UUID,
    to_invoice_id: UUID | None,
    now: datetime,
    today: date,
    actor_id: UUID | None = None,
) -> int:
    """Take one allocation of a payment back, and put the money onto another invoice, or leave it unapplied (None).

    Returns what the other invoice took; the rest stays the customer's credit. Nothing is edited: the row is reversed and
    a new one written. Locks the customer. Raises NotAllocated when it was taken back before.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        row = Allocation.objects.filter(id=allocation_id, payment__isnull=False).first()
        if row is None or row.payment_id is None:
            raise NotAllocated(str(allocation_id))
        payment = _lock(row.payment_id)
        standing = [each for each in standing_allocations(payment.id) if each.id == allocation_id]
        if not standing:
            raise NotAllocated(str(allocation_id))
        amount = standing[0].amount_minor
        take_back(payment, amount, now=now, on=today, rows=standing)
        moved = 0
        if to_invoice_id:
            items = invoices.open_items(payment.customer_id, currency=payment.currency, invoice_ids=[to_invoice_id])
            shared = allocate(amount, items, spill=True)
            write_allocations(payment, shared.shares, items=items, now=now, on=today)
            moved = amount - shared.rest_minor
        Payment.objects.filter(id=payment.id).update(allocated_minor=payment.allocated_minor)
        events.record(
            "allocation.moved",
            seller_id=seller_id,
            subject_id=payment.id,
            customer_id=payment.customer_id,
            now=now,
            actor_id=actor_id,
            from_invoice_id=str(row.invoice_id),
            to_invoice_id=str(to_invoice_id or ""),
            amount_minor=amount,
            currency=payment.currency,
        )
        return moved


def apply_credit_of(
    *, seller_id: UUID, customer_id: UUID, now: datetime, today: date, actor_id: UUID | None = None
) -> int:
    """Put all of a customer's unapplied payments onto invoices: first where a payment's reference names one, else the
    oldest due first. Returns the minor units moved, over all currencies. Locks the customer.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers([customer_id])
        moved = 0
        free = Payment.objects.filter(customer_id=customer_id, unapplied_minor__gt=0).order_by("received_on", "id")
        for payment in free:
            for wanted in (_named(payment), None):
                if wanted == {}:
                    continue
                moved += allocate_payment(
                    seller_id=seller_id,
                    payment_id=payment.id,
                    wanted=wanted,
                    now=now,
                    today=today,
                    actor_id=actor_id,
                )
        return moved


def _named(payment: Payment) -> dict[UUID, int]:
    """Return what a payment's reference names: invoice id → what it still owes, within the money there is."""
    words = set(re.findall(r"[\w/.-]+", f"{payment.reference} {payment.note}".upper()))
    if not words:
        return {}
    left, wanted = payment.unapplied_minor, dict[UUID, int]()
    for row in invoices.open_invoices_of(payment.customer_id):
        is_named = (row.number or "").upper() in words and row.currency == payment.currency
        if is_named and left > 0:
            wanted[row.id] = min(left, row.open_minor)
            left -= wanted[row.id]
    return wanted


def write_off(
    *,
    seller_id: UUID,
    write_off_id: UUID,
    invoice_id: UUID,
    reason: str,
    now: datetime,
    today: date,
    may_be_large: bool = False,
    actor_id: UUID | None = None,
) -> int:
    """Give up what an invoice still owes, book it as a loss, and return the minor units. Idempotent by `write_off_id`.

    Beyond the seller's threshold only with `may_be_large` (for roles that may). Locks the customer. Raises NotSmall,
    NothingToPay.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        row = invoices.standing(invoice_id)
        lock_customers([row.customer_id])
        known = WriteOff.objects.filter(id=write_off_id, invoice_id=invoice_id).first()
        if known:
            return known.amount_minor
        items = invoices.open_items(row.customer_id, currency=row.currency, invoice_ids=[invoice_id])
        amount, most = sum(item.open_minor for item in items), scaled(rules().write_off_minor, row.currency)
        if amount <= 0:
            raise NothingToPay(str(invoice_id))
        if amount > most and not may_be_large:
            raise NotSmall(most)
        WriteOff.objects.create(
            id=write_off_id,
            seller_id=seller_id,
            customer_id=row.customer_id,
            invoice_id=invoice_id,
            amount_minor=amount,
            currency=row.currency,
            reason=reason[:200],
            written_off_on=today,
            recorded_at=now,
            recorded_by=actor_id,
        )
        source = Source(WRITE_OFF, write_off_id, seller_id, row.customer_id, row.currency)
        write_credit(source, allocate(amount, items, spill=True).shares, items=items, on=today, now=now)
        events.record(
            "invoice.written_off",
            seller_id=seller_id,
            subject_id=invoice_id,
            customer_id=row.customer_id,
            now=now,
            actor_id=actor_id,
            amount_minor=amount,
            currency=row.currency,
            reason=reason[:200],
        )
        return amount


def keep_rest(
    *, seller_id: UUID, refund_id: UUID, payment_id: UUID, now: datetime, actor_id: UUID | None = None
) -> Refund:
    """Close a small overpayment: what a payment has left, within the threshold, is booked as ours. Raises NotSmall."""
    with tenant.tx(seller_id, actor_id=actor_id):
        payment = _lock(payment_id)
        most = scaled(rules().write_off_minor, payment.currency)
        if payment.unapplied_minor > most:
            raise NotSmall(most)
        return request_refund(
            seller_id=seller_id,
            refund_id=refund_id,
            payment_id=payment_id,
            amount_minor=payment.unapplied_minor,
            reason="small_rest",
            method="write_off",
            now=now,
            actor_id=actor_id,
        )


def _lock(payment_id: UUID) -> Payment:
    lock_customers(Payment.objects.filter(id=payment_id).values_list("customer_id", flat=True))
    payment = direct.find(Payment, payment_id, lock=True)
    if payment is None:
        raise NoSuchPayment(str(payment_id))
    return payment
