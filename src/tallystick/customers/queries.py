"""Reads of customers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db.models import Func, QuerySet, TextField, Value

from tallystick.base import direct
from tallystick.base.pages import Page, keyset_page
from tallystick.customers.models import Contact, Customer

MOST_WORDS = 8
_WORD = re.compile(r"[^\W_]+")

_PAYS: Final = ("ap@", "accounts", "payable", "billing", "invoice", "finance", "contab", "factur", "financiar")
"""How the desk that pays is mostly called, in an address or a name."""


class Person(NamedTuple):
    """Somebody to write to; the name is the customer's own for the customer's own address."""

    name: str
    email: str


def customer(customer_id: UUID) -> Customer | None:
    """Return one customer, archived or not, or None."""
    return direct.find(Customer, customer_id)


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
    return all_addresses_for_documents([customer_id]).get(customer_id, ([], []))


def all_addresses_for_documents(customer_ids: Sequence[UUID]) -> dict[UUID, tuple[list[str], list[str]]]:
    """Return `addresses_for_documents` of several customers. Two queries; unknown ids are left out."""
    people: dict[UUID, list[Contact]] = defaultdict(list)
    for person in Contact.objects.filter(customer_id__in=customer_ids).exclude(email="").order_by("id"):
        people[person.customer_id].append(person)
    found = {}
    for customer_id, own in Customer.objects.filter(id__in=customer_ids).values_list("id", "email"):
        recipients = list(dict.fromkeys(one.email for one in people[customer_id] if one.gets_documents))
        recipients = recipients or ([own] if own else [])
        copies = dict.fromkeys(one.email for one in people[customer_id] if one.is_copied)
        found[customer_id] = recipients, [email for email in copies if email not in recipients]
    return found


def email_of(customer_id: UUID) -> str:
    """Return the first address a customer's documents go to, or "" when there is none."""
    recipients, _copies = addresses_for_documents(customer_id)
    return recipients[0] if recipients else ""


def customers_with_address(address: str) -> list[UUID]:
    """Return the customers on file who have this email address themselves or at a contact, by id. Two queries."""
    own = Customer.objects.filter(email__iexact=address).values_list("id", "archived_at")
    people = Contact.objects.filter(email__iexact=address).values_list("customer_id", "customer__archived_at")
    return sorted({key for rows in (own, people) for key, archived_at in rows if archived_at is None})


def word_query(text: str) -> SearchQuery | None:
    """Return a search for rows where each word typed starts a word, folded as the database's `tally_words` does; None
    when there is no word in it.
    """
    words = [word[:60] for word in _WORD.findall(text)][:MOST_WORDS]
    if not words:
        return None
    typed = Value(" & ".join(f"'{word}':*" for word in words), output_field=TextField())
    folded = Func(typed, function="tally_words", output_field=TextField())
    return SearchQuery(folded, config="simple", search_type="raw")


def _found(text: str) -> QuerySet[Customer]:
    words = word_query(text)
    if words is None:
        return Customer.objects.none() if text.strip() else Customer.objects.all()
    return Customer.objects.filter(search=words)


def phones_of(customer_ids: Sequence[UUID]) -> dict[UUID, tuple[str, list[str]]]:
    """Return (country, telephone numbers as typed) of several customers: the contacts who get documents, then their own.

    Two queries; unknown ids are left out.
    """
    people: dict[UUID, list[str]] = defaultdict(list)
    typed = Contact.objects.filter(customer_id__in=customer_ids, gets_documents=True).exclude(phone="").order_by("id")
    for customer_id, phone in typed.values_list("customer_id", "phone"):
        people[customer_id].append(phone)
    own = Customer.objects.filter(id__in=customer_ids).values_list("id", "country", "phone")
    return {key: (country, [*people[key], *([phone] if phone else [])]) for key, country, phone in own}


def customers_who(
    *, ids: Sequence[UUID] | None = None, currency: str = "", language: str = "", country: str = ""
) -> list[UUID]:
    """Return the ids of customers on file, of these only when given, to whom all that isn't empty applies. One query."""
    rows = Customer.objects.filter(archived_at__isnull=True)
    wanted = {"id__in": ids, "currency": currency, "language": language, "country": country}
    asked = {name: value for name, value in wanted.items() if value or (name == "id__in" and ids is not None)}
    return list(rows.filter(**asked).order_by("id").values_list("id", flat=True))


def languages_and_places() -> tuple[list[str], list[str], list[str]]:
    """Return the currencies, languages and countries of the customers on file, each sorted. One query."""
    rows = Customer.objects.filter(archived_at__isnull=True).values_list("currency", "language", "country").distinct()
    found = list(rows)
    currencies, languages, countries = (sorted({row[at] for row in found}) for at in range(3))
    return currencies, languages, countries


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
