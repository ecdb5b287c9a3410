"""Planning charges that happen by themselves, and changing the plan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from tallystick.base import clock, direct, tenant
from tallystick.customers.lock import lock_customers
from tallystick.invoices.queries import due_item, due_items_of, invoice
from tallystick.payments._plan import attach_method, no_sooner_than_notice, plan_next_look, tell
from tallystick.payments._reserve import method_of
from tallystick.payments._settle_charge import end_charge
from tallystick.payments.errors import NoSuchCharge, NotPostponable, NotSchedulable
from tallystick.payments.models import WAITING_STATES, AutoPay, ScheduledCharge
from tallystick.payments.rules import rules
from tallystick.sellers.queries import seller


@dataclass(frozen=True, slots=True)
class Plan:
    """One due item to charge later. `trigger`: date (on `charge_on`), due (when the item is due), event (`event` of
    `event_subject`, by default of the invoice itself). Without a method it is proposed to the customer, who agrees by
    keeping one when the first part is paid.
    """

    id: UUID
    due_item_id: UUID
    trigger: str
    charge_on: date | None = None
    event: str = ""
    event_subject: UUID | None = None
    payment_method_id: UUID | None = None


def schedule_charge(
    *, seller_id: UUID, plan: Plan, now: datetime, origin: str = "staff", actor_id: UUID | None = None
) -> ScheduledCharge:
    """Plan one automatic charge and return it. Idempotent by the plan's id. Locks the customer.

    It is never charged before its notice has had its days. Raises NotSchedulable (nothing open, planned already, a past
    day, an event without a name), NoSuchMethod.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        item = due_item(plan.due_item_id)
        if item is None:
            raise NotSchedulable("due_item")
        lock_customers([item.customer_id])
        known = direct.find(ScheduledCharge, plan.id)
        if known:
            return known
        item.refresh_from_db()
        row = invoice(item.invoice_id)
        today, kept = clock.business_date(now, seller(seller_id).time_zone), rules()
        if item.open_minor <= 0 or row.number is None:
            raise NotSchedulable("nothing_open")
        if ScheduledCharge.objects.filter(due_item_id=item.id, ended_at__isnull=True).exists():
            raise NotSchedulable("planned_already")
        charge = ScheduledCharge(
            id=plan.id,
            seller_id=seller_id,
            customer_id=item.customer_id,
            invoice_id=item.invoice_id,
            due_item_id=item.id,
            origin=origin,
            trigger=plan.trigger,
            event=plan.event,
            event_subject=plan.event_subject or (item.invoice_id if plan.trigger == "event" else None),
            charge_on=_first_day(plan, item.due_on, today),
            currency=row.currency,
            state="proposed",
            created_at=now,
            created_by=actor_id,
        )
        if charge.charge_on:
            charge.charge_on = no_sooner_than_notice(charge.charge_on, today, kept)
        if plan.payment_method_id:
            attach_method(charge, method_of(item.customer_id, plan.payment_method_id), now)
        else:
            charge.save(force_insert=True)
            tell("charge.proposed", charge, now)
        return charge


@dataclass(frozen=True, slots=True)
class Days:
    """When a plan tells the customer and when it charges them. None: once its event is said, or no notice is given."""

    notice_on: date | None
    charge_on: date | None


def days_of(plan: Plan, *, due_on: date, today: date) -> Days:
    """Return the days a plan would get if it were made today. Inside `tenant.tx`. Raises NotSchedulable as it would."""
    first, kept = _first_day(plan, due_on, today), rules()
    if first is None:
        return Days(None, None)
    charge_on = no_sooner_than_notice(first, today, kept)
    return Days(charge_on - timedelta(days=kept.notice_days) if kept.notice_days else None, charge_on)


def _first_day(plan: Plan, due_on: date, today: date) -> date | None:
    if plan.trigger == "event":
        if not plan.event.strip():
            raise NotSchedulable("event")
        return None
    if plan.trigger == "due":
        return max(due_on, today)
    if plan.trigger != "date" or plan.charge_on is None:
        raise NotSchedulable("charge_on")
    if plan.charge_on < today:
        raise NotSchedulable("past")
    return plan.charge_on


def schedule_autopay(*, seller_id: UUID, invoice_id: UUID, now: datetime) -> int:
    """Plan each open due item of an issued invoice for its due day, when its customer pays automatically.

    Returns how many were planned. Idempotent: an item with a plan keeps it. Locks the customer.
    """
    with tenant.tx(seller_id):
        row = invoice(invoice_id)
        lock_customers([row.customer_id])
        agreed = AutoPay.objects.select_related("payment_method").filter(customer_id=row.customer_id).first()
        if agreed is None or row.kind != "invoice" or agreed.payment_method.state != "active":
            return 0
        planned = set(ScheduledCharge.objects.filter(invoice_id=invoice_id).values_list("due_item_id", flat=True))
        items = [item for item in due_items_of([invoice_id]) if item.open_minor > 0 and item.id not in planned]
        for item in items:
            plan = Plan(_plan_id(item.id), item.id, "due", payment_method_id=agreed.payment_method_id)
            schedule_charge(seller_id=seller_id, plan=plan, now=now, origin="autopay")
        return len(items)


def _plan_id(due_item_id: UUID) -> UUID:
    """The same item is planned once, whoever asks."""
    return uuid5(due_item_id, "autopay")


