"""Reads of what was said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from tallystick.base import direct
from tallystick.base.pages import Page, keyset_page
from tallystick.messages.blast import BRAKE
from tallystick.messages.models import Message, MessageOutcome, SilencedAddress


def messages_about(document_ids: Sequence[UUID]) -> list[Message]:
    """Return the messages about these documents, newest first."""
    return list(Message.objects.filter(document_id__in=document_ids).order_by("-created_at", "-id"))


def outbox(*, cursor: str, size: int) -> Page[Message]:
    """Return what is about to leave, the next to go first, what is held among it. One query."""
    rows = Message.objects.filter(state__in=["queued", "held", "sending"]).select_related("customer")
    return keyset_page(rows, keys=["due_at", "id"], cursor=cursor, size=size)


def waiting_for(customer_id: UUID, *, most: int) -> list[Message]:
    """Return what is about to leave to one customer, the next to go first. One query."""
    rows = Message.objects.filter(state__in=["queued", "held", "sending"], customer_id=customer_id)
    return list(rows.order_by("due_at", "id")[:most])


def held_by_brake() -> int:
    """Return how many messages the brake holds. One query."""
    return Message.objects.filter(state="held", reason=BRAKE).count()


def known_keys(keys: Sequence[str]) -> set[str]:
    """Return which of these have been decided on. One query."""
    return set(Message.objects.filter(dedupe_key__in=keys).values_list("dedupe_key", flat=True))


def message(message_id: UUID) -> Message | None:
    """Return one message, or None."""
    return direct.find(Message, message_id)


def failed_messages(*, most: int = 50) -> list[Message]:
    """Return messages the mail server refused or never took, newest first."""
    return list(Message.objects.filter(state="failed").select_related("customer").order_by("-created_at")[:most])


def messages_about_payment(payment_id: UUID) -> list[Message]:
    """Return the receipts of a payment, newest first."""
    return list(Message.objects.filter(payment_id=payment_id).order_by("-created_at", "-id"))


def heard_about(message_ids: Sequence[UUID]) -> Mapping[UUID, list[MessageOutcome]]:
    """Return what was heard about messages that were sent, by message, in its order. One query, none for no messages."""
    found: dict[UUID, list[MessageOutcome]] = defaultdict(list)
    for row in MessageOutcome.objects.filter(message_id__in=message_ids).order_by("at", "id") if message_ids else ():
        found[row.message_id].append(row)
    return found


def silence(silence_id: UUID) -> SilencedAddress | None:
    """Return an address that is silent, or was, or None."""
    return direct.find(SilencedAddress, silence_id)


def tally_about(document_id: UUID) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many messages about something are in each state, and of those sent, what was heard. One query."""
    rows = Message.objects.filter(document_id=document_id).values_list("state", "outcome").annotate(n=Count("id"))
    states: dict[str, int] = defaultdict(int)
    heard: dict[str, int] = defaultdict(int)
    for state, outcome, n in rows:
        states[state] += n
        if state == "sent":
            heard[outcome] += n
    return dict(states), dict(heard)


def messages_by_keys(keys: Sequence[str]) -> dict[str, Message]:
    """Return key → message of those of the keys that were decided on. One query."""
    return {row.dedupe_key: row for row in Message.objects.filter(dedupe_key__in=keys)}


def waiting_together(*, until: datetime) -> dict[UUID, list[UUID]]:
    """Return customer → documents whose own emails wait to go together and leave by then, oldest first. One query."""
    found = Message.objects.filter(state="queued", due_at__lte=until, data__together=True, customer_id__isnull=False)
    rows = found.order_by("created_at", "id").values_list("customer_id", "document_id")
    together: dict[UUID, list[UUID]] = {}
    for customer_id, document_id in rows:
        if customer_id and document_id:
            together.setdefault(customer_id, []).append(document_id)
    return together
