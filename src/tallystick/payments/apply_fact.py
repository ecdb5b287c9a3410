"""TX2: what the gateway says becomes true here. One function for every messenger.

The response, the return page, the webhook, the sweeper and the daily comparison all bring a `Report` to `apply_fact`;
in any order and any number of times, the outcome is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tallystick.base import clock, direct, events, tenant
from tallystick.base.ids import new_id
from tallystick.core import postings
from tallystick.core.allocation import Allocation, allocate_parts
from tallystick.core.attempt import LIVE, State, advance, next_check_after
from tallystick.customers.lock import lock_customers
from tallystick.gateways.port import Charge, Report
from tallystick.invoices import queries as invoices
from tallystick.invoices.numbers import take_numbers
from tallystick.invoices.queries import OwedItem
from tallystick.ledger.post import Entry
from tallystick.payments._allocate import invoices_in, received_entry, write_allocations
from tallystick.payments._methods import agree_to_plans, keep_method
from tallystick.payments._returns import apply_disputes, apply_refunds
from tallystick.payments._settle_charge import settle_charge
from tallystick.payments.models import AttemptInvoice, ChargeAttempt, GatewayAccount, Payment
from tallystick.sellers.queries import seller


@dataclass(frozen=True, slots=True)
class Outcome:
    """The attempt after the fact, and the payments it newly booked. Not `is_heard`: the gateway knew no answer."""

    attempt_id: UUID
    state: State
    payment_ids: tuple[UUID, ...]
    is_heard: bool = True


def apply_fact(*, seller_id: UUID, attempt_id: UUID, report: Report, now: datetime) -> Outcome:
    """Bring an attempt in line with what its gateway reports, and book money it says it took.

    Idempotent and monotonic: `succeeded` never leaves, a late success overrides a decline, an unknown never overrides
    knowledge. Each charge is booked once, by the gateway's own reference, with the gateway's own amount and currency;
    a difference from what was asked is flagged, excess becomes the customer's credit. Refunds and disputes that the
    gateway lists of a charge are booked with it, a method it kept is kept here, and the plan the attempt belongs to goes
    on. Locks the customer, then the attempt, then the payments.
    """
    with tenant.tx(seller_id):
        lock_customers([direct.get(ChargeAttempt, attempt_id).customer_id])
        attempt = direct.get(ChargeAttempt, attempt_id, lock=True)
        state = advance(State(attempt.state), report.state)
        _write_state(attempt, state, report, now)
        booked = [_book(attempt, charge, now) for charge in report.charges]
        for charge in report.charges:
            _apply_returns(attempt, charge, now)
        if report.saved:
            keep_method(attempt, report.saved, now)
        if attempt.kind == "saved" and attempt.payment_method_id and state == State.SUCCEEDED:
            agree_to_plans(attempt, attempt.payment_method_id, now)
        if attempt.scheduled_charge_id and attempt.kind != "setup":
            settle_charge(attempt, now)
        new = tuple(payment_id for payment_id in booked if payment_id)
        return Outcome(attempt_id, state, new, is_heard=report.state != State.UNKNOWN)


def _write_state(attempt: ChargeAttempt, state: State, report: Report, now: datetime) -> None:
    """Write what differs; most of what is told was heard before."""
    before = State(attempt.state)
    values: dict[str, object] = {
        "state": state,
        "gateway_ref": attempt.gateway_ref or report.ref,
        "action_url": report.action_url or attempt.action_url,
        "expires_at": report.expires_at or attempt.expires_at,
    }
    if report.decline:
        values |= {
            "decline_code": report.decline.code,
            "decline_class": report.decline.klass,
            "last_error": report.decline.message,
        }
    if state in LIVE:
        tries = attempt.tries + 1 if state == before else 0
        values |= {"tries": tries, "due_at": _next_look(tries, state, now)}
    elif attempt.ended_at is None:
        values["ended_at"] = now
    if any(getattr(attempt, name) != value for name, value in values.items()):
        direct.write(attempt, **values)
    if state not in LIVE and before in LIVE:
        AttemptInvoice.objects.filter(attempt_id=attempt.id).update(is_live=False)
    if state != before:
        _tell(attempt, state, now)


def _next_look(tries: int, state: State, now: datetime) -> datetime:
    """An open page is looked at when it expires and now and then before, as its webhook may be lost; the rest by backoff."""
    wait = next_check_after(tries)
    if state == State.ACTION_REQUIRED:
        wait = max(wait, timedelta(minutes=2))
    return now + wait


def _tell(attempt: ChargeAttempt, state: State, now: datetime) -> None:
    kind = f"attempt.{state}" if state in {State.DECLINED, State.PROCESSING, State.UNKNOWN} else "attempt.changed"
    for slot in direct.all_by(AttemptInvoice, attempt_id=attempt.id):
        events.record(
            kind,
            seller_id=attempt.seller_id,
            subject_id=slot.invoice_id,
            customer_id=attempt.customer_id,
            now=now,
            attempt_id=str(attempt.id),
            state=str(state),
            decline=attempt.decline_code,
        )


def _apply_returns(attempt: ChargeAttempt, charge: Charge, now: datetime) -> None:
    if not charge.refunds and not charge.disputes:
        return
    booked = Payment.objects.select_for_update()
    payment = booked.get(gateway_account_id=attempt.gateway_account_id, gateway_ref=charge.ref)
    apply_refunds(payment, charge.refunds, now)
    apply_disputes(payment, charge.disputes, now)


def _book(attempt: ChargeAttempt, charge: Charge, now: datetime) -> UUID | None:
    """Book one charge unless its reference is booked already, and return the new payment's id."""
    if direct.find_by(Payment, gateway_account_id=attempt.gateway_account_id, gateway_ref=charge.ref):
        return None
    zone = seller(attempt.seller_id).time_zone
    payment = Payment(
        id=new_id(),
        seller_id=attempt.seller_id,
        customer_id=attempt.customer_id,
        method="gateway",
        method_label=charge.method_label,
        gateway_account_id=attempt.gateway_account_id,
        gateway_ref=charge.ref,
        attempt_id=attempt.id,
        amount_minor=charge.amount_minor,
        currency=charge.currency,
        received_on=clock.business_date(charge.at, zone),
        recorded_at=now,
        recorded_by=attempt.created_by,
    )
    direct.add(payment)
    _allocate_and_flag(attempt, payment, charge, now)
    return payment.id


