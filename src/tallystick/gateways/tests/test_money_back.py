"""Refunds and disputes, as the adapter sees them."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from tallystick.core.attempt import State
from tallystick.core.dispute import DisputeState
from tallystick.core.refund import RefundState
from tallystick.gateways.port import Charge, RefundReport
from tallystick.gateways.tests.opening import charge_method
from tallystick.gateways.tests.sandbox_process import SandboxProcess


@pytest.fixture
def attempt_id(sandbox: SandboxProcess) -> UUID:
    """An attempt that took 100.00 EUR."""
    attempt_id = uuid4()
    report = charge_method(sandbox.gateway(), attempt_id, sandbox.save_card(), amount_minor=10_000)
    assert report.state is State.SUCCEEDED
    return attempt_id


def charge_of(sandbox: SandboxProcess, attempt_id: UUID) -> Charge:
    [charge] = sandbox.gateway().look_up(attempt_id=attempt_id, ref=None).charges
    return charge


def refund(
    sandbox: SandboxProcess, attempt_id: UUID, refund_id: UUID, amount_minor: int = 10_000, currency: str = "EUR"
) -> RefundReport:
    return sandbox.gateway().refund(
        refund_id=refund_id,
        attempt_id=attempt_id,
        charge_ref=charge_of(sandbox, attempt_id).ref,
        amount_minor=amount_minor,
        currency=currency,
    )


def test_in_parts_and_once_each(sandbox: SandboxProcess, attempt_id: UUID) -> None:
    first, second = uuid4(), uuid4()
    report = refund(sandbox, attempt_id, first, 3_000)
    assert report.state is RefundState.SUCCEEDED and report.ref
    assert refund(sandbox, attempt_id, first, 3_000) == report
    assert refund(sandbox, attempt_id, uuid4(), 7_001).state is RefundState.FAILED
    assert refund(sandbox, attempt_id, uuid4(), 1, "USD").state is RefundState.FAILED
    assert refund(sandbox, attempt_id, second, 7_000).state is RefundState.SUCCEEDED
    found = charge_of(sandbox, attempt_id).refunds
    assert [(each.refund_id, each.amount_minor, each.currency) for each in found] == [
        (first, 3_000, "EUR"),
        (second, 7_000, "EUR"),
    ]
    assert sandbox.events(attempt_id)[1:] == ["charge.refunded"] * 2


def test_the_same_key_for_another_amount_is_not_a_refund(sandbox: SandboxProcess, attempt_id: UUID) -> None:
    refund_id = uuid4()
    refund(sandbox, attempt_id, refund_id, 1_000)
    assert refund(sandbox, attempt_id, refund_id, 2_000).state is RefundState.UNKNOWN
    assert len(charge_of(sandbox, attempt_id).refunds) == 1


def test_made_in_the_dashboard(sandbox: SandboxProcess, attempt_id: UUID) -> None:
    path = f"/v1/charges/{charge_of(sandbox, attempt_id).ref}/refunds"
    for reference in ({}, {"refund_id": "by hand"}):
        assert sandbox.call("POST", path, body={"amount_minor": 100, **reference}).status_code == 201
    assert [each.refund_id for each in charge_of(sandbox, attempt_id).refunds] == [None, None]


@pytest.mark.parametrize(
    ("kind", "at_once", "later"),
    [
        ("refund_pending", RefundState.PROCESSING, RefundState.SUCCEEDED),
        ("refund_fails", RefundState.FAILED, RefundState.FAILED),
        ("refund_fails_later", RefundState.SUCCEEDED, RefundState.FAILED),
    ],
)
def test_slow_and_failing(
    sandbox: SandboxProcess, attempt_id: UUID, kind: str, at_once: RefundState, later: RefundState
) -> None:
    refund_id = uuid4()
    sandbox.fault(kind, client_reference=str(attempt_id))
    report = refund(sandbox, attempt_id, refund_id)
    assert report.state is at_once
    sandbox.advance(21)
    [found] = charge_of(sandbox, attempt_id).refunds
    assert (found.refund_id, found.state) == (refund_id, later)
    if later is RefundState.FAILED:
        assert refund(sandbox, attempt_id, uuid4()).state is RefundState.SUCCEEDED
    if kind != "refund_fails":
        assert sandbox.events(attempt_id)[1:3] == ["charge.refunded", "refund.updated"]


@pytest.mark.parametrize("kind", ["drop_after", "error_500_after", "malformed_after", "drop_before", "conflict"])
def test_a_lost_answer(sandbox: SandboxProcess, attempt_id: UUID, kind: str) -> None:
    refund_id = uuid4()
    sandbox.fault(kind, client_reference=str(attempt_id), operation="refund")
    assert refund(sandbox, attempt_id, refund_id) == RefundReport(RefundState.UNKNOWN)
    assert len(charge_of(sandbox, attempt_id).refunds) == (1 if kind.endswith("_after") else 0)
    assert refund(sandbox, attempt_id, refund_id).state is RefundState.SUCCEEDED
    assert len(charge_of(sandbox, attempt_id).refunds) == 1


def test_no_such_charge(sandbox: SandboxProcess) -> None:
    for gateway, ref in ((sandbox.gateway(), "ch_none"), (sandbox.gateway("stranger"), "ch_none")):
        report = gateway.refund(refund_id=uuid4(), attempt_id=uuid4(), charge_ref=ref, amount_minor=1, currency="EUR")
        assert report.state is RefundState.FAILED and report.message


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_disputed(sandbox: SandboxProcess, attempt_id: UUID, outcome: str) -> None:
    charge = charge_of(sandbox, attempt_id)
    ref = sandbox.dispute(charge.ref, reason="product_not_received")
    assert sandbox.dispute(charge.ref) == ref
    [found] = charge_of(sandbox, attempt_id).disputes
    assert (found.ref, found.state, found.amount_minor, found.currency, found.reason) == (
        ref, DisputeState.NEEDS_RESPONSE, 10_000, "EUR", "product_not_received",
    )  # fmt: skip
    assert found.evidence_due_at is not None and (found.evidence_due_at - found.opened_at).days == 7
    assert refund(sandbox, attempt_id, uuid4()).state is RefundState.FAILED
    sandbox.call("POST", f"/v1/disputes/{ref}/evidence", body={"evidence": "Signed delivery note"})
    assert charge_of(sandbox, attempt_id).disputes[0].state is DisputeState.UNDER_REVIEW
    for _ in range(2):
        sandbox.close_dispute(ref, outcome)
    assert charge_of(sandbox, attempt_id).disputes[0].state == outcome
    assert sandbox.events(attempt_id)[1:] == ["charge.disputed", "dispute.updated", "dispute.updated"]
    after = refund(sandbox, attempt_id, uuid4()).state
    assert after is (RefundState.SUCCEEDED if outcome == "won" else RefundState.FAILED)


def test_lost_then_won_on_appeal_but_never_back(sandbox: SandboxProcess, attempt_id: UUID) -> None:
    ref = sandbox.dispute(charge_of(sandbox, attempt_id).ref)
    sandbox.close_dispute(ref, "lost")
    sandbox.close_dispute(ref, "won")
    assert sandbox.call("POST", f"/v1/disputes/{ref}/close", body={"outcome": "lost"}).status_code == 400
    assert charge_of(sandbox, attempt_id).disputes[0].state is DisputeState.WON


def test_no_evidence_in_time(sandbox: SandboxProcess, attempt_id: UUID) -> None:
    sandbox.dispute(charge_of(sandbox, attempt_id).ref, amount_minor=4_000)
    sandbox.advance(7 * 86400 + 1)
    [found] = charge_of(sandbox, attempt_id).disputes
    assert (found.state, found.amount_minor) == (DisputeState.LOST, 4_000)


def test_succeeded_then_disputed(sandbox: SandboxProcess) -> None:
    attempt_id = uuid4()
    sandbox.fault("succeeded_then_disputed", client_reference=str(attempt_id))
    charge_method(sandbox.gateway(), attempt_id, sandbox.save_card())
    assert charge_of(sandbox, attempt_id).disputes == ()
    sandbox.advance(21)
    assert len(charge_of(sandbox, attempt_id).disputes) == 1
