"""One email a day per customer (E16): what was issued that day and goes by itself goes together, under one link."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from tallystick.base import tenant
from tallystick.customers.lock import lock_customers
from tallystick.messages.queries import waiting_together
from tallystick.messages.triggers import GATHERING, stop_automatic
from tallystick.payments.requests import links_allowed
from tallystick.payments.send_request import send_payment_links


def due_digests(*, seller_id: UUID, now: datetime) -> list[UUID]:
    """Return the customers of whom two documents or more are about to leave. One query."""
    with tenant.tx(seller_id, read_only=True):
        together = waiting_together(until=now + GATHERING)
    return [customer_id for customer_id, documents in together.items() if len(documents) > 1]


def send_digest(*, seller_id: UUID, customer_id: UUID, now: datetime) -> bool:
    """Put one email for all of a customer's documents that are about to leave in the place of theirs, and return whether
    it was. A customer without payment links gets them one by one. Idempotent. Locks the customer.
    """
    with tenant.tx(seller_id):
        lock_customers([customer_id])
        documents = waiting_together(until=now + GATHERING).get(customer_id, [])
        if len(documents) < 2 or not links_allowed(customer_id):
            return False
        stop_automatic(documents, reason="in_digest", now=now)
        send_id = uuid5(customer_id, f"digest:{documents[0]}")
        send_payment_links(seller_id=seller_id, send_id=send_id, invoice_ids=documents, now=now, stands_for=documents)
        return True
