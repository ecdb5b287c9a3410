"""Reads of customers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db.models import Func, QuerySet, TextField, Value

from tallystick.base.pages import Page, keyset_page
from tallystick.customers.models import Contact, Customer

MOST_WORDS = 8
_WORD = re.compile(r"[^\W_]+")


def customer(customer_id: UUID) -> Customer | None:
    """Return one customer, archived or not, or None."""
    return Customer.objects.filter(id=customer_id).first()


def customers(customer_ids: Sequence[UUID]) -> dict[UUID, Customer]:
    """Return these customers by id. One query; unknown ids are left out."""
    return {row.id: row for row in Customer.objects.filter(id__in=customer_ids)}


def contacts_of(customer_id: UUID) -> list[Contact]:
    """Return the people we write to at a customer, in the order they were added."""
    return list(Contact.objects.filter(customer_id=customer_id).order_by("id"))


def list_customers(text: str = "", cursor: str = "", size: int = 50, *, archived: bool = False) -> Page[Customer]:
    """Return one page of customers by name, those on file or those archived, found by the start of each word."""
    rows = _found(text).filter(archived_at__isnull=not archived)
    return keyset_page(rows, keys=("sort_key", "id"), cursor=cursor, size=size)


def customers_like(text: str, most: int = 8) -> list[Customer]:
    """Return customers on file whose number, name, email or city has words that start like the words typed."""
    return list(_found(text).filter(archived_at__isnull=True).order_by("sort_key", "id")[:most])


def addresses_for_documents(customer_id: UUID) -> tuple[list[str], list[str]]:
    """Return (recipients, copies) of a customer's documents.

    Recipients are the contacts who get documents, else the customer's own address; copies the contacts to be copied.
    """
    people = [person for person in contacts_of(customer_id) if person.email]
    recipients = list(dict.fromkeys(person.email for person in people if person.gets_documents))
    if not recipients:
        own = Customer.objects.filter(id=customer_id).values_list("email", flat=True).first()
        recipients = [own] if own else []
    copies = dict.fromkeys(person.email for person in people if person.is_copied and person.email not in recipients)
    return recipients, list(copies)


def email_of(customer_id: UUID) -> str:
    """Return the first address a customer's documents go to, or "" when there is none."""
    recipients, _copies = addresses_for_documents(customer_id)
    return recipients[0] if recipients else ""


def _found(text: str) -> QuerySet[Customer]:
    """Each word typed must start a word of the row; both sides are folded by the database's `tally_words`."""
    words = [word[:60] for word in _WORD.findall(text)][:MOST_WORDS]
    if not words:
        return Customer.objects.none() if text.strip() else Customer.objects.all()
    typed = Value(" & ".join(f"'{word}':*" for word in words), output_field=TextField())
    folded = Func(typed, function="tally_words", output_field=TextField())
    return Customer.objects.filter(search=SearchQuery(folded, config="simple", search_type="raw"))
