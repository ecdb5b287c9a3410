"""Comparing a gateway account at once, because a person asked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tallystick.base import tenant
from tallystick.payments.compare import compare_account
from tallystick.payments.errors import NoSuchGateway
from tallystick.payments.models import GatewayAccount


def compare_now(*, seller_id: UUID, account_id: UUID, now: datetime, actor_id: UUID | None = None) -> int | None:
    """Compare one account without waiting for its day. Returns how many breaks are open, None when nobody answered.

    Twice compares twice; whatever was booked stays booked once. Raises NoSuchGateway.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        if not GatewayAccount.objects.filter(id=account_id).update(due_at=now):
            raise NoSuchGateway(str(account_id))
    open_breaks = compare_account(seller_id=seller_id, account_id=account_id, now=now)
    with tenant.tx(seller_id, read_only=True):
        compared = GatewayAccount.objects.values_list("compared_until", flat=True).get(id=account_id)
    return open_breaks if compared == now else None
