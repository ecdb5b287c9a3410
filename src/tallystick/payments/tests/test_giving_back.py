"""Money that goes back: refunds of every kind, disputes, and both at once."""

from __future__ import annotations

import pytest

from tallystick.base import inbox
from tallystick.base.ids import new_id
from tallystick.base.models import InboundEvent
from tallystick.core.attempt import State
from tallystick.core.refund import RefundState
from tallystick.gateways.port import Report
from tallystick.messages.models import Message
from tallystick.payments.apply_fact import apply_fact
from tallystick.payments.desk import keep_rest
from tallystick.payments.errors import NoSuchPayment, SamePerson, TooMuchBack
from tallystick.payments.models import Break, ChargeAttempt, Dispute, Payment, Refund
from tallystick.payments.record import record_payment
from tallystick.payments.refund import (
    approve_refund,
    refund_credit,
    reject_refund,
    request_refund,
    resolve_refund,
    send_refund,
)
from tallystick.payments.tests.stage import Stage


def ask(stage: Stage, payment: Payment, amount_minor: int, **given: object) -> Refund:
    return request_refund(
        refund_id=given.pop("refund_id", None) or new_id(),  # type: ignore[arg-type]
        payment_id=payment.id,
        amount_minor=amount_minor,
        reason="Wrong size",
        **given,  # type: ignore[arg-type]
        **stage.world.acting(),
    )


def paid(stage: Stage, **given: object) -> tuple[Payment, object]:
    invoice_id = stage.world.invoice(**given)
    return stage.pay(invoice_id), invoice_id


def test_d18_a_part_goes_back_and_the_invoice_is_open_by_as_much(stage: Stage) -> None:
    payment, invoice_id = paid(stage)
    refund = ask(stage, payment, 5000)
    stage.drain()
    after = stage.row(Payment, payment.id)
    assert stage.row(Refund, refund.id).state == "succeeded"
    assert (after.refunded_minor, after.refund_reserved_minor, after.allocated_minor) == (5000, 0, 12300)
    assert stage.open_minor(invoice_id) == 5000
    assert stage.booked("clearing:sandbox") == {"EUR": 12300}
    [charge] = stage.truth()["charges"]
    assert charge["refunded_minor"] == 5000
    stage.drain()
    [message] = [m for m in stage.rows(Message) if m.kind == "refund"]
    assert message.state in {"sent", "queued", "failed"}


def test_unapplied_credit_goes_back_before_an_invoice_is_opened(stage: Stage) -> None:
    payment, invoice_id = paid(stage)
    stage.world.later(minutes=1)
    cash = record_payment(
        payment_id=new_id(),
        customer_id=stage.world.nora,
        method="cash",
        amount_minor=4000,
        currency="EUR",
        received_on=stage.world.today,
        **stage.world.acting(),
    )
    refund = refund_credit(refund_id=new_id(), payment_id=cash.id, reason="credit", **stage.world.acting())
    assert refund.state == "succeeded", "by hand it is done at once"
    assert stage.booked("cash") == {}
    assert stage.open_minor(invoice_id) == 0
    with pytest.raises(TooMuchBack):
        refund_credit(refund_id=new_id(), payment_id=cash.id, reason="again", **stage.world.acting())
    with pytest.raises(NoSuchPayment):
        refund_credit(refund_id=new_id(), payment_id=new_id(), reason="none", **stage.world.acting())
    assert stage.row(Payment, payment.id).refunded_minor == 0


def test_refunds_never_exceed_the_payment(stage: Stage) -> None:
    payment, _ = paid(stage)
    ask(stage, payment, 10000)
    with pytest.raises(TooMuchBack) as refused:
        ask(stage, payment, 7301)
    assert refused.value.left_minor == 7300
    ask(stage, payment, 7300)
    stage.drain()
    assert stage.row(Payment, payment.id).refunded_minor == 17300
    assert stage.booked("clearing:sandbox") == {}


def test_the_same_refund_asked_twice_goes_once(stage: Stage) -> None:
    payment, _ = paid(stage)
    refund_id = new_id()
    for _ in range(2):
        ask(stage, payment, 1000, refund_id=refund_id)
        send_refund(refund_id=refund_id, **stage.world.acting())
    assert stage.row(Payment, payment.id).refunded_minor == 1000
    [charge] = stage.truth()["charges"]
    assert charge["refunded_minor"] == 1000


