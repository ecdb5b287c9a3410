"""Refunds and disputes."""

from __future__ import annotations

from uuid import UUID

import pytest

from tallystick.base.ids import new_id
from tallystick.core.dispute import DisputeState
from tallystick.core.refund import RefundState
from tallystick.gateways.port import Charge, RefundReport, Report
from tests.conformance.acts import AMOUNT, levers, look, need, pay_page
from tests.conformance.stage import Stage

TAKEN = {RefundState.PROCESSING, RefundState.SUCCEEDED}


def refund(
    stage: Stage, attempt_id: UUID, taken: Charge, amount_minor: int, refund_id: UUID | None = None
) -> RefundReport:
    """Order one."""
    return stage.gateway.refund(
        refund_id=refund_id or new_id(),
        attempt_id=attempt_id,
        charge_ref=taken.ref,
        amount_minor=amount_minor,
        currency=taken.currency,
    )


def _paid(stage: Stage) -> tuple[UUID, Report, Charge]:
    attempt_id, report = pay_page(stage)
    return attempt_id, report, report.charges[0]


def test_whole(stage: Stage) -> None:
    """D2: what was taken goes back; the payment stays a payment."""
    attempt_id, paid, taken = _paid(stage)
    refund_id = new_id()
    report = refund(stage, attempt_id, taken, AMOUNT, refund_id)
    assert report.state in TAKEN
    assert report.ref
    (said,) = look(stage, attempt_id, paid).charges[0].refunds
    assert (said.ref, said.refund_id, said.amount_minor, said.currency) == (report.ref, refund_id, AMOUNT, "EUR")
    stage.advance(stage.settles_after_s)
    assert look(stage, attempt_id, paid).charges[0].refunds[0].state is RefundState.SUCCEEDED


def test_in_parts(stage: Stage) -> None:
    """D2: part by part, up to what was taken."""
    need(stage, "partial_refund")
    attempt_id, paid, taken = _paid(stage)
    for amount in (4_200, 10_000, 10_000):
        assert refund(stage, attempt_id, taken, amount).state in TAKEN
    said = look(stage, attempt_id, paid).charges[0].refunds
    assert sorted(each.amount_minor for each in said) == [4_200, 10_000, 10_000]
    assert refund(stage, attempt_id, taken, 100).state is RefundState.FAILED
    assert len([each for each in stage.truth().refunds if each.state != "failed"]) == 3


def test_too_much(stage: Stage) -> None:
    """D2: more than was taken is refused, in words."""
    attempt_id, _, taken = _paid(stage)
    report = refund(stage, attempt_id, taken, AMOUNT + 100)
    assert report.state is RefundState.FAILED
    assert report.message
    assert [each for each in stage.truth().refunds if each.state != "failed"] == []


def test_the_same_id_twice_is_one_refund(stage: Stage) -> None:
    """D2: a second click gives nothing more."""
    need(stage, "refund_keys")
    attempt_id, _, taken = _paid(stage)
    refund_id = new_id()
    first, again = (refund(stage, attempt_id, taken, 1_000, refund_id) for _ in range(2))
    assert again.ref == first.ref
    assert len(stage.truth().refunds) == 1


def test_of_a_charge_nobody_knows(stage: Stage) -> None:
    """D2: refused, or not known; never taken for done."""
    attempt_id, _, taken = _paid(stage)
    wrong = Charge(taken.ref[:-4] + "0000", AMOUNT, "EUR", taken.at, "")
    assert refund(stage, attempt_id, wrong, 100).state in {RefundState.FAILED, RefundState.UNKNOWN}
    assert stage.truth().refunds == ()


def test_made_in_the_dashboard(stage: Stage) -> None:
    """D2: a refund that isn't ours is seen, without an id of ours."""
    levers(stage, "dashboard_refund")
    attempt_id, paid, taken = _paid(stage)
    stage.dashboard_refund(taken.ref, 700)
    (said,) = look(stage, attempt_id, paid).charges[0].refunds
    assert (said.amount_minor, said.refund_id) == (700, None)


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_dispute_is_opened_and_ends(stage: Stage, outcome: str) -> None:
    """D18: what was taken back, why, until when it can be answered, and how it ended."""
    need(stage, "disputes")
    levers(stage, "dispute")
    attempt_id, paid, taken = _paid(stage)
    stage.dispute(taken.ref)
    (opened,) = look(stage, attempt_id, paid).charges[0].disputes
    assert opened.ref == stage.truth().disputes[0].ref
    assert (opened.amount_minor, opened.currency) == (AMOUNT, "EUR")
    assert opened.evidence_due_at is None or opened.evidence_due_at > opened.opened_at
    stage.dispute(taken.ref, outcome)
    (closed,) = look(stage, attempt_id, paid).charges[0].disputes
    assert (closed.ref, closed.state) == (opened.ref, DisputeState(outcome))
    assert closed.amount_minor == AMOUNT


def test_no_refund_of_what_the_bank_took(stage: Stage) -> None:
    """D2, D18: refund and dispute together never give back more than was taken."""
    need(stage, "disputes")
    levers(stage, "dispute", "dispute_guard")
    attempt_id, _, taken = _paid(stage)
    stage.dispute(taken.ref)
    report = refund(stage, attempt_id, taken, AMOUNT)
    assert report.state in {RefundState.FAILED, RefundState.UNKNOWN}
    assert [each for each in stage.truth().refunds if each.state != "failed"] == []
