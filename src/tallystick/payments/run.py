"""A scheduled charge's time has come: its notice goes out, then it is charged, and what came of it is settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from tallystick.base import clock, direct, tenant
from tallystick.core.attempt import State
from tallystick.customers.lock import lock_customers
from tallystick.customers.queries import addresses_for_documents, customer
from tallystick.invoices.queries import due_item, invoice
from tallystick.payments._brake import why_braked
from tallystick.payments._plan import instant_of, no_sooner_than_notice, plan_next_look, tell
from tallystick.payments._reserve import Take, reserve
from tallystick.payments._settle_charge import end_charge, run_id, settle_charge
from tallystick.payments.collect import cancel_charge, send_charge
from tallystick.payments.models import ChargeAttempt, GatewayAccount, PaymentMethod, ScheduledCharge
from tallystick.payments.notices import queue_charge_notice
from tallystick.payments.queries import live_attempt
from tallystick.payments.rules import rules
from tallystick.payments.start import LEASE
from tallystick.sellers.queries import seller

WAIT_FOR_PAYER = timedelta(minutes=10)
"""How long an open payment page is left to the customer before it is closed to make room for the automatic charge."""
SOON = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Next:
    """What the transaction decided: an attempt to send, or an open page to close first."""

    send_id: UUID | None = None
    close_id: UUID | None = None


def due_charges(*, at: datetime, most: int = 50, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, scheduled_charge_id) of charges to look at, oldest due first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_scheduled_charges(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def run_scheduled_charge(*, seller_id: UUID, charge_id: UUID, now: datetime) -> str:
    """Do what is due about one scheduled charge, and return its state afterwards.

    Safe at any time and any number of times: each run is one attempt whose id is made from the charge and the run's
    number. An open payment page is closed at the gateway first, and its confirmation waited for. Locks the customer.
    """
    step = _decide(seller_id, charge_id, now)
    if step.close_id:
        cancel_charge(seller_id=seller_id, attempt_id=step.close_id, now=now)
        step = _decide(seller_id, charge_id, now, is_second_look=True)
    if step.send_id:
        send_charge(seller_id=seller_id, attempt_id=step.send_id, now=now)
    with tenant.tx(seller_id, read_only=True):
        return ScheduledCharge.objects.values_list("state", flat=True).get(id=charge_id)


def _decide(seller_id: UUID, charge_id: UUID, now: datetime, *, is_second_look: bool = False) -> _Next:
    with tenant.tx(seller_id):
        lock_customers(ScheduledCharge.objects.filter(id=charge_id).values_list("customer_id", flat=True))
        charge = direct.get(ScheduledCharge, charge_id, lock=True)
        if charge.ended_at or charge.due_at is None or (charge.due_at > now and not is_second_look):
            return _Next()
        if charge.state == "charging":
            settle_charge(direct.get(ChargeAttempt, run_id(charge, charge.runs)), now)
            return _Next()
        item = due_item(charge.due_item_id)
        if item is None or item.open_minor <= 0:
            end_charge(charge, "canceled", now, reason="paid")
            tell("charge.canceled", charge, now, reason="paid")
            return _Next()
        return _give_notice(charge, now) or _charge(charge, item.open_minor, now)


def _give_notice(charge: ScheduledCharge, now: datetime) -> _Next | None:
    """Tell the customer first; the charge never comes before the notice has had its days. None: it has had them."""
    kept, zone = rules(), seller(charge.seller_id).time_zone
    assert charge.charge_on
    if kept.notice_days and charge.noticed_at is None:
        if not addresses_for_documents(charge.customer_id)[0]:
            return _park(charge, "no_address", now)
        charge.noticed_at = now
        charge.charge_on = no_sooner_than_notice(charge.charge_on, clock.business_date(now, zone), kept)
        queue_charge_notice(charge, now=now)
        tell("charge.noticed", charge, now)
    elif instant_of(charge.charge_on, zone) <= now:
        return None
    plan_next_look(charge, now)
    charge.save()
    return _Next()


def _charge(charge: ScheduledCharge, amount_minor: int, now: datetime) -> _Next:
    """Reserve the next run, unless somebody is paying, the method is no good, or the brake is on."""
    live = live_attempt(charge.invoice_id)
    if live:
        is_left = live.kind == "hosted" and live.state == State.ACTION_REQUIRED
        charge.due_at = now + SOON
        charge.save()
        return _Next(close_id=live.id) if is_left and now - live.created_at >= WAIT_FOR_PAYER else _Next()
    method = PaymentMethod.objects.filter(id=charge.payment_method_id or charge.id, state="active").first()
    if method is None or not GatewayAccount.objects.filter(id=method.gateway_account_id, is_enabled=True).exists():
        end_charge(charge, "fallen_back", now, reason="method")
        tell("charge.fell_back", charge, now, decline="method", decline_class="needs_customer", again_on="")
        return _Next()
    zone, kept = seller(charge.seller_id).time_zone, rules()
    reason = why_braked(charge, amount_minor, kept=kept, zone=zone, today=clock.business_date(now, zone))
    if reason:
        return _park(charge, reason, now)
    row, owner = invoice(charge.invoice_id), customer(charge.customer_id)
    charge.runs, charge.state, charge.reason, charge.due_at = charge.runs + 1, "charging", "", now + LEASE
    take = Take(
        attempt_id=run_id(charge, charge.runs),
        customer_id=charge.customer_id,
        gateway_account_id=method.gateway_account_id,
        amount_minor=amount_minor,
        currency=charge.currency,
        language=owner.language if owner else row.language,
        kind="automatic",
        parts={charge.invoice_id: amount_minor},
        payment_method_id=method.id,
        scheduled_charge_id=charge.id,
        description=f"{seller(charge.seller_id).name} {row.number}",
    )
    charge.save()
    return _Next(send_id=reserve(charge.seller_id, take, now, None).id)


def _park(charge: ScheduledCharge, reason: str, now: datetime) -> _Next:
    """Stop, and ask a person."""
    charge.state, charge.reason, charge.due_at = "parked", reason, None
    charge.save()
    tell("charge.parked", charge, now, reason=reason)
    return _Next()
