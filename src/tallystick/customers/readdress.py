"""A customer's email address that is gone: replaced, or their documents turned to somebody else of theirs."""

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
            _tell(seller_id, customer_id, now, actor_id)
        return bool(changed)


def turn_documents(
    *, seller_id: UUID, customer_id: UUID, away_from: str, to: str, now: datetime, actor_id: UUID | None = None
) -> bool:
    """Send a customer's documents to another of its people from now on, and return whether there is such a person.

    Contacts at the old address get none any more. Locks the customer. Idempotent. Raises NoSuchCustomer.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers([customer_id])
        people = Contact.objects.filter(customer_id=customer_id)
        own = Customer.objects.filter(id=customer_id, email__iexact=to).exists()
        if not own and not people.filter(email__iexact=to).exists():
            return False
        changed = people.filter(email__iexact=away_from).update(gets_documents=False, is_copied=False)
        changed += people.filter(email__iexact=to, gets_documents=False).update(gets_documents=True, is_copied=False)
        if changed:
            _tell(seller_id, customer_id, now, actor_id)
        return True


def _tell(seller_id: UUID, customer_id: UUID, now: datetime, actor_id: UUID | None) -> None:
    events.record(
        "customer.saved",
        seller_id=seller_id,
        subject_id=customer_id,
        customer_id=customer_id,
        now=now,
        actor_id=actor_id,
    )
