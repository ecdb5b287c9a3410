"""Whom to write to instead, when an address is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from tallystick.base import events, tenant
from tallystick.customers.lock import lock_customers
from tallystick.customers.models import Contact, Customer

_PAYS: Final = ("ap@", "accounts", "payable", "billing", "invoice", "finance", "contab", "factur", "financiar")
"""How the desk that pays is mostly called, in an address or a name."""


class Person(NamedTuple):
    """Somebody to write to; the name is the customer's own for the customer's own address."""

    name: str
    email: str


def next_contacts(customer_ids: Iterable[UUID], *, without: Collection[str]) -> dict[UUID, Person]:
    """Return the best person left to write to at each customer, none of the addresses `without` (in lower case).

    Whoever gets documents comes first, then who is copied, then who sounds like the desk that pays, then the customer's
    own address. Customers with nobody left are missing. Two queries. Inside `tenant.tx`.
    """
    wanted, best = set(customer_ids), dict[UUID, tuple[tuple[int, ...], Person]]()
    for row in Contact.objects.filter(customer_id__in=wanted).exclude(email="").order_by("id"):
        sounds = f"{row.email} {row.name}".casefold()
        pays = any(word in sounds for word in _PAYS)
        rank = (not row.gets_documents, not row.is_copied, not pays)
        _offer(best, row.customer_id, rank, Person(row.name, row.email), without)
    for customer in Customer.objects.filter(id__in=wanted).exclude(email=""):
        _offer(best, customer.id, (2,), Person(customer.name, customer.email), without)
    return {customer_id: person for customer_id, (_rank, person) in best.items()}


def _offer(
    best: dict[UUID, tuple[tuple[int, ...], Person]],
    customer_id: UUID,
    rank: tuple[int, ...],
    person: Person,
    without: Collection[str],
) -> None:
    if person.email.lower() not in without and (customer_id not in best or rank < best[customer_id][0]):
        best[customer_id] = rank, person


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
            events.record(
                "customer.saved",
                seller_id=seller_id,
                subject_id=customer_id,
                customer_id=customer_id,
                now=now,
                actor_id=actor_id,
            )
        return True
