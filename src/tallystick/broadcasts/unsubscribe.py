"""Leaving: a link in each broadcast that isn't about one's own business, and what it does when a person confirms it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from tallystick.base import direct, events, tenant
from tallystick.base.ids import new_id
from tallystick.base.links import is_current, make_token, read_token
from tallystick.broadcasts.models import BroadcastRecipient, Unsubscribed
from tallystick.sellers.queries import seller

PURPOSE: Final = "unsubscribe"


def leave_url(recipient_id: UUID) -> str:
    """Return the address where a recipient unsubscribes."""
    return f"{settings.PUBLIC_URL}/u/{make_token(PURPOSE, recipient_id, 1)}"


def find_leaver(token: str) -> tuple[UUID, UUID] | None:
    """Return (seller_id, recipient_id) of an unsubscribe link, or None. Works outside a tenant transaction."""
    named = read_token(token)
    if named is None or not is_current(PURPOSE, named[0], 1, named[1]):
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_of_broadcast_recipient(%s)", [named[0]])
        row = cursor.fetchone()
    return (row[0], named[0]) if row and row[0] else None


@dataclass(frozen=True, slots=True)
class Leaver:
    """Who may leave by a link: the address or number, whether it has left already, the language, and whom from."""

    address: str
    customer_id: UUID
    has_left: bool
    language: str
    seller_name: str
    brand: str


def leaver(*, seller_id: UUID, recipient_id: UUID) -> Leaver:
    """Return who may leave by a link. In a transaction of its own, read-only."""
    with tenant.tx(seller_id, read_only=True):
        row = BroadcastRecipient.objects.select_related("customer").get(id=recipient_id)
        owner = seller(seller_id)
        has_left = Unsubscribed.objects.filter(address=row.address.lower()).exists()
        return Leaver(row.address, row.customer_id, has_left, row.customer.language, owner.name, owner.brand)


def unsubscribe(*, seller_id: UUID, recipient_id: UUID, now: datetime) -> bool:
    """Send no broadcasts to a recipient's address any more, but those about its own business; return whether that is new.

    Idempotent.
    """
    with tenant.tx(seller_id):
        recipient = direct.get(BroadcastRecipient, recipient_id)
        _row, is_new = Unsubscribed.objects.get_or_create(
            address=recipient.address.lower(),
            defaults={"id": new_id(), "seller_id": seller_id, "at": now, "recipient_id": recipient_id},
        )
        if is_new:
            events.record(
                "customer.unsubscribed",
                seller_id=seller_id,
                subject_id=recipient.customer_id,
                customer_id=recipient.customer_id,
                now=now,
                address=recipient.address,
            )
        return is_new


def subscribe_again(
    *, seller_id: UUID, address: str, customer_id: UUID, now: datetime, actor_id: UUID | None = None
) -> bool:
    """Take an address back, because its owner asked for it, and return whether it had left. Idempotent, audited.

    `customer_id` is on whose timeline it stands.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        gone, _rows = Unsubscribed.objects.filter(address=address.strip().lower()).delete()
        if gone:
            events.record(
                "customer.subscribed_again",
                seller_id=seller_id,
                subject_id=customer_id,
                customer_id=customer_id,
                now=now,
                actor_id=actor_id,
                address=address.strip(),
            )
        return bool(gone)
