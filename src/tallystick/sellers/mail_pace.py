"""How fast a seller's mail goes out: so many messages in each minute of the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

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


@dataclass(frozen=True, slots=True)
class Turns:
    """How many messages may go in this minute; for the others, when the next begins (UTC) and how many it has room for."""

    granted: int
    next_at: datetime | None = None
    per_minute: int = 0


def take_turns(wanted: int, *, now: datetime) -> Turns:
    """Count so many messages in this minute, or as many as it still has room for, and return how many those are.

    Inside `tenant.tx`. Locks the seller's route until the commit, so that any number of senders keep one pace.
    """
    route = MailRoute.objects.filter(per_minute__gt=0).select_for_update().first() if wanted else None
    if route is None:
        return Turns(wanted)
    minute = _minute(now)
    gone = route.minute_count if route.minute_at == minute else 0
    granted = min(wanted, max(route.per_minute - gone, 0))
    if granted:
        MailRoute.objects.filter(id=route.id).update(minute_at=minute, minute_count=gone + granted)
    return Turns(granted, minute + timedelta(minutes=1), route.per_minute)


def give_turns_back(count: int, *, now: datetime) -> None:
    """Forget so many of the messages counted at `now`: they didn't go. Inside `tenant.tx`."""
    if count:
        counted = MailRoute.objects.filter(per_minute__gt=0, minute_at=_minute(now), minute_count__gte=count)
        counted.update(minute_count=F("minute_count") - count)


def _minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)
