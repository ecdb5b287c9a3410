"""Writing down how it went: a claimed message is sent, skipped or failed, or waits for another try."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from tallystick.base import tenant
from tallystick.messages.models import Message
from tallystick.messages.queue import tell

UNDECIDED: Final = timedelta(days=3)
WAITS: Final = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720, 1440))
_SETTLE: Final = """
UPDATE message SET state = %s, reason = %s, sent_at = %s, subject = %s, body = %s, provider_id = %s, lease_until = NULL
WHERE id = %s AND state = 'sending'
"""


def settle(message: Message, state: str, reason: str, now: datetime, provider_id: str = "") -> str:
    """End it as sent, skipped or failed, in a transaction of its own: a crash before the commit costs one copy, not more."""
    sent_at = now if state == "sent" else None
    row = [state, reason[:1000], sent_at, message.subject, message.body, provider_id, message.id]
    with tenant.tx(message.seller_id):
        with connection.cursor() as cursor:
            cursor.execute(_SETTLE, row)
            is_settled = cursor.rowcount > 0
        if is_settled:
            tell(f"message.{state}", message, now, reason=reason[:300])
    return state


def wait(message: Message, reason: str, now: datetime) -> str:
    """Keep it in the outbox for an hour; what can't be decided for days isn't said."""
    if now - message.created_at >= UNDECIDED:
        return settle(message, "skipped", reason, now)
    with tenant.tx(message.seller_id):
        waiting = Message.objects.filter(id=message.id, state="sending")
        waiting.update(state="queued", reason=reason, due_at=now + timedelta(hours=1), lease_until=None)
    return "queued"


def try_again(message: Message, trouble: str, now: datetime) -> str:
    """Wait longer each time; after the last wait it has failed, visibly."""
    if message.tries >= len(WAITS):
        return settle(message, "failed", trouble, now)
    with tenant.tx(message.seller_id):
        Message.objects.filter(id=message.id).update(
            state="queued",
            reason=trouble[:1000],
            tries=message.tries + 1,
            due_at=now + WAITS[message.tries],
            lease_until=None,
        )
    return "queued"
