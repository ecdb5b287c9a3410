"""Putting a customer away, and taking it out again. Nothing is lost: documents and money keep naming it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tallystick.base import events, tenant
from tallystick.customers.lock import lock_customers
from tallystick.customers.models import Customer


def archive_customer(*, seller_id: UUID, customer_id: UUID, now: datetime, actor_id: UUID | None = None) -> None:
    """Hide a customer from lists and pickers. Idempotent. Raises NoSuchCustomer."""
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers([customer_id])
        if Customer.objects.filter(id=customer_id, archived_at__isnull=True).update(archived_at=now):
            _tell("customer.archived", seller_id, customer_id, now, actor_id)


def restore_customer(*, seller_id: UUID, customer_id: UUID, now: datetime, actor_id: UUID | None = None) -> None:
    """Put an archived customer back on file. Idempotent. Raises NoSuchCustomer."""
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers([customer_id])
        if Customer.objects.filter(id=customer_id, archived_at__isnull=False).update(archived_at=None):
            _tell("customer.restored", seller_id, customer_id, now, actor_id)


def _tell(kind: str, seller_id: UUID, customer_id: UUID, now: datetime, actor_id: UUID | None) -> None:
    events.record(
        kind, seller_id=seller_id, subject_id=customer_id, customer_id=customer_id, now=now, actor_id=actor_id
    )
