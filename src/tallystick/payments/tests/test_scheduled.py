"""Charges that happen by themselves: after their notice, on their day, retried by class, braked, postponed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.invoices import queries as invoices
from tallystick.messages.models import Message
from tallystick.payments.errors import NoConsent, NotPostponable, NotSchedulable
from tallystick.payments.methods import remove_method, set_autopay
from tallystick.payments.models import AutoPay, ChargeAttempt, Payment, PaymentMethod, ScheduledCharge
from tallystick.payments.record import record_payment
from tallystick.payments.schedule import (
    cancel_scheduled_charge,
    change_method_of_charge,
    postpone_scheduled_charge,
    release_scheduled_charges,
    resume_scheduled_charge,
)
from tallystick.payments.tests.stage import (
    AGREED,
    EXPIRED,
    NEVER_ENOUGH,
    NO_MONEY_TWICE,
    STOLEN,
    WANTS_OWNER,
    Stage,
)

DEPOSIT = {"kind": "net", "days": 30, "label": "30 days", "deposit_percent": "40"}


def kinds(stage: Stage) -> list[str]:
    return [m.kind for m in stage.rows(Message)]


def test_d7_d8_f6_deposit_then_the_rest_when_the_job_is_done(stage: Stage) -> None:
    invoice_id = stage.world.invoice(terms=DEPOSIT)
    rest = stage.plan(invoice_id, at=1, trigger="event", event="order.completed")
    assert rest.state == "proposed"
    with pytest.raises(NoConsent):
        stage.open(invoice_id, amount_minor=6920)
    payment = stage.pay(invoice_id, amount_minor=6920, consent=AGREED)
    assert payment.amount_minor == 6920
    assert stage.row(ScheduledCharge, rest.id).state == "waiting"
    [method] = stage.rows(PaymentMethod)
    assert (method.brand, method.last4, method.consent_text) == ("Visa", "4242", AGREED.text)

    stage.days(2)
    assert stage.row(ScheduledCharge, rest.id).state == "waiting"
    for _ in range(2):
        release_scheduled_charges(event="order.completed", subject_id=invoice_id, **stage.world.acting())
    stage.drain()
    assert kinds(stage).count("charge_notice") == 1
    stage.days(2)
    assert stage.open_minor(invoice_id) == 10380, "not before the notice has had its three days"
    stage.days(1)
    stage.drain()
    assert stage.open_minor(invoice_id) == 0
    assert stage.row(ScheduledCharge, rest.id).state == "done"
    assert kinds(stage).count("receipt") == 2
    assert len(stage.truth()["charges"]) == 2


def test_b6_a_declined_charge_is_retried_on_the_schedule_then_paid(stage: Stage) -> None:
    method = stage.keep_card(NO_MONEY_TWICE)
    invoice_id = stage.world.invoice()
    charge = stage.plan(invoice_id, charge_on=stage.world.today + timedelta(days=5), payment_method_id=method.id)
    start = stage.world.today
    stage.days(5)
    first = stage.row(ScheduledCharge, charge.id)
    assert (first.state, first.tries, first.charge_on) == ("retrying", 1, start + timedelta(days=6))
    stage.days(1)
    second = stage.row(ScheduledCharge, charge.id)
    assert (second.state, second.tries, second.charge_on) == ("retrying", 2, start + timedelta(days=8))
    stage.days(2)
    assert stage.row(ScheduledCharge, charge.id).state == "done"
    assert stage.open_minor(invoice_id) == 0
    assert kinds(stage).count("charge_failed") == 2
    assert kinds(stage).count("receipt") == 1


@pytest.mark.parametrize("number", [NEVER_ENOUGH, EXPIRED])
def test_d10_a_card_that_never_works_ends_in_a_link_after_the_last_try(stage: Stage, number: str) -> None:
    method = stage.keep_card(number)
    invoice_id = stage.world.invoice()
    charge = stage.plan(invoice_id, charge_on=stage.world.today + timedelta(days=3), payment_method_id=method.id)
    stage.days(12)
    after = stage.row(ScheduledCharge, charge.id)
    assert (after.state, after.tries) == ("fallen_back", 5)
    assert kinds(stage).count("charge_failed") == 4
    assert kinds(stage).count("charge_fell_back") == 1
    stage.days(10)
    assert len(stage.rows(ChargeAttempt, kind="automatic")) == 5


@pytest.mark.parametrize("number", [STOLEN, WANTS_OWNER])
def test_d10_what_waiting_cannot_help_is_never_retried(stage: Stage, number: str) -> None:
    method = stage.keep_card(number)
    invoice_id = stage.world.invoice()
    charge = stage.plan(invoice_id, charge_on=stage.world.today + timedelta(days=3), payment_method_id=method.id)
    stage.days(8)
    assert stage.row(ScheduledCharge, charge.id).state == "fallen_back"
    assert len(stage.rows(ChargeAttempt, kind="automatic")) == 1
    assert stage.row(PaymentMethod, method.id).trouble
    assert stage.truth()["charges"] == []


def test_d10_another_card_puts_it_back_on_its_way(stage: Stage) -> None:
    first = stage.keep_card(NO_MONEY_TWICE)
    invoice_id = stage.world.invoice()
    charge = stage.plan(invoice_id, charge_on=stage.world.today + timedelta(days=3), payment_method_id=first.id)
    stage.drain()
    stage.days(3)
    assert stage.row(ScheduledCharge, charge.id).state == "retrying"
    second = stage.keep_card()
    change_method_of_charge(charge_id=charge.id, payment_method_id=second.id, **stage.world.acting())
    stage.days(1)
    assert stage.row(ScheduledCharge, charge.id).state == "done"


def test_f6_a_customer_postpones_once_within_the_days(stage: Stage) -> None:
    method = stage.keep_card()
    on = stage.world.today + timedelta(days=4)
    charge = stage.plan(stage.world.invoice(), charge_on=on, payment_method_id=method.id)
    given = {"charge_id": charge.id, "by_customer": True}
    with pytest.raises(NotPostponable) as refused:
        postpone_scheduled_charge(until=on + timedelta(days=8), **given, **stage.world.acting())
    assert refused.value.until == on + timedelta(days=7)
    postpone_scheduled_charge(until=on + timedelta(days=2), **given, **stage.world.acting())
    with pytest.raises(NotPostponable):
        postpone_scheduled_charge(until=on + timedelta(days=3), **given, **stage.world.acting())
    stage.days(5)
    assert stage.row(ScheduledCharge, charge.id).state == "scheduled"
    stage.days(1)
    assert stage.row(ScheduledCharge, charge.id).state == "done"


def test_e20_autopay_charges_each_due_item_on_its_day(stage: Stage) -> None:
    method = stage.keep_card(autopay=True)
    assert [row.payment_method_id for row in stage.rows(AutoPay)] == [method.id]
    invoice_id = stage.world.invoice(terms={"kind": "net", "days": 5, "label": "x", "instalments": 2})
    stage.drain()
    assert [row.trigger for row in stage.rows(ScheduledCharge)] == ["due", "due"]
    stage.days(5)
    assert stage.open_minor(invoice_id) == 8650
    set_autopay(customer_id=stage.world.nora, payment_method_id=None, **stage.world.acting())
    stage.days(40)
    assert stage.open_minor(invoice_id) == 8650, "ended: nothing more is taken"


def test_b16_paid_another_way_is_not_charged(stage: Stage) -> None:
    method = stage.keep_card()
    invoice_id = stage.world.invoice()
    charge = stage.plan(invoice_id, charge_on=stage.world.today + timedelta(days=4), payment_method_id=method.id)
    record_payment(
        payment_id=new_id(),
        customer_id=stage.world.nora,
        method="cash",
        amount_minor=17300,
        currency="EUR",
        received_on=stage.world.today,
        **stage.world.acting(),
    )
    stage.days(6)
    after = stage.row(ScheduledCharge, charge.id)
    assert (after.state, after.reason) == ("canceled", "paid")
    assert stage.truth()["charges"] == []
    assert "charge_notice" not in kinds(stage)


def test_an_open_payment_page_is_closed_and_confirmed_before_the_card_is_charged(stage: Stage) -> None:
    stage.rules(notice_days=0)
    method = stage.keep_card()
    invoice_id = stage.world.invoice()
    page = stage.open(invoice_id)
    charge = stage.plan(invoice_id, charge_on=stage.world.today, payment_method_id=method.id)
    stage.sandbox.fault("expire_refused", client_reference=str(page.id))
    stage.world.later(minutes=11)
    stage.drain()
    assert stage.row(ScheduledCharge, charge.id).state == "scheduled", "not confirmed: not charged"
    stage.world.later(minutes=11)
    stage.drain()
    assert stage.row(ChargeAttempt, page.id).state == "canceled"
    assert stage.row(ScheduledCharge, charge.id).state == "done"
    assert len(stage.truth()["charges"]) == 1


def test_the_payer_who_is_faster_than_the_automatic_charge_pays_once(stage: Stage) -> None:
    stage.rules(notice_days=0)
    method = stage.keep_card()
    invoice_id = stage.world.invoice()
    page = stage.open(invoice_id)
    charge = stage.plan(invoice_id, charge_on=stage.world.today, payment_method_id=method.id)
    stage.sandbox.pay(page.action_url, "5555555555554444")
    stage.world.later(minutes=11)
    stage.drain()
    assert stage.row(ScheduledCharge, charge.id).state == "canceled"
    assert [p.amount_minor for p in stage.rows(Payment)] == [17300]
    assert len(stage.truth()["charges"]) == 1


def test_a_customer_without_address_is_asked_about_not_charged(stage: Stage) -> None:
    method = stage.keep_card(customer="otto")
    charge = stage.plan(stage.world.invoice(customer="otto"), charge_on=stage.world.today, payment_method_id=method.id)
    stage.days(5)
    after = stage.row(ScheduledCharge, charge.id)
    assert (after.state, after.reason) == ("parked", "no_address")
    resume_scheduled_charge(charge_id=charge.id, **stage.world.acting())
    stage.drain()
    assert stage.row(ScheduledCharge, charge.id).state == "done"


def test_the_brake_parks_what_is_far_above_the_usual(stage: Stage) -> None:
    stage.rules(notice_days=0, run_floor_minor=20_000, customer_charges_a_day=0)
    method = stage.keep_card()
    charges = [
        stage.plan(stage.world.invoice(), charge_on=stage.world.today, payment_method_id=method.id) for _ in range(3)
    ]
    stage.drain()
    states = [stage.row(ScheduledCharge, c.id).state for c in charges]
    assert sorted(states) == ["done", "parked", "parked"]
    parked = stage.rows(ScheduledCharge, state="parked")[0]
    assert parked.reason == "run"
    resume_scheduled_charge(charge_id=parked.id, **stage.world.acting())
    stage.drain()
    assert stage.row(ScheduledCharge, parked.id).state == "done"


def test_the_brake_caps_charges_of_one_customer_a_day(stage: Stage) -> None:
    stage.rules(notice_days=0, customer_charges_a_day=2)
    method = stage.keep_card()
    for _ in range(3):
        stage.plan(stage.world.invoice(), charge_on=stage.world.today, payment_method_id=method.id)
    stage.drain()
    assert sorted(c.reason for c in stage.rows(ScheduledCharge)) == ["", "", "customer_charges"]


def test_a_removed_card_is_forgotten_here_at_once_and_at_the_gateway(stage: Stage) -> None:
    method = stage.keep_card()
    invoice_id = stage.world.invoice()
    charge = stage.plan(invoice_id, charge_on=stage.world.today + timedelta(days=3), payment_method_id=method.id)
    stage.sandbox.fault("error_500_before", operation="forget_method")
    assert remove_method(method_id=method.id, **stage.world.acting())
    stage.drain()
    assert stage.row(PaymentMethod, method.id).state == "removing"
    stage.world.later(minutes=20)
    stage.drain()
    assert stage.row(PaymentMethod, method.id).state == "removed"
    stage.days(4)
    assert stage.row(ScheduledCharge, charge.id).state == "fallen_back"


def test_a_lost_answer_is_never_charged_twice(stage: Stage) -> None:
    stage.rules(notice_days=0)
    method = stage.keep_card()
    invoice_id = stage.world.invoice()
    charge = stage.plan(invoice_id, charge_on=stage.world.today, payment_method_id=method.id)
    stage.sandbox.fault("drop_after", operation="charge_method")
    stage.drain()
    [attempt] = stage.rows(ChargeAttempt, kind="automatic")
    assert attempt.state == "unknown"
    stage.world.later(minutes=1)
    stage.drain()
    assert stage.row(ScheduledCharge, charge.id).state == "done"
    assert len(stage.truth()["charges"]) == 1


def test_what_cannot_be_planned_says_why(stage: Stage) -> None:
    method = stage.keep_card()
    invoice_id = stage.world.invoice()
    with pytest.raises(NotSchedulable, match="past"):
        stage.plan(invoice_id, charge_on=stage.world.today - timedelta(days=1), payment_method_id=method.id)
    with pytest.raises(NotSchedulable, match="event"):
        stage.plan(invoice_id, trigger="event", payment_method_id=method.id)
    charge = stage.plan(invoice_id, charge_on=stage.world.today, payment_method_id=method.id)
    with pytest.raises(NotSchedulable, match="planned"):
        stage.plan(invoice_id, charge_on=stage.world.today, payment_method_id=method.id)
    assert cancel_scheduled_charge(charge_id=charge.id, reason="staff", **stage.world.acting())
    stage.days(4)
    with tenant.tx(stage.world.seller_id):
        assert invoices.invoice(invoice_id).open_minor == 17300
