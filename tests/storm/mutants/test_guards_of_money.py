"""Each guard of the money, alone: `table.py` takes them away one by one, and then the test named there must fail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from django.db import IntegrityError, connection, transaction

from tallystick.base import inbox, tenant
from tallystick.base.ids import new_id
from tallystick.base.models import InboundEvent
from tallystick.core.attempt import DeclineClass, State
from tallystick.customers.lock import lock_customers
from tallystick.gateways.port import Charge, Decline, Report
from tallystick.invoices import queries as invoices
from tallystick.invoices.errors import NotVoidable
from tallystick.messages.models import Message
from tallystick.payments import apply_fact, hear, refund, run, start, sweep, void
from tallystick.payments.collect import cancel_charge, look_up_charge, send_charge
from tallystick.payments.errors import BeingPaid, SamePerson, TooMuchBack
from tallystick.payments.models import ChargeAttempt, Dispute, Payment, Refund, ScheduledCharge
from tallystick.payments.record import record_payment
from tallystick.payments.requests import request_payment, start_request_charge
from tallystick.payments.rules import save_rules
from tallystick.payments.schedule import Plan, schedule_charge
from tests.storm.fake import AT
from tests.storm.races import VoidAndPay
from tests.storm.stage import BUSY, Shop


class Till:
    """A shop, and what the tests do there again and again."""

    def __init__(self) -> None:
        self.shop = Shop()
        self.bank, self.world = self.shop.bank, self.shop.world
        self.acting: dict[str, Any] = self.world.acting()

    def begin(self, invoice_id: UUID, **given: Any) -> ChargeAttempt:
        return start.start_charge(
            invoice_id=invoice_id,
            gateway_account_id=self.shop.account,
            amount_minor=None,
            attempt_id=given.pop("attempt_id", None) or new_id(),
            language="en",
            **given,
            **self.acting,
        )

    def send(self, attempt: ChargeAttempt) -> None:
        send_charge(attempt_id=attempt.id, **self.acting)

    def paid(self) -> Payment:
        [invoice_id] = self.shop.invoices(1)
        attempt = self.begin(invoice_id)
        self.send(attempt)
        self.bank.pay(attempt.id)
        look_up_charge(attempt_id=attempt.id, **self.acting)
        with tenant.tx(self.world.seller_id):
            return Payment.objects.get(attempt_id=attempt.id)

    def row(self, model: Any, row_id: UUID) -> Any:
        with tenant.tx(self.world.seller_id):
            return model.objects.get(id=row_id)

    def copy(self, row: Any, **changed: Any) -> None:
        """Insert a second row like this one."""
        row.id, row._state.adding = new_id(), True
        for name, value in changed.items():
            setattr(row, name, value)
        with tenant.tx(self.world.seller_id):
            row.save(force_insert=True)

    def at(self, **later: float) -> dict[str, Any]:
        return {**self.acting, "now": self.acting["now"] + timedelta(**later)}

    def plan(self, method: UUID, *, days: int = 0) -> tuple[UUID, ScheduledCharge]:
        [invoice_id] = self.shop.invoices(1)
        with tenant.tx(self.world.seller_id):
            [item] = invoices.due_items_of([invoice_id])
        on = self.world.today + timedelta(days=days)
        plan = Plan(new_id(), item.id, "date", charge_on=on, payment_method_id=method)
        return invoice_id, schedule_charge(plan=plan, **self.acting)

    def ask_refund(self, payment: Payment, amount: int, **given: Any) -> Refund:
        return refund.request_refund(
            refund_id=new_id(), payment_id=payment.id, amount_minor=amount, reason="x", **given, **self.acting
        )


@pytest.fixture
def till(database: str) -> Till:
    return Till()


def test_one_live_attempt_per_invoice(till: Till) -> None:
    [invoice_id] = till.shop.invoices(1)
    till.begin(invoice_id)
    with pytest.raises(BeingPaid):
        till.begin(invoice_id)


def test_one_live_attempt_per_request(till: Till) -> None:
    given = {"customer_id": till.world.nora, "currency": "EUR", "language": "en", "amount_minor": 500}
    asked = request_payment(request_id=new_id(), **given, **till.acting)

    def begin() -> None:
        start_request_charge(
            request_id=asked.id,
            gateway_account_id=till.shop.account,
            attempt_id=new_id(),
            language="en",
            return_url="http://127.0.0.1:9/",
            **till.acting,
        )

    begin()
    with pytest.raises(BeingPaid):
        begin()


def test_a_charge_is_a_payment_once(till: Till) -> None:
    payment = till.paid()
    with pytest.raises(IntegrityError, match="payment_once"):
        till.copy(payment, number=None)


def test_a_refund_of_the_gateway_is_one_row(till: Till) -> None:
    asked = till.ask_refund(till.paid(), 500)
    refund.send_refund(refund_id=asked.id, **till.acting)
    with pytest.raises(IntegrityError, match="refund_once"):
        till.copy(till.row(Refund, asked.id))


def test_a_dispute_of_the_gateway_is_one_row(till: Till) -> None:
    payment = till.paid()
    till.bank.open_dispute(payment.gateway_ref or "", 500)
    look_up_charge(attempt_id=payment.attempt_id, **till.acting)
    with tenant.tx(till.world.seller_id):
        dispute = Dispute.objects.get(payment_id=payment.id)
    with pytest.raises(IntegrityError, match="dispute_once"):
        till.copy(dispute)


@pytest.mark.parametrize("column", ["allocated_minor", "refunded_minor"])
def test_a_payment_is_never_overspent(till: Till, column: str) -> None:
    payment = till.paid()
    with pytest.raises(IntegrityError, match="payment_never_over"), tenant.tx(till.world.seller_id):
        Payment.objects.filter(id=payment.id).update(**{column: payment.amount_minor + 1})


def test_a_settlement_line_is_booked_once(till: Till) -> None:
    with tenant.tx(till.world.seller_id), connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'settlement_line_once'")
        found = cursor.fetchone()
    assert found and "UNIQUE" in found[0]


def test_money_locks_the_customer(till: Till) -> None:
    """Somebody holds the customer: nobody else books money of theirs meanwhile."""

    def book() -> str:
        with tenant.tx(till.world.seller_id), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '300ms'")
            try:
                with transaction.atomic():
                    record_payment(
                        payment_id=new_id(),
                        customer_id=till.world.nora,
                        method="transfer",
                        amount_minor=100,
                        currency="EUR",
                        received_on=till.world.today,
                        **till.acting,
                    )
            except Exception as error:
                return str(error)
        return "booked"

    def in_thread() -> str:
        try:
            return book()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, tenant.tx(till.world.seller_id):
        lock_customers([till.world.nora])
        said = pool.submit(in_thread).result(20)
    assert "lock timeout" in said


def test_a_lost_answer_holds_the_slot(till: Till) -> None:
    [invoice_id] = till.shop.invoices(1)
    attempt = till.begin(invoice_id)
    till.bank.trouble = "lost_after"
    till.send(attempt)
    assert till.row(ChargeAttempt, attempt.id).state == "unknown"
    with pytest.raises(BeingPaid):
        till.begin(invoice_id)


def test_what_is_sent_again_has_the_same_key(till: Till) -> None:
    method = till.shop.keep_card()
    [invoice_id] = till.shop.invoices(1)
    attempt = till.begin(invoice_id, payment_method_id=method)
    till.bank.trouble, till.bank.lags = "lost_after", 1
    till.send(attempt)
    sweep.resolve_attempt(attempt_id=attempt.id, **till.at(minutes=5))
    sweep.resolve_attempt(attempt_id=attempt.id, **till.at(minutes=10))
    taken = [each for each in till.bank.sessions.values() if each.amount_minor and each.charge_refs]
    assert len(taken) == 1
    assert till.row(ChargeAttempt, attempt.id).state == "succeeded"


def test_nothing_is_sent_again_after_its_key(till: Till) -> None:
    [invoice_id] = till.shop.invoices(1)
    attempt = till.begin(invoice_id)
    till.bank.trouble = "lost_before"
    till.send(attempt)
    sweep.resolve_attempt(attempt_id=attempt.id, **till.at(hours=23, minutes=30))
    assert attempt.id not in till.bank.sessions


def test_success_never_regresses(till: Till) -> None:
    payment = till.paid()
    apply_fact.apply_fact(attempt_id=payment.attempt_id, report=Report(State.CANCELED), **till.acting)
    assert till.row(ChargeAttempt, payment.attempt_id).state == "succeeded"


def test_a_late_success_is_true(till: Till) -> None:
    [invoice_id] = till.shop.invoices(1)
    attempt = till.begin(invoice_id)
    till.send(attempt)
    cancel_charge(attempt_id=attempt.id, **till.acting)
    charge = Charge("ch_late", 10000, "EUR", AT, "Visa")
    apply_fact.apply_fact(attempt_id=attempt.id, report=Report(State.SUCCEEDED, charges=(charge,)), **till.acting)
    assert till.row(ChargeAttempt, attempt.id).state == "succeeded"


def test_we_book_what_the_gateway_took(till: Till) -> None:
    [invoice_id] = till.shop.invoices(1)
    attempt = till.begin(invoice_id)
    charge = Charge("ch_other", 9000, "EUR", AT, "Visa")
    apply_fact.apply_fact(attempt_id=attempt.id, report=Report(State.SUCCEEDED, charges=(charge,)), **till.acting)
    with tenant.tx(till.world.seller_id):
        assert [each.amount_minor for each in Payment.objects.all()] == [9000]


def test_a_webhook_is_done_only_with_its_effect(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    [invoice_id] = till.shop.invoices(1)
    attempt = till.begin(invoice_id)
    till.send(attempt)
    given = {"event_id": "evt_1", "kind": "x", "reference": "", "body": b"{}"}
    inbox.keep(gateway_account_id=till.shop.account, attempt_id=attempt.id, **given, **till.acting)

    def broken(**_: object) -> None:
        raise RuntimeError("the gateway's answer was odd")

    monkeypatch.setattr(type(till.bank), "look_up", broken)
    [(_seller, event_id)] = inbox.due(at=till.acting["now"], most=5, seller_id=till.world.seller_id)
    with pytest.raises((RuntimeError, TypeError)):
        hear.hear_event(inbound_id=event_id, **till.acting)
    assert till.row(InboundEvent, event_id).done_at is None


def test_a_run_has_one_id(till: Till) -> None:
    _invoice, charge = till.plan(till.shop.keep_card())
    run.run_scheduled_charge(charge_id=charge.id, **till.at(minutes=1))
    assert till.row(ScheduledCharge, charge.id).state == "done"
    assert till.row(ChargeAttempt, uuid5(charge.id, "1")).state == "succeeded"


def test_notice_comes_before_the_charge(till: Till) -> None:
    save_rules(wanted=replace(BUSY, notice_days=3), **till.acting)
    _invoice, charge = till.plan(till.shop.keep_card(), days=3)
    run.run_scheduled_charge(charge_id=charge.id, **till.at(days=4))
    with tenant.tx(till.world.seller_id):
        assert Message.objects.filter(kind="charge_notice").count() == 1
        assert Payment.objects.count() == 0


def test_the_brake_holds(till: Till) -> None:
    save_rules(wanted=replace(BUSY, customer_charges_a_day=1), **till.acting)
    method = till.shop.keep_card()
    charges = [till.plan(method)[1] for _ in range(2)]
    states = [run.run_scheduled_charge(charge_id=each.id, **till.at(minutes=1)) for each in charges]
    assert states == ["done", "parked"]


def test_what_never_works_is_never_tried_again(till: Till) -> None:
    _invoice, charge = till.plan(till.shop.keep_card())
    till.bank.refuses = True
    till.bank.decline_with = Decline("stolen_card", DeclineClass.NEVER_AGAIN, "The card was reported stolen.")
    assert run.run_scheduled_charge(charge_id=charge.id, **till.at(minutes=1)) == "fallen_back"


def test_an_open_page_is_closed_for_sure_before_the_card_is_charged(till: Till) -> None:
    invoice_id, charge = till.plan(till.shop.keep_card())
    page = till.begin(invoice_id)
    till.send(page)
    till.bank.keeps_pages = True
    run.run_scheduled_charge(charge_id=charge.id, **till.at(minutes=11))
    till.bank.pay(page.id)
    run.run_scheduled_charge(charge_id=charge.id, **till.at(minutes=30))
    taken = [each for each in till.bank.sessions.values() if each.charge_refs and each.amount_minor]
    assert len(taken) == 1


def test_an_unknown_refund_keeps_its_money(till: Till) -> None:
    payment = till.paid()
    first = till.ask_refund(payment, 10000)
    till.bank.trouble = "lost_after"
    refund.send_refund(refund_id=first.id, **till.acting)
    with pytest.raises(TooMuchBack):
        till.ask_refund(payment, 10000)


def test_refunds_never_exceed_what_is_left(till: Till) -> None:
    payment = till.paid()
    till.ask_refund(payment, 6000)
    with pytest.raises(TooMuchBack):
        till.ask_refund(payment, 6000)


def test_two_people_agree(till: Till) -> None:
    save_rules(wanted=replace(BUSY, refund_approval_minor=100), **till.acting)
    alice = till.world.alice.id
    asked = till.ask_refund(till.paid(), 6000, actor_id=alice)
    with pytest.raises(SamePerson):
        refund.approve_refund(refund_id=asked.id, actor_id=alice, **till.acting)


def test_the_database_wants_two_people_too(till: Till) -> None:
    alice = till.world.alice.id
    asked = till.ask_refund(till.paid(), 6000, actor_id=alice)
    with pytest.raises(IntegrityError, match="refund_two_people"), tenant.tx(till.world.seller_id):
        Refund.objects.filter(id=asked.id).update(decided_by=alice)


def test_a_message_has_one_key(till: Till) -> None:
    till.paid()
    with tenant.tx(till.world.seller_id):
        fact = {
            "dedupe_key": "receipt:1",
            "kind": "receipt",
            "recipients": [],
            "language": "en",
            "subject": "s",
            "body": "b",
        }
        stamp = {"message_id": "<a@b>", "due_at": till.acting["now"], "created_at": till.acting["now"]}
        Message.objects.create(id=new_id(), seller_id=till.world.seller_id, **fact, **stamp)
    with pytest.raises(IntegrityError, match="message_once"), tenant.tx(till.world.seller_id):
        Message.objects.create(id=new_id(), seller_id=till.world.seller_id, **fact, **stamp)


def test_what_is_being_paid_is_not_voided(till: Till) -> None:
    race = VoidAndPay(till.shop, 1)
    [invoice_id] = race.ready
    till.begin(invoice_id)
    with pytest.raises(NotVoidable):
        void.void_invoices(invoice_ids=[invoice_id], reason="x", today=till.world.today, **till.acting)


def test_the_same_click_twice_is_one_attempt(till: Till) -> None:
    [invoice_id] = till.shop.invoices(1)
    attempt_id = new_id()
    assert {till.begin(invoice_id, attempt_id=attempt_id).id for _ in range(2)} == {attempt_id}


def test_what_was_sent_is_not_sent_again_by_a_second_hand(till: Till) -> None:
    [invoice_id] = till.shop.invoices(1)
    attempt = till.begin(invoice_id)
    till.bank.trouble = "lost_before"
    till.send(attempt)
    till.send(attempt)
    assert attempt.id not in till.bank.sessions
