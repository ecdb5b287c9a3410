"""When a document goes out by itself (E11 to E16): which kinds, how long after issue, and what holds it back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.messages.models import Message, SendRules
from tallystick.messages.queue import stop_message
from tallystick.messages.text_time import TEXT_SUFFIX

AUTOMATIC: Final = ("invoice", "credit_note")
"""Kinds of document that can go out by themselves; estimates and payment plans join when they exist."""
BOUNDS: Final = {
    "delay_minutes": (0, 60),
    "brake_factor": (1, 100),
    "remind_before_days": (0, 60),
    "remind_late_days": (0, 60),
}
"""The least and the most of each number a seller may set."""
_PLAIN = (*BOUNDS, "is_digest")
MORNING, EVENING = time(8), time(17)
GATHERING = timedelta(minutes=5)
"""How long before its emails leave a digest is made."""


class BadTrigger(ValueError):
    """Rules that can't be kept, naming the field."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class Triggers:
    """Kinds that go out when issued; the minutes until they do, in which a person may still be faster; how many times
    the busiest of the last 30 days may go out by itself before the rest is held; days before and after the due date on
    which a customer is reminded, 0 for never; and whether what is issued on one day goes to a customer in one email."""

    auto_kinds: frozenset[str] = frozenset()
    delay_minutes: int = 5
    brake_factor: int = 3
    remind_before_days: int = 0
    remind_late_days: int = 0
    is_digest: bool = False


def triggers() -> Triggers:
    """Return the current seller's triggers. Inside `tenant.tx`; one query."""
    row = SendRules.objects.first()
    if row is None:
        return Triggers()
    return Triggers(frozenset(row.auto_kinds), **{name: getattr(row, name) for name in _PLAIN})


def save_triggers(*, seller_id: UUID, wanted: Triggers, now: datetime, actor_id: UUID | None = None) -> None:
    """Keep a seller's triggers; what was issued before stays as it was decided then. Raises BadTrigger."""
    if not wanted.auto_kinds <= set(AUTOMATIC):
        raise BadTrigger("auto_kinds")
    for name, (least, most) in BOUNDS.items():
        if not least <= getattr(wanted, name) <= most:
            raise BadTrigger(name)
    values = {"auto_kinds": sorted(wanted.auto_kinds), **{name: getattr(wanted, name) for name in _PLAIN}}
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
    if not was_planned and document_on <= after.astimezone(ZoneInfo(time_zone)).date():
        return after
    return max(after, morning_of(document_on, time_zone))


def digest_at(*, after: datetime, time_zone: str) -> datetime:
    """Return when a document that may go from `after` on goes if nothing else of its customer's goes with it, UTC: once
    the evening's digests are made."""
    local = after.astimezone(ZoneInfo(time_zone))
    day = local.date() if local.time() < EVENING else local.date() + timedelta(days=1)
    return datetime.combine(day, EVENING, ZoneInfo(time_zone)).astimezone(UTC) + GATHERING


def morning_of(day: date, time_zone: str) -> datetime:
    """Return 08:00 of a day in a zone, UTC: when what goes by date goes."""
    return datetime.combine(day, MORNING, ZoneInfo(time_zone)).astimezone(UTC)


def automatic_key(document_id: UUID) -> str:
    """Return the key of a document's own email: there is one, whoever is faster."""
    return f"issued:{document_id}"


def _own_keys(document_id: UUID) -> tuple[str, str]:
    """The keys of a document's own email and of the text message beside it."""
    key = automatic_key(document_id)
    return key, key + TEXT_SUFFIX


def is_said_by_hand(document_id: UUID) -> bool:
    """Whether a person has sent a document already, or is about to. Inside `tenant.tx`."""
    spoken = Message.objects.filter(
        document_id=document_id, kind__in=AUTOMATIC, state__in=["queued", "held", "sending", "sent"]
    )
    return spoken.exclude(dedupe_key__in=_own_keys(document_id)).exists()


def stop_automatic(document_ids: Iterable[UUID], *, reason: str, now: datetime, actor_id: UUID | None = None) -> int:
    """Stop the documents' own emails that still wait, as a person was faster; return how many. Inside `tenant.tx`."""
    keys = [key for document_id in document_ids for key in _own_keys(document_id)]
    waiting = Message.objects.select_for_update().filter(dedupe_key__in=keys, state__in=["queued", "held"])
    return sum(stop_message(message, reason=reason, now=now, actor_id=actor_id) for message in waiting)
