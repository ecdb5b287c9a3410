"""The daily two-way comparison: settlements booked, clearing equal to the gateway, breaks for a person."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tallystick.base.ids import new_id
from tallystick.payments.compare import close_break, compare_account
from tallystick.payments.models import Break, ChargeAttempt, GatewayAccount, Payment, Payout, SettlementLine
from tallystick.payments.refund import request_refund
from tallystick.payments.tests.stage import Stage


def compare(stage: Stage) -> int:
    stage.world.later(days=1)
    return compare_account(account_id=stage.card, **stage.world.acting())


def breaks(stage: Stage) -> list[str]:
    return sorted(row.kind for row in stage.rows(Break, closed_at__isnull=True))


def test_d18_clearing_equals_the_gateway_to_the_cent(stage: Stage) -> None:
    payments = [stage.pay(stage.world.invoice()) for _ in range(3)]
    request_refund(refund_id=new_id(), payment_id=payments[0].id, amount_minor=1234, reason="x", **stage.world.acting())
    stage.drain()
    ref = stage.sandbox.dispute(payments[1].gateway_ref or "")
    stage.look_up(stage.row(ChargeAttempt, payments[1].attempt_id))
    stage.sandbox.close_dispute(ref, "won", name=stage.name)
    stage.look_up(stage.row(ChargeAttempt, payments[1].attempt_id))
    for _ in range(2):
        assert compare(stage) == 0, breaks(stage)
    assert stage.booked("clearing:sandbox") == stage.sandbox.gateway(stage.name).balances()
    fees = stage.booked("gateway_fees")
    assert stage.booked("clearing:sandbox")["EUR"] == 3 * 17300 - 1234 - fees["EUR"]
    assert fees["EUR"] == sum(line.fee_minor for line in stage.rows(SettlementLine))


def test_d18_what_is_known_already_costs_nothing_each_day(stage: Stage) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert compare(stage) == 0, breaks(stage)
        return len(captured)

    costs = []
    for more in (1, 4):
        for _ in range(more):
            stage.pay(stage.world.invoice())
        compare(stage)
        costs.append(statements())
    assert costs[1] <= costs[0]


def test_a_payout_leaves_the_clearing_account_for_the_bank(stage: Stage) -> None:
    stage.pay(stage.world.invoice())
    compare(stage)
    held = stage.booked("clearing:sandbox")["EUR"]
    stage.sandbox.payout()
    assert compare(stage) == 0, breaks(stage)
    [payout] = stage.rows(Payout)
    assert payout.amount_minor == held
    assert stage.booked("clearing:sandbox") == {}
    assert stage.booked("bank") == {"EUR": held}
    assert {line.payout_ref for line in stage.rows(SettlementLine)} == {payout.gateway_ref}


def test_a_success_nobody_told_us_of_is_booked_by_the_comparison(stage: Stage) -> None:
    invoice_id = stage.world.invoice()
    attempt = stage.open(invoice_id)
    stage.sandbox.pay(attempt.action_url, "4242424242424242")
    assert compare(stage) == 0, breaks(stage)
    assert stage.open_minor(invoice_id) == 0
    assert stage.row(ChargeAttempt, attempt.id).state == "succeeded"


def test_a_charge_that_is_not_ours_waits_for_a_person_and_stays_explained(stage: Stage) -> None:
    attempt = stage.open(stage.world.invoice())
    stage.sandbox.fault("charge_unknown", client_reference=str(attempt.id))
    stage.sandbox.pay(attempt.action_url, "4242424242424242")
    compare(stage)
    assert "charge_not_ours" in breaks(stage)
    assert "balance_differs" in breaks(stage)
    for row in stage.rows(Break):
        close_break(break_id=row.id, note="Taken at the counter", actor_id=new_id(), **stage.world.acting())
    compare(stage)
    assert breaks(stage) == []


def test_a_payment_the_gateway_does_not_list_is_a_break_until_it_does(stage: Stage) -> None:
    stage.world.later(days=4)
    attempt = stage.open(stage.world.invoice())
    stage.sandbox.fault("settlement_missing", client_reference=str(attempt.id))
    stage.sandbox.pay(attempt.action_url, "4242424242424242")
    stage.look_up(attempt)
    compare(stage)
    assert "payment_not_listed" in breaks(stage)


def test_a_gateway_that_does_not_answer_is_asked_again_soon(stage: Stage) -> None:
    stage.pay(stage.world.invoice())
    stage.sandbox.fault("error_500_before", operation="list_charges")
    assert compare(stage) == 0
    account = stage.row(GatewayAccount, stage.card)
    assert account.due_at == stage.world.now + timedelta(minutes=30)
    assert account.compared_until is None
    assert len(stage.rows(Payment)) == 1
