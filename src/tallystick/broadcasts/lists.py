"""Saved lists: customers under a name, ticked or found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.broadcasts.errors import BadBroadcast
from tallystick.broadcasts.models import SavedList, SavedListMember
from tallystick.customers.queries import customers

MOST_NAME = 80


def save_list(
    *,
    seller_id: UUID,
    list_id: UUID,
    name: str,
    customer_ids: Sequence[UUID],
    now: datetime,
    actor_id: UUID | None = None,
) -> None:
    """Keep a list, new or changed, with just these customers; unknown ones are left out. Idempotent.

    Raises BadBroadcast for a name that is missing, too long, or another list's.
    """
    name = name.strip()
    with tenant.tx(seller_id, actor_id=actor_id):
        if not 0 < len(name) <= MOST_NAME:
            raise BadBroadcast({"name": "required" if not name else "too_long"})
        if SavedList.objects.filter(name=name).exclude(id=list_id).exists():
            raise BadBroadcast({"name": "taken"})
        known = SavedList.objects.select_for_update().filter(id=list_id)
        if not known.update(name=name):
            SavedList(id=list_id, seller_id=seller_id, name=name, created_at=now).save(force_insert=True)
        wanted = set(customers(customer_ids))
        members = SavedListMember.objects.filter(saved_list_id=list_id)
        members.exclude(customer_id__in=wanted).delete()
        there = set(members.values_list("customer_id", flat=True))
        SavedListMember.objects.bulk_create(
            SavedListMember(id=new_id(), seller_id=seller_id, saved_list_id=list_id, customer_id=customer_id)
            for customer_id in sorted(wanted - there)
        )


def remove_list(*, seller_id: UUID, list_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Forget a list, and return whether there was one; the customers stay. A broadcast to it reaches nobody. Idempotent."""
    with tenant.tx(seller_id, actor_id=actor_id):
        SavedListMember.objects.filter(saved_list_id=list_id).delete()
        gone, _rows = SavedList.objects.filter(id=list_id).delete()
        return bool(gone)