@pytest.mark.parametrize(
    "fault", ["drop_after", "drop_before", "error_500_after", "malformed_after", "error_429_before"]
)
def test_a_refund_whose_answer_is_lost_goes_once(stage: Stage, fault: str) -> None:
    payment, _ = paid(stage)
    stage.sandbox.fault(fault, operation="refund")
    refund = ask(stage, payment, 1000)
    stage.drain()
    assert stage.row(Refund, refund.id).state == "unknown"
    assert stage.row(Payment, payment.id).refund_reserved_minor == 1000
    for minutes in (1, 5):
        stage.world.later(minutes=minutes)
        stage.drain()
    assert stage.row(Refund, refund.id).state == "succeeded"
    [charge] = stage.truth()["charges"]
    assert charge["refunded_minor"] == 1000


def test_a_refund_the_gateway_refuses_frees_the_money(stage: Stage) -> None:
    payment, invoice_id = paid(stage)
    stage.sandbox.fault("refund_fails")
    refund = ask(stage, payment, 1000)
    stage.drain()
    assert stage.row(Refund, refund.id).state == "failed"
    assert stage.row(Payment, payment.id).refund_reserved_minor == 0
    assert stage.open_minor(invoice_id) == 0


def test_a_refund_the_bank_sends_back_days_later_is_credit_again(stage: Stage) -> None:
    payment, invoice_id = paid(stage)
    stage.sandbox.fault("refund_fails_later", seconds=60)
    refund = ask(stage, payment, 1000)
    stage.drain()
    assert stage.row(Refund, refund.id).state == "succeeded"
    stage.sandbox.advance(61)
    stage.look_up(stage.row(ChargeAttempt, payment.attempt_id))
    after = stage.row(Payment, payment.id)
    assert stage.row(Refund, refund.id).state == "failed"
    assert (after.refunded_minor, after.unapplied_minor) == (0, 1000)
    assert stage.open_minor(invoice_id) == 1000, "the customer has it as credit"
    assert stage.booked("clearing:sandbox") == {"EUR": 17300}


def test_news_the_gateway_gives_no_answer_about_is_asked_about_again(stage: Stage) -> None:
    """The attempt has ended, so no sweep would ever ask about it: only the webhook knows that something happened."""
    payment, _ = paid(stage)
    stage.sandbox.fault("refund_fails_later", seconds=60)
    refund = ask(stage, payment, 1000)
    stage.drain()
    stage.sandbox.advance(61)
    inbox.keep(
        gateway_account_id=stage.card,
        event_id="evt_1",
        kind="refund.updated",
        reference="",
        attempt_id=payment.attempt_id,
        body=b"{}",
        **stage.world.acting(),
    )
    stage.sandbox.fault("drop_before", operation="look_up", times=1)
    stage.sweep("inbox")
    [news] = stage.rows(InboundEvent, event_id="evt_1")
    assert (news.done_at, news.last_error) == (None, "no answer")
    assert stage.row(Refund, refund.id).state == "succeeded"
    stage.world.later(minutes=5)
    stage.sweep("inbox")
    [news] = stage.rows(InboundEvent, event_id="evt_1")
    assert (news.done_at is not None, news.last_error) == (True, "")
    assert stage.row(Refund, refund.id).state == "failed"


def test_two_people_stand_behind_a_large_refund(stage: Stage) -> None:
    stage.rules(refund_approval_minor=5000)
    payment, _ = paid(stage)
    asked_by, agreed_by = new_id(), new_id()
    small = ask(stage, payment, 5000, actor_id=asked_by)
    large = ask(stage, payment, 5001, actor_id=asked_by)
    stage.drain()
    assert stage.row(Refund, small.id).state == "succeeded"
    assert stage.row(Refund, large.id).state == "waiting"
    with pytest.raises(SamePerson):
        approve_refund(refund_id=large.id, actor_id=asked_by, **stage.world.acting())
    approve_refund(refund_id=large.id, actor_id=agreed_by, **stage.world.acting())
    stage.drain()
    assert stage.row(Refund, large.id).state == "succeeded"
    third = ask(stage, payment, 6000, actor_id=asked_by)
    assert reject_refund(refund_id=third.id, actor_id=agreed_by, **stage.world.acting())
    assert stage.row(Payment, payment.id).refund_reserved_minor == 0


def test_a_refund_made_at_the_gateway_is_booked_once(stage: Stage) -> None:
    payment, invoice_id = paid(stage)
    stage.sandbox.call(
        "POST", f"/v1/charges/{payment.gateway_ref}/refunds", name=stage.name, body={"amount_minor": 2000}
    )
    for _ in range(3):
        stage.look_up(stage.row(ChargeAttempt, payment.attempt_id))
    [refund] = stage.rows(Refund)
    assert (refund.amount_minor, refund.state, refund.reason) == (2000, "succeeded", "dashboard")
    assert stage.open_minor(invoice_id) == 2000


