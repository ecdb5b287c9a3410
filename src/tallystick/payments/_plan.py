"""Where a scheduled charge goes next: dates, times, and the method it is charged to."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tallystick.base import events
from tallystick.base.bell import ring
from tallystick.payments.models import PaymentMethod, ScheduledCharge
from tallystick.payments.rules import Rules, rules
from tallystick.sellers.queries import seller

CHARGE_AT = time(8)
"""When automatic charges and their notices run, in the seller's zone."""


def instant_of(on: date, zone: str) -> datetime:
    """Return when a business date's automatic work begins, in UTC."""
    return datetime.combine(on, CHARGE_AT, ZoneInfo(zone)).astimezone(UTC)


def attach_method(charge: ScheduledCharge, method: PaymentMethod, now: datetime) -> None:
    """Charge `charge` to `method` from now on; one that had none, or had failed for its method, is on its way again."""
    charge.payment_method_id = method.id
    if charge.state == "proposed":
        charge.state = "waiting" if charge.trigger == "event" else "scheduled"
    elif charge.state == "retrying" or (charge.state == "parked" and charge.reason == "method"):
        charge.state, charge.reason, charge.tries = "scheduled", "", 0
    if charge.state == "scheduled":
        plan_next_look(charge, now)
    charge.save()
    tell("charge.scheduled", charge, now)


def plan_next_look(charge: ScheduledCharge, now: datetime) -> None:
    """Set when a scheduled charge is looked at next: for its notice first, then for the charge itself."""
    assert charge.charge_on
    zone, kept = seller(charge.seller_id).time_zone, rules()
    if kept.notice_days and charge.noticed_at is None:
        charge.due_at = max(now, instant_of(charge.charge_on - timedelta(days=kept.notice_days), zone))
    else:
        charge.due_at = max(now, instant_of(charge.charge_on, zone))
    ring("charges")


def no_sooner_than_notice(wanted: date, today: date, kept: Rules) -> date:
    """Return the day to charge on: never before the notice has had its days."""
    return max(wanted, today + timedelta(days=kept.notice_days))


def tell(kind: str, charge: ScheduledCharge, now: datetime, **data: Any) -> None:
    """Record a fact about a scheduled charge, on its invoice."""
    events.record(
        kind,
        seller_id=charge.seller_id,
        subject_id=charge.invoice_id,
        customer_id=charge.customer_id,
        now=now,
        charge_id=str(charge.id),
        charge_on=charge.charge_on.isoformat() if charge.charge_on else "",
        trigger=charge.trigger,
        event=charge.event,
        **data,
    )
