"""Writing down how it went: a claimed message is sent, skipped or failed, or waits for another try."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.db import connection

from tallystick.base import tenant
from tallystick.mail.port import Refusal
from tallystick.messages.claim import begin_sending
from tallystick.messages.hear import hear_refusals
from tallystick.messages.models import LEASE, Message
from tallystick.messages.queue import tell

UNDECIDED: Final = timedelta(days=3)
PAUSE: Final = timedelta(hours=1)
WAITS: Final = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720, 1440))
_SETTLE: Final = """
UPDATE message SET state = %s, reason = %s, sent_at = %s, subject = %s, body = %s, provider_id = %s, lease_until = NULL,
  may_have_left = %s
WHERE id = %s AND state = 'sending'
"""


@dataclass(frozen=True, slots=True)
class Ending:
    """How it went with one message.

    `waits`: nobody can say yet whether it is true; `tries_again`: there was trouble on the way; `stays`: it couldn't be
    composed. `refused` are the people the server didn't take. `may_have_left` says that the server's answer was lost.
    """

    state: Literal["sent", "skipped", "failed", "waits", "tries_again", "stays"]
    reason: str = ""
    provider_id: str = ""
    refused: tuple[Refusal, ...] = ()
    may_have_left: bool = False


def settle(message: Message, ending: Ending, *, now: datetime, then: Message | None = None) -> bool:
    """Write it down, begin with the message `then`, and return whether that was still held.

    In a transaction of its own: a crash before the commit costs one copy, not more, and one message about which nobody
    knows. Had it left before, or may it have now, it stays so.
    """
    with tenant.tx(message.seller_id):
        message.may_have_left = message.may_have_left or ending.may_have_left
        if ending.refused:
            hear_refusals(message=message, refused=ending.refused, is_sent=ending.state == "sent", now=now)
        _write(message, ending, now)
        return then is not None and begin_sending(then, now=now)


def _write(message: Message, ending: Ending, now: datetime) -> None:
    """What can't be decided for days isn't said, and after the last wait it has failed, visibly."""
    state, reason = ending.state, ending.reason.replace("\0", "")
    if state == "waits" and now - message.created_at < UNDECIDED:
        _keep(message, state="queued", reason=reason, due_at=now + PAUSE, lease_until=None)
    elif state == "waits":
        _end(message, "skipped", reason, now)
    elif state == "tries_again" and message.tries < len(WAITS):
        due_at = now + WAITS[message.tries]
        _keep(message, state="queued", reason=reason[:1000], due_at=due_at, lease_until=None, tries=message.tries + 1)
    elif state == "tries_again":
        _end(message, "failed", reason, now)
    elif state == "stays":
        _keep(message, due_at=now + LEASE, lease_until=now + LEASE)
    else:
        _end(message, state, reason, now, ending.provider_id)


def _keep(message: Message, **values: object) -> None:
    """Leave it in the outbox."""
    Message.objects.filter(id=message.id, state="sending").update(may_have_left=message.may_have_left, **values)


def _end(message: Message, state: str, reason: str, now: datetime, provider_id: str = "") -> None:
    sent_at = now if state == "sent" else None
    row = [state, reason[:1000], sent_at, message.subject, message.body, provider_id, message.may_have_left, message.id]
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, row)
        is_settled = cursor.rowcount > 0
    if is_settled:
        tell(f"message.{state}", message, now, reason=reason[:300])
