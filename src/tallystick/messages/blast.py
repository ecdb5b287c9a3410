"""The blast brake: when far more goes out by itself than ever did, the rest waits for a person (F2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Max

from tallystick.base.ids import new_id
from tallystick.messages.models import MessageDay, SendRules

BRAKE: Final = "brake"
"""Why a message is held, as a stable word."""
FLOOR = 50
"""So many a day are never far above the usual."""
USUAL = timedelta(days=30)
_COUNT = """
INSERT INTO message_day (id, seller_id, "on", count) VALUES (%s, %s, %s, 1)
ON CONFLICT (seller_id, "on") DO UPDATE SET count = message_day.count + 1 RETURNING count
"""


def brakes(seller_id: UUID, now: datetime) -> bool:
    """Count one more message that goes by itself, and return whether it is too many to go unasked. Inside `tenant.tx`.

    Too many: over `FLOOR`, and over the seller's factor times the busiest of the last 30 days. Days are UTC. Locks the
    day's row until the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [new_id(), seller_id, now.date()])
        [count] = cursor.fetchone()
    if count <= FLOOR:
        return False
    before = MessageDay.objects.filter(on__lt=now.date(), on__gte=(now - USUAL).date())
    busiest = before.aggregate(most=Max("count"))["most"] or 0
    row = SendRules.objects.first()
    return bool(count > max(FLOOR, busiest * (row.brake_factor if row else 3)))
