"""The secret by which a seller's own mail server may post mail here. Nothing is stored; raising the version revokes it."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import F

from tallystick.base import direct, events, tenant
from tallystick.base.secrets import digest
from tallystick.mailboxes.models import Mailbox


def intake_secret(box: Mailbox) -> str:
    """Return the secret of a mailbox: 32 letters and digits."""
    mac = digest("mail-intake", box.id.bytes, box.intake_version.to_bytes(4))[:20]
    return base64.b32encode(mac).decode().lower()


def seller_of_secret(mailbox_id: UUID, secret: bytes) -> UUID | None:
    """Return whose mailbox it is when the secret is right, else None."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_of_mailbox(%s)", [mailbox_id])
        row = cursor.fetchone()
    if not row or row[0] is None:
        return None
    with tenant.tx(row[0], read_only=True):
        box = direct.find(Mailbox, mailbox_id)
    is_right = box is not None and hmac.compare_digest(intake_secret(box).encode(), secret)
    return row[0] if is_right else None


def renew_secret(*, seller_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Make a new secret, so that the old one opens nothing, and return whether there is a mailbox."""
    with tenant.tx(seller_id, actor_id=actor_id):
        changed = Mailbox.objects.all().update(intake_version=F("intake_version") + 1)
        if changed:
            events.record(
                "seller.mailbox_changed", seller_id=seller_id, subject_id=seller_id, now=now, actor_id=actor_id, host=""
            )
        return bool(changed)
