"""Voiding an invoice, unless somebody is paying it this minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from tallystick.base import tenant
from tallystick.customers.lock import lock_customers
from tallystick.invoices import void as invoices
from tallystick.invoices.queries import customer_ids_of
from tallystick.payments.models import AttemptInvoice


def void_invoices(
    *,
    seller_id: UUID,
    invoice_ids: Sequence[UUID],
    reason: str,
    now: datetime,
    today: date,
    actor_id: UUID | None = None,
) -> None:
    """Void invoices after looking, under the customers' lock, that no charge attempt on them is live. See `invoices.void`."""
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers(customer_ids_of(invoice_ids))
        live = AttemptInvoice.objects.filter(invoice_id__in=invoice_ids, is_live=True).values_list(
            "invoice_id", flat=True
        )
        invoices.void_invoices(
            seller_id=seller_id,
            invoice_ids=invoice_ids,
            reason=reason,
            now=now,
            today=today,
            being_paid=frozenset(live),
            actor_id=actor_id,
        )
