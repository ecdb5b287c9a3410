"""A customer as the caller hands it over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """A person at a customer. `id` is that of a contact already on file, None for a new one."""

    name: str
    email: str = ""
    phone: str = ""
    gets_documents: bool = True
    is_copied: bool = False
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """A customer. The id is made by the caller: saving it twice edits one customer; no `number` means the next one.

    `payment_links` off means no link or button to pay in anything this customer gets (C7).
    `terms` holds the fields of `core.schedule.Terms` as JSON, None means the seller's own.
    """

    id: UUID
    name: str
    country: str
    currency: str
    language: str
    number: str = ""
    attention: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    region: str = ""
    tax_id: str = ""
    email: str = ""
    phone: str = ""
    terms: dict[str, Any] | None = None
    note: str = ""
    payment_links: bool = True
    contacts: tuple[ContactDetails, ...] = ()
