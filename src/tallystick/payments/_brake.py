"""The brake's memory: what ran today, what was usual, and the lock that makes the count exact."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Max, Sum

from tallystick.base.ids import new_id
from tallystick.core.brake import Caps, Day, why_stop
from tallystick.payments.models import ChargeAttempt, ChargeDay, ScheduledCharge
from tallystick.payments.rules import Rules

_OPEN_DAY = """
INSERT INTO charge_day (id, seller_id, currency, "on", planned_minor, run_minor)
SELECT %(id)s::uuid, %(seller)s::uuid, %(currency)s::text, %(on)s::date, coalesce((
  SELECT sum(d.open_minor) FROM scheduled_charge c JOIN due_item d ON d.id = c.due_item_id
  WHERE c.ended_at IS NULL AND c.state IN ('scheduled', 'retrying') AND c.charge_on <= %(on)s::date
    AND c.currency = %(currency)s::text AND c.created_at < %(dawn)s), 0), 0
ON CONFLICT (seller_id, currency, "on") DO NOTHING
"""


def why_braked(charge: ScheduledCharge, amount_minor: int, *, kept: Rules, zone: str, today: date) -> str:
    """Return why this automatic charge has to wait for a person, or "", and count it into the day when it may run.

    Locks the day's row until the transaction ends; the caller holds the customer.
    """
    day = _lock_day(charge, zone, today)
    dawn = datetime.combine(today, time(), ZoneInfo(zone))
    mine = ChargeAttempt.objects.filter(
        customer_id=charge.customer_id, created_at__gte=dawn, kind="automatic", currency=charge.currency
    )
    counted = mine.aggregate(count=Count("id"), amount=Sum("amount_minor"))
    usual = ChargeDay.objects.filter(currency=charge.currency, on__lt=today, on__gte=_month_before(today))
    caps = Caps(kept.customer_charges_a_day, kept.customer_minor_a_day, kept.run_factor, kept.run_floor_minor)
    seen = Day(
        customer_charges=counted["count"],
        customer_minor=counted["amount"] or 0,
        run_minor=day.run_minor,
        usual_minor=usual.aggregate(most=Max("run_minor"))["most"] or 0,
        planned_minor=day.planned_minor,
    )
    reason = "" if charge.reason == "released" else why_stop(amount_minor, charge.currency, caps=caps, day=seen)
    if not reason:
        ChargeDay.objects.filter(id=day.id).update(run_minor=day.run_minor + amount_minor)
    return reason


def _lock_day(charge: ScheduledCharge, zone: str, today: date) -> ChargeDay:
    given: dict[str, Any] = {
        "id": new_id(),
        "seller": charge.seller_id,
        "currency": charge.currency,
        "on": today,
        "dawn": datetime.combine(today, time(), ZoneInfo(zone)),
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_DAY, given)
    return ChargeDay.objects.select_for_update().get(currency=charge.currency, on=today)


def _month_before(today: date) -> date:
    return date.fromordinal(today.toordinal() - 30)
