"""Pages of refunds and disputes: what they show, what they refuse, and who may agree."""

from __future__ import annotations

from html import unescape

import pytest

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.payments.models import ChargeAttempt, Dispute, Payment, Refund
from tallystick.payments.tests.stage import Stage
from tallystick.staff.tests.pages import cash, give, give_and_see, member, read, send, url


def test_e7_a_part_is_given_back_and_the_answer_shows_at_once(stage: Stage) -> None:
    payment = stage.pay(stage.world.invoice())
    page = read(member(stage), url(stage, "payment", payment.id))
    assert 'value="173"' in page
    assert "opens invoices again" in page
    assert "Above €1,000.00 a second person has to agree first" in page
    refund, page = give_and_see(stage, payment, "50")
    assert (refund.state, refund.amount_minor, refund.requested_by) == ("succeeded", 5000, stage.world.alice.id)
    assert "€50.00 refunded" in page
    assert "Through Card · Wrong size" in page
    assert "Refunded" in page
    assert "Taken back" in page


def test_e7_the_same_form_twice_gives_back_once(stage: Stage) -> None:
    payment, refund_id = stage.pay(stage.world.invoice()), new_id()
    for _ in range(2):
        give(stage, payment, "173.00", refund_id=refund_id)
    assert stage.row(Payment, payment.id).refunded_minor == 17300
    [charge] = stage.truth()["charges"]
    assert charge["refunded_minor"] == 17300


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"amount": "173.01"}, "Only €173.00 of this payment is left"),
        ({"amount": "0"}, "above zero"),
        ({"amount": "-1"}, "above zero"),
        ({"amount": "1.234"}, "EUR has 2 decimals"),
        ({"amount": ""}, "Fill this in"),
        ({"reason": ""}, "Fill this in"),
        ({"method": "magic"}, "magic"),
    ],
)
def test_e7_a_refund_that_cannot_be_is_refused_and_kept_as_typed(
    stage: Stage, wanted: dict[str, str], says: str
) -> None:
    payment = stage.pay(stage.world.invoice())
    given = {"amount": "10", "method": "gateway", "reason": "Typed reason", "refund_id": new_id(), **wanted}
    page = unescape(send(member(stage), url(stage, "payment-refund", payment.id), 422, **given).content.decode())
    assert says in page
    assert "reason" in wanted or "Typed reason" in page
    assert stage.rows(Refund) == []


def test_e7_a_large_refund_waits_for_a_second_person(stage: Stage) -> None:
    stage.rules(refund_approval_minor=5000)
    payment = stage.pay(stage.world.invoice())
    refund = give(stage, payment, "100")
    assert refund.state == "waiting"
    alice, other = member(stage), member(stage, "sales_manager")
    listed = read(alice, url(stage, "refunds"))
    assert "someone else has to agree" in listed
    assert url(stage, "refund-approve", refund.id) not in listed
    send(alice, url(stage, "refund-approve", refund.id))
    assert stage.row(Refund, refund.id).state == "waiting"
    assert "You asked for this refund" in read(alice, url(stage, "refunds"))
    assert url(stage, "refund-approve", refund.id) in read(other, url(stage, "payment", payment.id))
    assert url(stage, "refund-approve", refund.id) not in read(member(stage, "cashier"), url(stage, "refunds"))
    send(other, url(stage, "refund-approve", refund.id), **{"from": "list"})
    assert stage.row(Refund, refund.id).state == "succeeded"
    assert "Refunded" in read(other, url(stage, "refunds") + "?tab=done")
    send(other, url(stage, "refund-reject", refund.id))
    assert stage.row(Refund, refund.id).state == "succeeded"


