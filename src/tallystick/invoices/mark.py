"""What happened to a document after it was issued: sent, viewed, its link replaced."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tallystick.base import events, tenant
from tallystick.customers.lock import lock_customers
from tallystick.invoices.errors import NoSuchInvoice
from tallystick.invoices.models import Invoice
from tallystick.messages.triggers import stop_automatic


def mark_sent(
    *, seller_id: UUID, invoice_id: UUID, now: datetime, by_hand: bool = False, actor_id: UUID | None = None
) -> None:
    """Note that a document went to its customer; the first time counts. `by_hand` when staff did it outside: then its own
    email that waits is stopped (E14). Idempotent. Locks the customer when by hand."""
    with tenant.tx(seller_id, actor_id=actor_id):
        issued = Invoice.objects.filter(id=invoice_id, number__isnull=False)
        if not issued.exists():
            raise NoSuchInvoice(str(invoice_id))
        if by_hand:
            lock_customers(issued.values_list("customer_id", flat=True))
            stop_automatic([invoice_id], reason="marked_as_sent", now=now, actor_id=actor_id)
        if issued.filter(sent_at__isnull=True).update(sent_at=now):
            customer_id = issued.values_list("customer_id", flat=True).get()
            events.record(
                "invoice.marked_sent" if by_hand else "invoice.sent",
                seller_id=seller_id,
                subject_id=invoice_id,
                customer_id=customer_id,
                now=now,
                actor_id=actor_id,
            )


def mark_viewed(*, seller_id: UUID, invoice_id: UUID, now: datetime) -> bool:
    """Note that a person, not a mail scanner, looked at the payment page; the first time counts. Idempotent."""
    with tenant.tx(seller_id):
        issued = Invoice.objects.filter(id=invoice_id, number__isnull=False)
        if not issued.filter(viewed_at__isnull=True).update(viewed_at=now):
            return False
        customer_id = issued.values_list("customer_id", flat=True).get()
        events.record("invoice.viewed", seller_id=seller_id, subject_id=invoice_id, customer_id=customer_id, now=now)
        return True


def replace_link(*, seller_id: UUID, invoice_id: UUID, now: datetime, actor_id: UUID | None = None) -> int:
    """Make every link sent so far stop working and return the new link version."""
    with tenant.tx(seller_id, actor_id=actor_id):
        row = Invoice.objects.filter(id=invoice_id, number__isnull=False).select_for_update().first()
        if row is None:
            raise NoSuchInvoice(str(invoice_id))
        Invoice.objects.filter(id=invoice_id).update(link_version=row.link_version + 1)
        events.record(
            "invoice.link_replaced",
            seller_id=seller_id,
            subject_id=invoice_id,
            customer_id=row.customer_id,
            now=now,
            actor_id=actor_id,
        )
        return row.link_version + 1
