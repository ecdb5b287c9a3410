"""When a document goes out by itself (E11 to E16): which kinds, how long after issue, and what holds it back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.messages.models import Message, SendRules
from tallystick.messages.queue import stop_message

AUTOMATIC: Final = ("invoice", "credit_note")
"""Kinds of document that can go out by themselves; estimates and payment plans join when they exist."""
MOST_DELAY, MOST_FACTOR = 60, 100
MORNING = time(8)


class BadTrigger(ValueError):
    """Rules that can't be kept, naming the field."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class Triggers:
    """Kinds that go out when issued; the minutes until they do, in which a person may still be faster; and how many times
    the busiest of the last 30 days may go out by itself before the rest is held."""

    auto_kinds: frozenset[str] = frozenset()
    delay_minutes: int = 5
    brake_factor: int = 3


def triggers() -> Triggers:
    """Return the current seller's triggers. Inside `tenant.tx`; one query."""
    row = SendRules.objects.first()
    return Triggers(frozenset(row.auto_kinds), row.delay_minutes, row.brake_factor) if row else Triggers()


def save_triggers(*, seller_id: UUID, wanted: Triggers, now: datetime, actor_id: UUID | None = None) -> None:
    """Keep a seller's triggers; what was issued before stays as it was decided then. Raises BadTrigger."""
    if not wanted.auto_kinds <= set(AUTOMATIC):
        raise BadTrigger("auto_kinds")
    if not 0 <= wanted.delay_minutes <= MOST_DELAY:
        raise BadTrigger("delay_minutes")
    if not 1 <= wanted.brake_factor <= MOST_FACTOR:
        raise BadTrigger("brake_factor")
    values = {
        "auto_kinds": sorted(wanted.auto_kinds),
        "delay_minutes": wanted.delay_minutes,
        "brake_factor": wanted.brake_factor,
    }
    with tenant.tx(seller_id, actor_id=actor_id):
        SendRules.objects.update_or_create(
            seller_id=seller_id, defaults=values, create_defaults={**values, "id": new_id(), "seller_id": seller_id}
        )
        events.record("seller.changed", seller_id=seller_id, subject_id=seller_id, now=now, actor_id=actor_id)


def goes_at(
    *, now: datetime, delay_minutes: int, document_on: date, time_zone: str, was_planned: bool = False
) -> datetime:
    """Return when a document goes out, UTC: after the delay; one dated ahead, or planned for its day beforehand, not
    before 08:00 of that day in the seller's zone."""
    after = now + timedelta(minutes=delay_minutes)
    zone = ZoneInfo(time_zone)
    if not was_planned and document_on <= after.astimezone(zone).date():
        return after
    return max(after, datetime.combine(document_on, MORNING, zone).astimezone(now.tzinfo))


def automatic_key(document_id: UUID) -> str:
    """Return the key of a document's own email: there is one, whoever is faster."""
    return f"issued:{document_id}"


def is_said_by_hand(document_id: UUID) -> bool:
    """Whether a person has sent a document already, or is about to. Inside `tenant.tx`."""
    spoken = Message.objects.filter(
        document_id=document_id, kind__in=AUTOMATIC, state__in=["queued", "held", "sending", "sent"]
    )
    return spoken.exclude(dedupe_key=automatic_key(document_id)).exists()


def stop_automatic(document_ids: Iterable[UUID], *, reason: str, now: datetime, actor_id: UUID | None = None) -> int:
    """Stop the documents' own emails that still wait, as a person was faster; return how many. Inside `tenant.tx`."""
    keys = [automatic_key(document_id) for document_id in document_ids]
    waiting = Message.objects.select_for_update().filter(dedupe_key__in=keys, state__in=["queued", "held"])
    return sum(stop_message(message, reason=reason, now=now, actor_id=actor_id) for message in waiting)
