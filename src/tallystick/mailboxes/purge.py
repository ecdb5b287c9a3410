"""Letting go of mail as it came: what was read from it stays."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from tallystick.base import tenant
from tallystick.mailboxes.models import DONE, IncomingMessage

BATCH: Final = 500
"""So many mails are let go in one transaction."""


def purge_mail(*, seller_id: UUID, before: datetime) -> int:
    """Forget the bytes of mail that came before an instant and that something was made of; return how many.

    Sender, subject, what became of it and what stands in the inbox stay, and the same mail is still known when it comes
    again. What waits, or couldn't be read, is left alone. In transactions of `BATCH` rows; idempotent, safe beside others.
    """
    purged = 0
    while True:
        with tenant.tx(seller_id):
            old = IncomingMessage.objects.filter(state__in=DONE, received_at__lt=before).exclude(raw=b"")
            ids = list(old.order_by("received_at", "id").values_list("id", flat=True)[:BATCH])
            purged += IncomingMessage.objects.filter(id__in=ids).update(raw=b"")
        if len(ids) < BATCH:
            return purged
