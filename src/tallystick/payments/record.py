"""Money staff received by hand: cash, a cheque, a transfer, the card machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from tallystick.base import direct, events, tenant
from tallystick.base.ids import new_id
from tallystick.base.rows import insert_rows
from tallystick.core import postings
from tallystick.customers.lock import lock_customers
from tallystick.invoices.numbers import take_numbers
from tallystick.payments._allocate import invoices_in, received_entry, write_allocations
from tallystick.payments._wish import share_payment
from tallystick.payments.models import Payment

METHODS: Mapping[str, str] = {
    "transfer": postings.BANK,
    "cash": postings.CASH,
    "cheque": postings.CHEQUES,
    "card_machine": postings.CARD_MACHINE,
}
_ROW = {
    "id": "uuid",
    "seller_id": "uuid",
    "customer_id": "uuid",
    "method": "text",
    "method_label": "text",
    "amount_minor": "bigint",
    "currency": "text",
    "received_on": "date",
    "recorded_at": "timestamptz",
    "recorded_by": "uuid",
    "reference": "text",
    "note": "text",
    "allocated_minor": "bigint",
    "flag": "text",
}
_ONCE = "ON CONFLICT (id) DO NOTHING"


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
        )
        if not insert_rows("payment", _ROW, [[getattr(payment, name) for name in _ROW]], on_conflict=_ONCE):
            return _known(payment)
        items, shared = share_payment(payment, amount_minor, wanted)
        payment.flag = "overpaid" if shared.rest_minor and wanted is None and items else ""
        write_allocations(
            payment,
            shared.shares,
            items=items,
            now=now,
            entries=[received_entry(payment, money_account)],
            facts=[_fact(payment, invoices_in(shared.shares, items))],
        )
        payment.number = take_numbers([(payment_id, "payment")], seller_id=seller_id, on=received_on)[payment_id].number
        Payment.objects.filter(id=payment_id).update(
            number=payment.number, allocated_minor=payment.allocated_minor, flag=payment.flag
        )
        return payment


def _known(payment: Payment) -> Payment:
    """The payment booked before. Another seller's can't be seen; inserting once more says that its id is taken."""
    found = direct.find(Payment, payment.id)
    if found is None:
        insert_rows("payment", _ROW, [[getattr(payment, name) for name in _ROW]])
    return found or payment


def _fact(payment: Payment, invoice_ids: Sequence[UUID]) -> events.Fact:
    data = {
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "method": payment.method,
        "invoice_ids": [str(invoice_id) for invoice_id in invoice_ids],
        "flag": payment.flag,
    }
    return events.Fact(
        new_id(),
        payment.seller_id,
        "payment.received",
        payment.id,
        payment.customer_id,
        data,
        payment.recorded_by,
        payment.recorded_at,
    )
