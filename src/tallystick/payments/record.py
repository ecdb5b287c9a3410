"""Money staff received by hand: cash, a cheque, a transfer, the card machine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.core import postings
from tallystick.core.allocation import Allocation, OpenItem, allocate
from tallystick.customers.lock import lock_customers
from tallystick.invoices import queries as invoices
from tallystick.invoices.numbers import take_numbers
from tallystick.ledger.post import Entry, post_entries
from tallystick.payments._allocate import write_allocations
from tallystick.payments._wish import share_out
from tallystick.payments.models import Payment

METHODS: Mapping[str, str] = {
    "transfer": postings.BANK,
    "cash": postings.CASH,
    "cheque": postings.CHEQUES,
    "card_machine": postings.CARD_MACHINE,
}


def record_payment(
    *,
    seller_id: UUID,
    payment_id: UUID,
    customer_id: UUID,
    method: str,
    amount_minor: int,
    currency: str,
    received_on: date,
    now: datetime,
    wanted: Mapping[UUID, int] | None = None,
    reference: str = "",
    note: str = "",
    actor_id: UUID | None = None,
) -> Payment:
    """Book money received and allocate it: as `wanted` (invoice id → minor units), else to the oldest due first.

    What isn't allocated becomes the customer's credit. Idempotent by `payment_id`, so a second click books nothing.
    Locks the customer. Raises ValueError for an unknown method, core's OverAllocated when a wish exceeds what is open.
    """
    money_account = METHODS[method]
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers([customer_id])
        known = Payment.objects.filter(id=payment_id).first()
        if known:
            return known
        items = invoices.open_items(customer_id, currency=currency)
        shared = _share(items, amount_minor, wanted)
        payment = Payment(
            id=payment_id,
            seller_id=seller_id,
            customer_id=customer_id,
            method=method,
            amount_minor=amount_minor,
            currency=currency,
            received_on=received_on,
            recorded_at=now,
            recorded_by=actor_id,
            reference=reference[:140],
            note=note,
            flag="overpaid" if shared.rest_minor and wanted is None and items else "",
        )
        payment.save(force_insert=True)
        post_entries([_entry(payment, money_account)], seller_id=seller_id, now=now)
        settled = write_allocations(payment, shared.shares, now=now)
        number = take_numbers([(payment_id, "payment")], seller_id=seller_id, on=received_on)[payment_id]
        Payment.objects.filter(id=payment_id).update(number=number.number)
        payment.number = number.number
        events.record(
            "payment.received",
            seller_id=seller_id,
            subject_id=payment_id,
            customer_id=customer_id,
            now=now,
            actor_id=actor_id,
            amount_minor=amount_minor,
            currency=currency,
            method=method,
            invoice_ids=[str(s.invoice_id) for s in settled],
            flag=payment.flag,
        )
        return payment


def _share(items: list[OpenItem], amount_minor: int, wanted: Mapping[UUID, int] | None) -> Allocation:
    if wanted is None:
        return allocate(amount_minor, items, spill=True)
    return share_out(wanted, items, amount_minor=amount_minor)


def _entry(payment: Payment, money_account: str) -> Entry:
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
