"""What machines told us: kept before it is believed, once per gateway account and event id."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection

from tallystick.base import direct, tenant
from tallystick.base.bell import ring
from tallystick.base.ids import new_id
from tallystick.base.models import InboundEvent
from tallystick.base.rows import insert_rows

_ROW = {
    "id": "uuid",
    "seller_id": "uuid",
    "gateway_account_id": "uuid",
    "event_id": "text",
    "kind": "text",
    "subject": "text",
    "reference": "text",
    "charge_ref": "text",
    "attempt_id": "uuid",
    "body": "bytea",
    "received_at": "timestamptz",
    "due_at": "timestamptz",
    "tries": "smallint",
    "last_error": "text",
}
_ONCE = "ON CONFLICT (seller_id, gateway_account_id, event_id) DO NOTHING"


def keep(
    *,
    seller_id: UUID,
    gateway_account_id: UUID,
    event_id: str,
    kind: str,
    reference: str,
    attempt_id: UUID | None,
    body: bytes,
    now: datetime,
    subject: str = "attempt",
    charge_ref: str = "",
) -> bool:
    """Keep a verified webhook and return whether it is new: a second delivery of the same event is not. Idempotent."""
    with tenant.tx(seller_id):
        values = (new_id(), seller_id, gateway_account_id, event_id, kind, subject, reference, charge_ref, attempt_id)
        row = (*values, f"\\x{body.hex()}", now, now, 0, "")
        is_new = insert_rows("inbound_event", _ROW, [row], on_conflict=_ONCE)
        ring("inbox")
        return bool(is_new)


def due(*, at: datetime, most: int, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, id) of webhooks to act on, oldest due first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_inbound_events(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def lease(inbound_id: UUID, *, now: datetime, until: datetime) -> InboundEvent | None:
    """Take a due webhook for oneself until `until`, unless it is done or somebody else has it. Inside `tenant.tx`."""
    inbound = direct.claim(InboundEvent, inbound_id)
    if inbound is None or inbound.done_at or inbound.due_at > now:
        return None
    direct.write(inbound, due_at=until, tries=inbound.tries + 1)
    return inbound


def finish(inbound_id: UUID, *, now: datetime, error: str = "") -> None:
    """Mark a webhook as acted on; with an error it is given up, visibly. Inside `tenant.tx`."""
    direct.write(InboundEvent(id=inbound_id), done_at=now, last_error=error)


def postpone(inbound_id: UUID, *, until: datetime, error: str) -> None:
    """Leave a webhook for later. Inside `tenant.tx`."""
    direct.write(InboundEvent(id=inbound_id), due_at=until, last_error=error)
