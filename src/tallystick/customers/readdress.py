"""A customer's email address that changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tallystick.base import events, tenant
from tallystick.base.inputs import is_email
from tallystick.customers.errors import InvalidCustomer
from tallystick.customers.lock import lock_customers
from tallystick.customers.models import Contact, Customer


def replace_address(
    *, seller_id: UUID, customer_id: UUID, old: str, new: str, now: datetime, actor_id: UUID | None = None
) -> bool:
    """Put a new email address where a customer or a contact of theirs has the old one, and return whether any had.

    Locks the customer. Idempotent. Raises NoSuchCustomer, InvalidCustomer when the new one is no address.
    """
    if not is_email(new):
        raise InvalidCustomer({"email": "email"})
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers([customer_id])
        changed = Customer.objects.filter(id=customer_id, email__iexact=old).update(email=new)
        changed += Contact.objects.filter(customer_id=customer_id, email__iexact=old).update(email=new)
        if changed:
            events.record(
                "customer.saved",
                seller_id=seller_id,
                subject_id=customer_id,
                customer_id=customer_id,
                now=now,
                actor_id=actor_id,
            )
        return bool(changed)
