"""Keeping customers on file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import connection

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.base.rows import insert_rows
from tallystick.customers._check import sort_key, tidy
from tallystick.customers.details import Details
from tallystick.customers.errors import InvalidCustomer
from tallystick.customers.models import Contact, Customer

FIRST_NUMBER = 1001
CUSTOMER = {
    "id": "uuid",
    "seller_id": "uuid",
    "number": "text",
    "name": "text",
    "sort_key": "text",
    "attention": "text",
    "street": "text",
    "city": "text",
    "postcode": "text",
    "region": "text",
    "country": "text",
    "tax_id": "text",
    "email": "text",
    "phone": "text",
    "language": "text",
    "currency": "text",
    "terms": "jsonb",
    "note": "text",
    "payment_links": "boolean",
    "created_at": "timestamptz",
}
CONTACT = {
    "id": "uuid",
    "seller_id": "uuid",
    "customer_id": "uuid",
    "name": "text",
    "email": "text",
    "phone": "text",
    "gets_documents": "boolean",
    "is_copied": "boolean",
}
_FIXED = {"id", "seller_id", "created_at"}
_REPLACE = "ON CONFLICT (id) DO UPDATE SET " + ", ".join(f"{c} = excluded.{c}" for c in CUSTOMER if c not in _FIXED)
_REPLACE_CONTACT = "ON CONFLICT (id) DO UPDATE SET " + ", ".join(
    f"{c} = excluded.{c}" for c in CONTACT if c not in {*_FIXED, "customer_id"}
)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('customer number ' || %s, 0))"
_LAST = "SELECT max(substr(number, 3)::bigint) FROM customer WHERE number ~ '^C-[0-9]{1,15}$'"


def save_customer(
    *,
    seller_id: UUID,
    customer: Details,
    now: datetime,
    actor_id: UUID | None = None,
    tax_ids_as_typed: bool = False,
) -> str:
    """Create or change one customer and return its number. See `save_customers`."""
    return save_customers(
        seller_id=seller_id, customers=[customer], now=now, actor_id=actor_id, tax_ids_as_typed=tax_ids_as_typed
    )[0]


def save_customers(
    *,
    seller_id: UUID,
    customers: Sequence[Details],
    now: datetime,
    actor_id: UUID | None = None,
    tax_ids_as_typed: bool = False,
) -> list[str]:
    """Create or change customers with their contacts and return their numbers, in the order given.

    Idempotent by id; contacts not given any more are removed. `tax_ids_as_typed` keeps tax ids that look wrong.
    Raises InvalidCustomer for the first customer with something wrong, naming each of its fields.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [str(seller_id)])
        kept = _checked(customers, tax_ids_as_typed)
        kept = _numbered(kept)
        insert_rows("customer", CUSTOMER, [_row(c, seller_id, now) for c in kept], on_conflict=_REPLACE)
        _write_contacts(kept, seller_id)
        events.record_all(
            [events.Fact(new_id(), seller_id, "customer.saved", c.id, c.id, {}, actor_id, now) for c in kept]
        )
        return [c.number for c in kept]


def _checked(customers: Sequence[Details], tax_ids_as_typed: bool) -> list[Details]:
    kept = []
    for at, given in enumerate(customers):
        tidied, problems = tidy(given, tax_ids_as_typed=tax_ids_as_typed)
        if problems:
            raise InvalidCustomer(problems, at=at)
        kept.append(tidied)
    return kept


def _numbered(customers: Sequence[Details]) -> list[Details]:
    """Keep each customer's number, give new ones the next, and refuse a number that is somebody else's."""
    known = dict(Customer.objects.filter(id__in=[c.id for c in customers]).values_list("id", "number"))
    wanted = [c.number or known.get(c.id, "") for c in customers]
    given = [number for number in wanted if number]
    holders = dict(Customer.objects.filter(number__in=given).values_list("number", "id"))
    following, numbered = _next_number(), []
    for at, (customer, number) in enumerate(zip(customers, wanted, strict=True)):
        if not number:
            while f"C-{following}" in holders:
                following += 1
            number, following = f"C-{following}", following + 1
        if holders.setdefault(number, customer.id) != customer.id:
            raise InvalidCustomer({"number": "number_taken"}, at=at)
        numbered.append(replace(customer, number=number))
    return numbered


def _next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LAST)
        row = cursor.fetchone()
    return max(FIRST_NUMBER, (row[0] or 0) + 1)


def _row(c: Details, seller_id: UUID, now: datetime) -> tuple[object, ...]:
    address = (c.attention, c.street, c.city, c.postcode, c.region, c.country)
    terms = None if c.terms is None else json.dumps(c.terms)
    reach = (c.tax_id, c.email, c.phone, c.language, c.currency, terms, c.note, c.payment_links)
    return (c.id, seller_id, c.number, c.name, sort_key(c.name), *address, *reach, now)


def _write_contacts(customers: Sequence[Details], seller_id: UUID) -> None:
    ids = [c.id for c in customers]
    known = set(Contact.objects.filter(customer_id__in=ids).values_list("id", "customer_id"))
    rows: list[tuple[object, ...]] = []
    stay = set()
    for c in customers:
        for person in c.contacts:
            own = person.id if person.id and (person.id, c.id) in known and person.id not in stay else new_id()
            stay.add(own)
            rows.append(
                (own, seller_id, c.id, person.name, person.email, person.phone, person.gets_documents, person.is_copied)
            )
    Contact.objects.filter(customer_id__in=ids).exclude(id__in=stay).delete()
    insert_rows("contact", CONTACT, rows, on_conflict=_REPLACE_CONTACT)
