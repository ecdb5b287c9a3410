"""Reads of broadcasts and lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count

from tallystick.base import direct
from tallystick.base.pages import Page, keyset_page
from tallystick.broadcasts.models import Broadcast, BroadcastRecipient, SavedList, SavedListMember
from tallystick.messages.models import Message
from tallystick.messages.queries import messages_by_keys, tally_about


def list_broadcasts(*, cursor: str = "", size: int = 50) -> Page[Broadcast]:
    """Return broadcasts, the newest first. One query."""
    return keyset_page(Broadcast.objects.all(), keys=("-created_at", "-id"), cursor=cursor, size=size)


def recipients_of(broadcast_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many messages each broadcast makes, those left out not counted. One query."""
    going = BroadcastRecipient.objects.filter(broadcast_id__in=broadcast_ids).exclude(state="left_out")
    return dict(going.values_list("broadcast_id").annotate(n=Count("id")))


def broadcast(broadcast_id: UUID) -> Broadcast | None:
    """Return one broadcast, or None."""
    return direct.find(Broadcast, broadcast_id)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a broadcast is: messages in all and still to be put into the outbox; in the outbox, held, sent, and not
    (failed, skipped, stopped); of those sent, what was heard; left out from the start, by reason."""

    total: int
    waiting: int
    outbox: int
    held: int
    sent: int
    not_sent: int
    heard: Mapping[str, int]
    left_out: Mapping[str, int]

    @property
    def done(self) -> int:
        """How many are decided, one way or another."""
        return self.sent + self.not_sent


def progress_of(broadcast_id: UUID) -> Progress:
    """Return how far a broadcast is. Two queries."""
    rows = BroadcastRecipient.objects.filter(broadcast_id=broadcast_id).values_list("state", "reason")
    counted = list(rows.annotate(n=Count("id")))
    left_out = {reason: n for state, reason, n in counted if state == "left_out"}
    waiting = sum(n for state, _reason, n in counted if state == "waiting")
    states, heard = tally_about(broadcast_id)
    return Progress(
        total=sum(n for state, _reason, n in counted if state != "left_out"),
        waiting=waiting,
        outbox=states.get("queued", 0) + states.get("sending", 0),
        held=states.get("held", 0),
        sent=states.get("sent", 0),
        not_sent=sum(states.get(state, 0) for state in ("failed", "skipped", "cancelled")),
        heard=heard,
        left_out=left_out,
    )


def recipients_page(
    broadcast_id: UUID, *, cursor: str, size: int
) -> tuple[Page[BroadcastRecipient], dict[UUID, Message]]:
    """Return a page of recipients, and recipient id → its message where there is one. Two queries."""
    rows = BroadcastRecipient.objects.filter(broadcast_id=broadcast_id).select_related("customer")
    page = keyset_page(rows, keys=("id",), cursor=cursor, size=size)
    keys = {f"broadcast:{broadcast_id}:{row.customer_id}:{row.channel}": row.id for row in page.rows}
    found = messages_by_keys(list(keys))
    return page, {keys[key]: message for key, message in found.items()}


def saved_lists() -> list[tuple[SavedList, int]]:
    """Return the lists by name, with how many customers are on each. Two queries."""
    sizes = dict(SavedListMember.objects.values_list("saved_list_id").annotate(n=Count("id")))
    return [(row, sizes.get(row.id, 0)) for row in SavedList.objects.order_by("name", "id")]


def saved_list(list_id: UUID) -> SavedList | None:
    """Return one list, or None."""
    return direct.find(SavedList, list_id)


def members_of(list_id: UUID) -> set[UUID]:
    """Return the customers on a list. One query."""
    return set(SavedListMember.objects.filter(saved_list_id=list_id).values_list("customer_id", flat=True))
