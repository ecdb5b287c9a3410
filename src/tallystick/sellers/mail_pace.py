"""How fast a seller's mail goes out: so many messages in each minute of the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.base.secrets import seal
from tallystick.sellers.errors import InvalidSettings
from tallystick.sellers.mail_route import DEFAULT
from tallystick.sellers.models import MailRoute

MOST_PER_MINUTE = 10_000


def set_pace(*, seller_id: UUID, per_minute: int, now: datetime, actor_id: UUID | None = None) -> None:
    """Send at most so many messages a minute from now on; 0 is no limit. Idempotent. Raises InvalidSettings."""
    if not 0 <= per_minute <= MOST_PER_MINUTE:
        raise InvalidSettings({"per_minute": "per_minute"})
    with tenant.tx(seller_id, actor_id=actor_id):
        MailRoute.objects.update_or_create(
            seller_id=seller_id,
            defaults={"per_minute": per_minute},
            create_defaults={"id": new_id(), "kind": DEFAULT, "per_minute": per_minute, "sealed_login": seal({})},
        )


def take_turn(now: datetime) -> tuple[datetime, int] | None:
    """Count one message in this minute, or return when the next minute begins and how many it has room for.

    Inside `tenant.tx`. Locks the seller's route until the commit, so that any number of senders keep one pace.
    """
    route = MailRoute.objects.filter(per_minute__gt=0).select_for_update().first()
    if route is None:
        return None
    minute = now.replace(second=0, microsecond=0)
    gone = route.minute_count if route.minute_at == minute else 0
    if gone >= route.per_minute:
        return minute + timedelta(minutes=1), route.per_minute
    MailRoute.objects.filter(id=route.id).update(minute_at=minute, minute_count=gone + 1)
    return None
