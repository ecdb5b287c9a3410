"""Which of our messages a mail answers."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from tallystick.messages.models import Message


def messages_answered(references: Sequence[str]) -> list[Message]:
    """Return our messages among these Message-IDs, in their order. One query at most; inside `tenant.tx`.

    The left side of a Message-ID of ours is the message's own id, so nothing but the primary key is searched.
    """
    ids = {found for reference in references if (found := _own_id(reference))}
    if not ids:
        return []
    by_mail_id = {row.message_id: row for row in Message.objects.filter(id__in=ids)}
    return [by_mail_id[reference] for reference in dict.fromkeys(references) if reference in by_mail_id]


def last_written_to(customer_ids: Sequence[UUID]) -> UUID | None:
    """Return the one of these customers that we wrote to last, or None. One query."""
    rows = Message.objects.filter(customer_id__in=customer_ids, sent_at__isnull=False).order_by("-sent_at", "-id")
    return rows.values_list("customer_id", flat=True).first()


def _own_id(reference: str) -> UUID | None:
    try:
        return UUID(reference.strip("<>").split("@", 1)[0])
    except ValueError:
        return None
