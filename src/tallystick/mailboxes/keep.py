"""Keeping mail before anything is made of it, and taking it up again until something was."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from tallystick.base import tenant
from tallystick.base.bell import ring
from tallystick.base.ids import new_id
from tallystick.base.inputs import CONTROL
from tallystick.mailboxes.models import MOST_BYTES, IncomingMessage

CUT_BYTES: Final = 1024 * 1024
"""Of a mail above `MOST_BYTES`, its headers and first part up to here are kept."""
MOST_TRIES: Final = 6
LEASE: Final = timedelta(minutes=5)


def keep_mail(*, seller_id: UUID, raw: bytes, source: str, now: datetime, size: int = 0) -> bool:
    """Keep a mail as it came and return whether it is new; the same bytes again are the same mail. Idempotent.

    `size` is what it had when `raw` was cut on the way. One above `MOST_BYTES` is cut to `CUT_BYTES` and says so by its
    size.
    """
    size = max(size, len(raw))
    kept = raw if size <= MOST_BYTES else raw[:CUT_BYTES]
    with tenant.tx(seller_id):
        _row, is_new = IncomingMessage.objects.get_or_create(
            digest=hashlib.sha256(kept).digest(),
            defaults={
                "id": new_id(),
                "seller_id": seller_id,
                "source": source,
                "raw": kept,
                "size": size,
                "received_at": now,
                "due_at": now,
            },
        )
        if is_new:
            ring("incoming")
        return is_new


def due_mail(*, at: datetime, most: int, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, id) of mail nothing was made of yet, oldest due first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_incoming_messages(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def lease_mail(*, seller_id: UUID, incoming_id: UUID, now: datetime) -> bytes | None:
    """Take a mail for oneself for five minutes and return it as it came, unless it is done or somebody else has it.

    One that was taken up `MOST_TRIES` times without an end has failed, visibly; it stays here and can be tried again.
    """
    with tenant.tx(seller_id):
        waiting = IncomingMessage.objects.filter(id=incoming_id, state="waiting", due_at__lte=now)
        row = waiting.select_for_update(skip_locked=True).first()
        if row is None:
            return None
        if row.tries >= MOST_TRIES:
            IncomingMessage.objects.filter(id=row.id).update(state="failed")
            return None
        IncomingMessage.objects.filter(id=row.id).update(due_at=now + LEASE, tries=row.tries + 1)
        return bytes(row.raw)


def finish_mail(
    *, seller_id: UUID, incoming_id: UUID, state: str, from_address: str, subject: str, message_id: UUID | None
) -> None:
    """Say what became of a mail. `message_id` is the message of ours it is proved to answer. Idempotent."""
    with tenant.tx(seller_id):
        IncomingMessage.objects.filter(id=incoming_id).update(
            state=state, from_address=from_address[:330], subject=subject[:500], message_id=message_id, last_error=""
        )


def postpone_mail(*, seller_id: UUID, incoming_id: UUID, error: str) -> None:
    """Leave a mail that couldn't be acted on until its lease ends, with what went wrong."""
    with tenant.tx(seller_id):
        waiting = IncomingMessage.objects.filter(id=incoming_id, state="waiting")
        waiting.update(last_error=CONTROL.sub(" ", error)[:500])


def retry_mail(*, seller_id: UUID, incoming_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Take up a failed mail again and return whether it had failed."""
    with tenant.tx(seller_id, actor_id=actor_id):
        failed = IncomingMessage.objects.filter(id=incoming_id, state="failed")
        changed = failed.update(state="waiting", tries=0, due_at=now)
        if changed:
            ring("incoming")
        return bool(changed)