def _entry(payment: Payment, attempt: ChargeAttempt) -> Entry:
    account = direct.get(GatewayAccount, attempt.gateway_account_id)
    return received_entry(payment, postings.clearing_account(account.code))


def _allocate_and_flag(attempt: ChargeAttempt, payment: Payment, charge: Charge, now: datetime) -> None:
    """Pay what the attempt was for: each invoice its own part, what is over the others of the attempt, oldest first."""
    slots = direct.all_by(AttemptInvoice, attempt_id=attempt.id)
    items, shared = _shared(payment, slots)
    write_allocations(payment, shared.shares, items=items, now=now, entries=[_entry(payment, attempt)])
    if charge.currency != attempt.currency:
        flag = "currency_differs"
    elif charge.amount_minor != attempt.amount_minor:
        flag = "amount_differs"
    else:
        flag = "overpaid" if shared.rest_minor and slots else ""
    number = take_numbers([(payment.id, "payment")], seller_id=attempt.seller_id, on=payment.received_on)[payment.id]
    direct.write(payment, number=number.number, allocated_minor=payment.allocated_minor, flag=flag)
    events.record(
        "payment.received",
        seller_id=attempt.seller_id,
        subject_id=payment.id,
        customer_id=payment.customer_id,
        now=now,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        method=charge.method_label,
        invoice_ids=[str(key) for key in invoices_in(shared.shares, items) or [slot.invoice_id for slot in slots]],
        flag=flag,
    )


def _shared(payment: Payment, slots: Sequence[AttemptInvoice]) -> tuple[list[OwedItem], Allocation]:
    ids = [slot.invoice_id for slot in slots]
    items = invoices.open_items(payment.customer_id, currency=payment.currency, invoice_ids=ids)
    parts = [(slot.amount_minor, [item for item in items if item.invoice_id == slot.invoice_id]) for slot in slots]
    return items, allocate_parts(payment.amount_minor, parts)