def test_e7_a_refund_is_rejected_and_the_money_is_free(stage: Stage) -> None:
    stage.rules(refund_approval_minor=5000)
    payment = stage.pay(stage.world.invoice())
    refund = give(stage, payment, "100")
    send(member(stage, "accountant"), url(stage, "refund-reject", refund.id))
    assert stage.row(Payment, payment.id).refund_reserved_minor == 0
    assert "Nothing was sent" in read(member(stage), url(stage, "refunds") + "?tab=failed")


def test_e7_what_a_provider_refuses_or_does_not_answer_is_said(stage: Stage) -> None:
    payment = stage.pay(stage.world.invoice())
    stage.sandbox.fault("refund_fails")
    refund, page = give_and_see(stage, payment, "10")
    assert refund.state == "failed"
    assert "The provider refused to give €10.00 back" in page
    assert "The money stays here" in page
    stage.sandbox.clear_faults()
    stage.sandbox.fault("drop_after", operation="refund")
    assert give(stage, payment, "20").state == "unknown"
    page = read(member(stage), url(stage, "payment", payment.id))
    assert "don't know yet" in page
    assert "€20.00 set aside" in page


def test_e7_credit_goes_back_by_hand_and_a_small_rest_is_kept(stage: Stage) -> None:
    payment = cash(stage, 4049)
    page = read(member(stage), url(stage, "payment", payment.id))
    assert "Keep €" not in page
    give(stage, payment, "40", method="cash")
    page = read(member(stage), url(stage, "payment", payment.id))
    assert "Keep €0.49" in page
    assert "Keep" not in read(member(stage, "collector"), url(stage, "payment", payment.id)).split("<main")[1]
    for _ in range(2):
        send(member(stage), url(stage, "payment-keep", payment.id), refund_id=new_id())
    assert stage.booked("write_off") == {"EUR": -49}
    send(member(stage), url(stage, "payment-keep", cash(stage, 900).id), refund_id=new_id())
    assert stage.booked("write_off") == {"EUR": -49}


# Disputes


def test_e8_a_dispute_says_why_by_when_and_where(stage: Stage) -> None:
    payment = stage.pay(stage.world.invoice())
    ref = stage.sandbox.dispute(payment.gateway_ref or "", reason="product_not_received")
    stage.look_up(stage.row(ChargeAttempt, payment.attempt_id))  # type: ignore[arg-type]
    page = read(member(stage), url(stage, "payment", payment.id))
    assert "The payer says nothing was delivered" in page
    assert "Card holds €173.00 until the bank decides" in page
    assert "Hand in evidence at Card by" in page
    assert "Held in disputes" in page
    listed = read(member(stage, "read_only"), url(stage, "disputes"))
    assert ref in listed
    stage.sandbox.close_dispute(ref, "lost", name=stage.name)
    stage.look_up(stage.row(ChargeAttempt, payment.attempt_id))  # type: ignore[arg-type]
    assert ref in read(member(stage), url(stage, "disputes") + "?tab=lost")
    assert ref not in read(member(stage), url(stage, "disputes"))
    assert "Lost to a dispute" in read(member(stage), url(stage, "payment", payment.id))


def test_e8_open_disputes_come_in_the_order_their_evidence_is_due(stage: Stage) -> None:
    payments = [stage.pay(stage.world.invoice()) for _ in range(3)]
    refs = []
    for payment in payments:
        refs.append(stage.sandbox.dispute(payment.gateway_ref or ""))
        stage.look_up(stage.row(ChargeAttempt, payment.attempt_id))  # type: ignore[arg-type]
    with tenant.tx(stage.world.seller_id):
        rows = {row.gateway_ref: row for row in Dispute.objects.all()}
        first = rows[refs[2]].evidence_due_at
        assert first
        Dispute.objects.filter(gateway_ref=refs[0]).update(evidence_due_at=None)
        Dispute.objects.filter(gateway_ref=refs[2]).update(evidence_due_at=first.replace(year=first.year - 1))
    page = read(member(stage), url(stage, "disputes"))
    assert sorted(refs, key=page.index) == [refs[2], refs[1], refs[0]]
