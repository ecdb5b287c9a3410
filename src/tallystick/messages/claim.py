"""Taking messages out of the outbox, so that no two senders ever hold the same one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from tallystick.base import tenant
from tallystick.base.bell import ring
from tallystick.messages.models import HOLD, LEASE, Message
from tallystick.messages.text_time import SMS, text_time
from tallystick.sellers.mail_pace import give_turns_back, take_turns

_SPREAD = """
UPDATE message m SET due_at = %(begins_at)s + interval '1 minute' * ((w.place - 1) / %(per_minute)s)
FROM (
  SELECT id, row_number() OVER (ORDER BY due_at, id) AS place
  FROM (
    SELECT id, due_at FROM message
    WHERE state IN ('queued', 'sending') AND channel = 'email' AND due_at <= %(now)s
    FOR UPDATE SKIP LOCKED
  ) AS due
) AS w
WHERE m.id = w.id
"""
_BEGIN = """
UPDATE message SET may_have_left = true, lease_until = %(until)s, due_at = %(until)s
WHERE id = %(id)s AND state = 'sending' AND lease_until = %(held_until)s
"""


def due_messages(*, at: datetime, most: int = 50, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, message_id) of messages to send, oldest due first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_messages(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def claim_messages(*, seller_id: UUID, message_ids: Sequence[UUID], now: datetime) -> list[Message]:
    """Take those that are due and that nobody else holds, as many as the seller's pace allows, and return them, oldest
    due first.

    They are held for `HOLD`, and each goes only after `begin_sending`. What is over the pace gets the minutes to come;
    texts wait for the end of the quiet hours, whoever let them go.
    """
    with tenant.tx(seller_id):
        due = Message.objects.filter(id__in=message_ids, state__in=["queued", "sending"], due_at__lte=now)
        waiting = list(due.order_by("due_at", "id").select_for_update(skip_locked=True))
        emails = [one for one in waiting if one.channel != SMS]
        turns = take_turns(len(emails), now=now)
        late = {one.id for one in emails[turns.granted :]}
        taken = [one for one in waiting if one.id not in late and not (one.channel == SMS and _is_quiet(one, now))]
        for one in taken:
            one.state, one.lease_until, one.due_at = "sending", now + HOLD, now + HOLD
        _set(taken, state="sending", lease_until=now + HOLD, due_at=now + HOLD)
        if late and turns.next_at:
            _spread(turns.next_at, turns.per_minute, now)
        return taken


def begin_sending(message: Message, *, now: datetime) -> bool:
    """Write down that a message held is about to leave, and return whether it was still held. Inside `tenant.tx`.

    The lease outlives the mail server's longest answer. From here on it may have left, until its end is written down.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, {"id": message.id, "held_until": message.lease_until, "until": now + LEASE})
        return bool(cursor.rowcount > 0)


def let_go(*, seller_id: UUID, messages: Sequence[Message], now: datetime) -> None:
    """Put messages that are still held, and haven't begun to leave, back into the outbox, due at once."""
    with tenant.tx(seller_id):
        ids, held_until = [one.id for one in messages], messages[0].lease_until
        held = Message.objects.filter(id__in=ids, state="sending", lease_until=held_until).select_for_update()
        ours = set(held.values_list("id", flat=True))
        rest = [one for one in messages if one.id in ours]
        _set(rest, state="queued", lease_until=None, due_at=now)
        give_turns_back(sum(one.channel != SMS for one in rest), now=now)
        ring("messages")


def _set(messages: Sequence[Message], **values: object) -> None:
    if messages:
        Message.objects.filter(id__in=[one.id for one in messages]).update(**values)


def _is_quiet(message: Message, now: datetime) -> bool:
    due_at, reason = text_time(message.seller_id, message.recipients, now)
    if reason:
        _set([message], state="queued", due_at=due_at, reason=reason, lease_until=None)
    return bool(reason)


def _spread(begins_at: datetime, per_minute: int, now: datetime) -> None:
    """Give what is due and over the seller's pace the minutes to come, in order; what others hold is theirs to spread."""
    with connection.cursor() as cursor:
        cursor.execute(_SPREAD, {"begins_at": begins_at, "per_minute": per_minute, "now": now})