def release_scheduled_charges(
    *, seller_id: UUID, event: str, subject_id: UUID, now: datetime, actor_id: UUID | None = None
) -> int:
    """Something happened: charges that wait for just this are on their way, after their notice. Returns how many.

    Idempotent: a charge is released once. Locks the customers.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        waiting = ScheduledCharge.objects.filter(
            event=event, event_subject=subject_id, state__in=["waiting", "proposed"]
        )
        lock_customers(waiting.values_list("customer_id", flat=True))
        today, released = clock.business_date(now, seller(seller_id).time_zone), 0
        for charge in waiting.select_for_update().order_by("id"):
            charge.charge_on = no_sooner_than_notice(today, today, rules())
            charge.trigger = "date"
            if charge.state == "waiting":
                charge.state = "scheduled"
                plan_next_look(charge, now)
            charge.save()
            tell("charge.released", charge, now, actor=str(actor_id or ""))
            released += 1
        return released


def postpone_scheduled_charge(
    *,
    seller_id: UUID,
    charge_id: UUID,
    until: date,
    now: datetime,
    by_customer: bool = False,
    actor_id: UUID | None = None,
) -> date:
    """Move a charge to a later day and return it. A customer may do so once, within the seller's days (F6).

    Locks the customer. Raises NoSuchCharge, NotPostponable with the last possible day.
    """
    with _change(seller_id, charge_id, actor_id) as charge:
        today = clock.business_date(now, seller(seller_id).time_zone)
        if charge.state not in {"scheduled", "retrying"} or charge.charge_on is None:
            raise NoSuchCharge(str(charge_id))
        last = last_postponed_day(charge)
        if by_customer and (charge.postponed_at or until > last or until <= charge.charge_on):
            raise NotPostponable(last)
        if until < today:
            raise NotPostponable(today)
        charge.charge_on = until
        charge.postponed_at = now if by_customer else charge.postponed_at
        plan_next_look(charge, now)
        charge.save()
        tell("charge.postponed", charge, now, by_customer=by_customer)
        return until


def last_postponed_day(charge: ScheduledCharge) -> date:
    """Return the last day a customer may move a charge to. Inside `tenant.tx`."""
    assert charge.charge_on
    return charge.charge_on + timedelta(days=rules().postpone_days)


def cancel_scheduled_charge(
    *, seller_id: UUID, charge_id: UUID, reason: str, now: datetime, actor_id: UUID | None = None
) -> bool:
    """Take a charge off the plan before it runs, and return whether that was in time. Locks the customer."""
    with _change(seller_id, charge_id, actor_id) as charge:
        if charge.state == "charging":
            return False
        end_charge(charge, "canceled", now, reason=reason)
        tell("charge.canceled", charge, now, reason=reason)
        return True


def change_method_of_charge(
    *, seller_id: UUID, charge_id: UUID, payment_method_id: UUID, now: datetime, actor_id: UUID | None = None
) -> None:
    """Charge it to another kept method of the customer; failures begin to count anew. Raises NoSuchMethod, NoSuchCharge."""
    with _change(seller_id, charge_id, actor_id) as charge:
        method = method_of(charge.customer_id, payment_method_id)
        if charge.state == "charging":
            raise NoSuchCharge(str(charge_id))
        attach_method(charge, method, now)


def resume_scheduled_charge(*, seller_id: UUID, charge_id: UUID, now: datetime, actor_id: UUID | None = None) -> None:
    """A person looked at a parked charge and lets it run: the brake is off for its next run. Raises NoSuchCharge."""
    with _change(seller_id, charge_id, actor_id) as charge:
        if charge.state != "parked":
            raise NoSuchCharge(str(charge_id))
        charge.state, charge.reason, charge.noticed_at = "scheduled", "released", charge.noticed_at or now
        charge.charge_on = charge.charge_on or clock.business_date(now, seller(seller_id).time_zone)
        plan_next_look(charge, now)
        charge.save()
        tell("charge.resumed", charge, now)


def cancel_charges_of(*, seller_id: UUID, invoice_id: UUID, reason: str, now: datetime) -> int:
    """Nothing is open on an invoice any more: cancel what was planned on it. Returns how many. Locks the customer."""
    with tenant.tx(seller_id):
        ahead = ScheduledCharge.objects.filter(invoice_id=invoice_id, state__in=WAITING_STATES)
        customers = set(ahead.values_list("customer_id", flat=True))
        if not customers:
            return 0
        lock_customers(customers)
        open_items = {item.id for item in due_items_of([invoice_id]) if item.open_minor > 0}
        ended = 0
        for charge in ahead.exclude(state="charging").select_for_update():
            if charge.due_item_id not in open_items:
                end_charge(charge, "canceled", now, reason=reason)
                tell("charge.canceled", charge, now, reason=reason)
                ended += 1
        return ended


@contextmanager
def _change(seller_id: UUID, charge_id: UUID, actor_id: UUID | None) -> Iterator[ScheduledCharge]:
    """Open the transaction of one change: the customer locked, then the living charge. Raises NoSuchCharge."""
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers(ScheduledCharge.objects.filter(id=charge_id).values_list("customer_id", flat=True))
        charge = ScheduledCharge.objects.select_for_update().filter(id=charge_id, ended_at__isnull=True).first()
        if charge is None:
            raise NoSuchCharge(str(charge_id))
        yield charge