def test_a_credit_note_takes_the_place_of_money_that_went_back(stage: Stage) -> None:
    payment, invoice_id = paid(stage)
    note_id = stage.world.draft(kind="credit_note", credits_id=invoice_id)
    stage.world.issue(note_id)
    stage.drain()
    ask(stage, payment, 17300)
    stage.drain()
    assert stage.open_minor(invoice_id) == 0
    assert stage.booked("unapplied") == {}


def dispute(stage: Stage, payment: Payment, amount_minor: int | None = None) -> tuple[str, Dispute]:
    ref = stage.sandbox.dispute(payment.gateway_ref or "", amount_minor=amount_minor)
    stage.look_up(stage.row(ChargeAttempt, payment.attempt_id))
    return ref, stage.rows(Dispute)[-1]


def test_d18_a_dispute_holds_the_money_until_it_is_won(stage: Stage) -> None:
    payment, invoice_id = paid(stage)
    ref, row = dispute(stage, payment)
    assert (row.state, row.held_minor) == ("needs_response", 17300)
    assert row.evidence_due_at is not None
    assert stage.booked("disputed") == {"EUR": 17300}
    assert stage.booked("clearing:sandbox") == {}
    assert stage.open_minor(invoice_id) == 0, "while it runs the invoice counts as paid"
    with pytest.raises(TooMuchBack):
        ask(stage, payment, 1)
    stage.sandbox.close_dispute(ref, "won", name=stage.name)
    stage.world.later(hours=7)
    stage.sweep("disputes")
    assert stage.rows(Dispute)[0].state == "won"
    assert stage.booked("clearing:sandbox") == {"EUR": 17300}
    assert stage.booked("disputed") == {}


def test_d18_a_lost_dispute_opens_the_invoice_again(stage: Stage) -> None:
    payment, invoice_id = paid(stage)
    ref, _ = dispute(stage, payment)
    stage.sandbox.close_dispute(ref, "lost", name=stage.name)
    for _ in range(2):
        stage.look_up(stage.row(ChargeAttempt, payment.attempt_id))
    assert stage.rows(Dispute)[0].state == "lost"
    assert stage.open_minor(invoice_id) == 17300
    assert stage.row(Payment, payment.id).lost_minor == 17300
    assert stage.booked("disputed") == stage.booked("clearing:sandbox") == {}


def test_a_dispute_beyond_what_is_left_is_booked_whole_and_seen(stage: Stage) -> None:
    payment, _ = paid(stage)
    ask(stage, payment, 10000)
    stage.drain()
    _, row = dispute(stage, payment, 17300)
    assert (row.amount_minor, row.held_minor) == (17300, 7300)
    assert stage.booked("suspense") == {"EUR": 10000}
    assert stage.booked("clearing:sandbox") == {"EUR": -10000}
    stage.world.later(days=1)
    stage.sweep("comparisons")
    assert "dispute_exceeds" in [each.kind for each in stage.rows(Break)]


def test_a_small_rest_is_kept_within_the_threshold(stage: Stage) -> None:
    cash = record_payment(
        payment_id=new_id(),
        customer_id=stage.world.nora,
        method="cash",
        amount_minor=49,
        currency="EUR",
        received_on=stage.world.today,
        **stage.world.acting(),
    )
    keep_rest(refund_id=new_id(), payment_id=cash.id, **stage.world.acting())
    assert stage.booked("write_off") == {"EUR": -49}
    assert stage.row(Payment, cash.id).unapplied_minor == 0


def test_an_unknown_refund_that_never_was_is_given_up_after_its_key(stage: Stage) -> None:
    payment, _ = paid(stage)
    stage.sandbox.fault("drop_before", operation="refund", times=-1)
    refund = ask(stage, payment, 1000)
    stage.drain()
    stage.world.later(hours=30)
    state = resolve_refund(refund_id=refund.id, **stage.world.acting())
    assert state == RefundState.ABANDONED
    assert stage.row(Payment, payment.id).refund_reserved_minor == 0
    apply_fact(
        attempt_id=payment.attempt_id,  # type: ignore[arg-type]
        report=Report(State.UNKNOWN),
        **stage.world.acting(),
    )
    assert stage.row(ChargeAttempt, payment.attempt_id).state == "succeeded"
