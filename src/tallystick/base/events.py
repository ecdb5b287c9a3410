"""News: facts recorded in the transaction that made them true, and handed to the switchboard afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from tallystick.base import direct
from tallystick.base.bell import ring
from tallystick.base.ids import new_id
from tallystick.base.models import Event
from tallystick.base.rows import insert_rows

QUIET = frozenset(
    {
        "address.lifted",
        "allocation.moved",
        "attempt.changed",
        "attempt.started",
        "autopay.enabled",
        "autopay.ended",
        "break.found",
        "broadcast.done",
        "broadcast.planned",
        "broadcast.stopped",
        "charge.canceled",
        "charge.done",
        "charge.noticed",
        "charge.parked",
        "charge.postponed",
        "charge.proposed",
        "charge.released",
        "charge.resumed",
        "charge.scheduled",
        "conversation.assigned",
        "conversation.done",
        "conversation.matched",
        "conversation.received",
        "customer.archived",
        "customer.restored",
        "customer.saved",
        "customer.subscribed_again",
        "customer.unsubscribed",
        "dispute.lost",
        "dispute.opened",
        "dispute.updated",
        "dispute.won",
        "draft.discarded",
        "draft.saved",
        "invoice.release_planned",
        "invoice.release_stopped",
        "member.deactivated",
        "member.invitation_withdrawn",
        "member.joined",
        "member.reactivated",
        "member.role_changed",
        "message.answered",
        "message.complained",
        "message.delayed",
        "message.stopped",
        "method.removed",
        "method.saved",
        "refund.approved",
        "refund.failed",
        "refund.rejected",
        "refund.requested",
        "refund.returned",
        "refund.unknown",
        "request.made",
        "seller.changed",
        "seller.mail_route_changed",
        "seller.mailbox_changed",
        "seller.sms_route_changed",
    }
)
"""Facts that only the timeline wants: nothing reacts to them, so they are born done."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact as the switchboard and the timeline see it. `at` is UTC."""

    id: UUID
    seller_id: UUID
    kind: str
    subject_id: UUID
    customer_id: UUID | None
    data: Mapping[str, Any] = field(default_factory=dict)
    actor_id: UUID | None = None
    at: datetime | None = None


def record(
    kind: str,
    *,
    seller_id: UUID,
    subject_id: UUID,
    now: datetime,
    customer_id: UUID | None = None,
    actor_id: UUID | None = None,
    **data: Any,
) -> UUID:
    """Record one fact, in the caller's transaction, and return its id."""
    fact = Fact(new_id(), seller_id, kind, subject_id, customer_id, data, actor_id, now)
    record_all([fact])
    return fact.id


def record_all(facts: Sequence[Fact]) -> None:
    """Record many facts in one statement, in the caller's transaction, and hint that the switchboard has work."""
    if any(fact.kind not in QUIET for fact in facts):
        ring("events")
    insert_rows(
        "event",
        {
            "id": "uuid",
            "seller_id": "uuid",
            "kind": "text",
            "subject_id": "uuid",
            "customer_id": "uuid",
            "data": "jsonb",
            "actor_id": "uuid",
            "at": "timestamptz",
            "due_at": "timestamptz",
            "done_at": "timestamptz",
            "tries": "smallint",
            "last_error": "text",
        },
        [
            (
                f.id,
                f.seller_id,
                f.kind,
                f.subject_id,
                f.customer_id,
                json.dumps(f.data) if f.data else "{}",
                f.actor_id,
                f.at,
                f.at,
                f.at if f.kind in QUIET else None,
                0,
                "",
            )
            for f in facts
        ],
    )


def due(*, at: datetime, most: int, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, event_id) of the oldest undone facts across sellers, or of one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_events(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def claim(ids: Sequence[UUID]) -> list[Fact]:
    """Lock those of the facts that are still undone and that nobody else holds. Inside `tenant.tx`."""
    rows = (
        Event.objects.filter(id__in=ids, done_at__isnull=True).order_by("at", "id").select_for_update(skip_locked=True)
    )
    return [_fact(row) for row in rows]


def finish(ids: Sequence[UUID], *, now: datetime) -> None:
    """Mark facts as done, in the transaction of their effects."""
    Event.objects.filter(id__in=ids).update(done_at=now)


def postpone(event_id: UUID, *, until: datetime, error: str) -> None:
    """Keep a fact for later after a reaction failed; the error shows on the status page."""
    row = direct.find(Event, event_id, lock=True)
    if row and row.done_at is None:
        Event.objects.filter(id=event_id).update(due_at=until, tries=row.tries + 1, last_error=error[:500])


def timeline(*, subject_ids: Sequence[UUID], most: int = 100) -> list[Fact]:
    """Return the facts about these subjects, newest first. Inside `tenant.tx`."""
    return [_fact(row) for row in Event.objects.filter(subject_id__in=subject_ids).order_by("-at", "-id")[:most]]


def recent(*, most: int = 20, customer_id: UUID | None = None) -> list[Fact]:
    """Return the seller's latest facts, or one customer's, newest first. Inside `tenant.tx`."""
    rows = Event.objects.all() if customer_id is None else Event.objects.filter(customer_id=customer_id)
    return [_fact(row) for row in rows.order_by("-at", "-id")[:most]]


def _fact(row: Event) -> Fact:
    return Fact(row.id, row.seller_id, row.kind, row.subject_id, row.customer_id, row.data, row.actor_id, row.at)
