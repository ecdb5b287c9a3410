"""What waits for a person about money that moves: refunds, disputes, breaks, charges that were stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

EVIDENCE_WITHIN = timedelta(days=7)
_WAITING = """
SELECT (SELECT count(*) FROM refund WHERE state = 'waiting' AND requested_by IS DISTINCT FROM %(person)s),
       (SELECT count(*) FROM dispute WHERE state = 'needs_response' AND evidence_due_at <= %(until)s),
       (SELECT count(*) FROM recon_break WHERE closed_at IS NULL),
       (SELECT count(*) FROM scheduled_charge WHERE state = 'parked')
"""


@dataclass(frozen=True, slots=True)
class MoneyWaits:
    """How many of each: refunds this person may agree to, disputes whose evidence is due within a week, and so on."""

    refunds: int
    disputes: int
    breaks: int
    parked: int


def money_waits(*, person_id: UUID, now: datetime) -> MoneyWaits:
    """Return what waits. One query. Inside `tenant.tx`."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"person": person_id, "until": now + EVIDENCE_WITHIN})
        return MoneyWaits(*cursor.fetchone())
