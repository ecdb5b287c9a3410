"""What an attempt's outcome means for the scheduled charge behind it: done, tried again, or the customer gets a link."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from tallystick.base import clock, direct
from tallystick.core.attempt import LIVE, DeclineClass, State
from tallystick.core.retry import retry_after
from tallystick.payments._plan import instant_of, tell
from tallystick.payments.models import ChargeAttempt, PaymentMethod, ScheduledCharge
from tallystick.payments.rules import rules
from tallystick.sellers.queries import seller

LOOK_AGAIN = timedelta(minutes=10)
SOON = timedelta(hours=1)


def run_id(charge: ScheduledCharge, run: int) -> UUID:
    """Return the attempt id of a charge's nth run: made from both, so that a run can't happen twice."""
    return uuid5(charge.id, str(run))


def settle_charge(attempt: ChargeAttempt, now: datetime) -> None:
    """Move the attempt's scheduled charge on by the attempt's state. Idempotent; the caller holds the customer's lock.

    Only the charge's own latest run counts as a failure, so that what a person tries meanwhile never burns the schedule.
    """
    assert attempt.scheduled_charge_id
    charge = direct.find(ScheduledCharge, attempt.scheduled_charge_id, lock=True)
    if charge is None or attempt.id != run_id(charge, charge.runs):
        return
    state = State(attempt.state)
    if state == State.SUCCEEDED:
        if charge.state != "done":
            end_charge(charge, "done", now)
            tell("charge.done", charge, now, attempt_id=str(attempt.id))
    elif charge.state != "charging":
        return
    elif state in LIVE:
        charge.due_at = now + LOOK_AGAIN
        charge.save()
    elif state == State.DECLINED:
        _failed(charge, attempt, now)
    else:
        charge.state, charge.due_at = "scheduled", now + SOON
        charge.save()


def end_charge(charge: ScheduledCharge, state: str, now: datetime, *, reason: str = "") -> None:
    """End a scheduled charge: done, fallen_back or canceled, with a word why."""
    charge.state, charge.reason, charge.ended_at, charge.due_at = state, reason[:60], now, None
    charge.save()


def _failed(charge: ScheduledCharge, attempt: ChargeAttempt, now: datetime) -> None:
    charge.tries += 1
    klass = DeclineClass(attempt.decline_class) if attempt.decline_class else None
    if klass is not None and klass != DeclineClass.TRY_LATER:
        PaymentMethod.objects.filter(id=attempt.payment_method_id or attempt.id).update(
            trouble=attempt.decline_code[:60]
        )
    wait = retry_after(charge.tries, klass, rules().retry_days)
    again_on = _again_on(charge, now, wait) if wait else None
    if again_on is None:
        end_charge(charge, "fallen_back", now, reason=attempt.decline_code)
    else:
        charge.state, charge.reason, charge.charge_on = "retrying", attempt.decline_code[:60], again_on
        charge.due_at = max(now, instant_of(again_on, seller(charge.seller_id).time_zone))
        charge.save()
    tell(
        "charge.failed" if again_on else "charge.fell_back",
        charge,
        now,
        attempt_id=str(attempt.id),
        decline=attempt.decline_code,
        decline_class=attempt.decline_class,
        tries=charge.tries,
        again_on=again_on.isoformat() if again_on else "",
    )


def _again_on(charge: ScheduledCharge, now: datetime, wait: timedelta) -> date:
    """The day of the next try, counted from the first failure; never today again."""
    zone = seller(charge.seller_id).time_zone
    ended = ChargeAttempt.objects.filter(scheduled_charge_id=charge.id, state=State.DECLINED)
    first = ended.order_by("ended_at").values_list("ended_at", flat=True).first() or now
    return max(clock.business_date(first + wait, zone), clock.business_date(now, zone) + timedelta(days=1))
