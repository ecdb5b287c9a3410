"""Saying the same once more: to somebody else, or to the same person a day later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.messages.models import Message
from tallystick.messages.queue import Letter, queue_message

MOST_TIMES: Final = 2
"""So often a message is said again by itself after a temporary bounce."""
PAUSE: Final = timedelta(days=1)


def say_instead(
    *, seller_id: UUID, message_id: UUID, to: str, now: datetime, actor_id: UUID | None = None
) -> Message | None:
    """Queue a message once more, for another person, and return it, or None when it never was. Idempotent per person."""
    with tenant.tx(seller_id, actor_id=actor_id):
        said = Message.objects.filter(id=message_id, channel="email").first()
        if said is None:
            return None
        letter = _copy(said, f"instead:{said.id}:{to.lower()}", to, is_by_hand=True)
        return queue_message(seller_id=seller_id, letter=letter, now=now, actor_id=actor_id)


def say_again_later(*, seller_id: UUID, message_id: UUID, recipient: str, now: datetime) -> bool:
    """Queue a message once more for a person whose mailbox was full or closed for the day; return whether it will go.

    A day later, `MOST_TIMES` times at most; what isn't true any more by then is skipped. Idempotent.
    """
    with tenant.tx(seller_id):
        said = Message.objects.filter(id=message_id, channel="email").first()
        times = int(said.data.get("again", 0)) if said else MOST_TIMES
        if said is None or times >= MOST_TIMES:
            return False
        letter = _copy(said, f"again:{said.id}:{recipient}", recipient, is_by_hand=said.created_by is not None)
        letter.data["again"] = times + 1
        queued = queue_message(seller_id=seller_id, letter=letter, now=now, due_at=now + PAUSE)
        return queued.state == "queued"


def _copy(said: Message, key: str, to: str, *, is_by_hand: bool) -> Letter:
    return Letter(
        id=new_id(),
        dedupe_key=key,
        kind=said.kind,
        recipients=[to],
        language=said.language,
        subject=said.subject,
        body=said.body,
        customer_id=said.customer_id,
        document_id=said.document_id,
        payment_id=said.payment_id,
        attach_pdf=said.attach_pdf,
        payment_link=said.payment_link,
        attachment_ids=said.attachment_ids,
        data=dict(said.data),
        is_by_hand=is_by_hand,
    )
