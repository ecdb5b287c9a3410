"""How a customer pays, and what happens next with them by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from tallystick.messages.models import Message
from tallystick.messages.queries import waiting_for
from tallystick.payments.models import ScheduledCharge
from tallystick.payments.queries_charging import charges_ahead
from tallystick.payments.reminders import Outlook, next_reminder

LOOKED_BACK: Final = timedelta(days=365)
MOST: Final = 3
_PAYS = """
SELECT round(avg(paid.days))::int FROM (
  SELECT max(p.received_on) - i.issued_on AS days
  FROM invoice i JOIN allocation a ON a.invoice_id = i.id JOIN payment p ON p.id = a.payment_id
  WHERE i.customer_id = %s AND i.kind = 'invoice' AND i.open_minor = 0 AND i.voided_at IS NULL AND i.issued_on >= %s
  GROUP BY i.id, i.issued_on HAVING sum(a.amount_minor) > 0
) AS paid
"""


def pays_in(customer_id: UUID, *, on: date) -> int | None:
    """Return after how many days a customer paid their invoices of the last year, on average; None when they paid none.

    From the day of issue to the day the last of the money came. Inside `tenant.tx`; one query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PAYS, [customer_id, on - LOOKED_BACK])
        [days] = cursor.fetchone()
    return None if days is None else max(int(days), 0)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What happens next with a customer: what is in the outbox for them, what is planned to be charged, and the outlook
    for a reminder of one invoice, None without one."""

    messages: list[Message]
    charges: list[ScheduledCharge]
    reminder: Outlook | None


def ahead_of(customer_id: UUID, *, invoice_id: UUID | None, now: datetime) -> Ahead:
    """Return what happens next, at most `MOST` of each. Inside `tenant.tx`."""
    charges = [charge for charge in charges_ahead(customer_id=customer_id) if charge.charge_on]
    return Ahead(
        messages=waiting_for(customer_id, most=MOST),
        charges=charges[:MOST],
        reminder=next_reminder(invoice_id, now=now) if invoice_id else None,
    )
