"""Calls without a usable answer: never a guess, never a raise, and the truth is found afterwards."""

from __future__ import annotations

import pytest

from tallystick.base.ids import new_id
from tallystick.base.tx import InsideTransaction, inside
from tallystick.core.attempt import State
from tallystick.core.refund import RefundState
from tallystick.gateways.port import NoAnswer, Report
from tests.conformance.acts import AMOUNT, charge, keep_method, levers, look, need, open_page, pay_page, settle
from tests.conformance.stage import Stage

NOTHING_DONE = ("drop_before", "hang_before", "error_500_before", "error_429", "malformed_before", "conflict")
DONE = ("drop_after", "hang_after", "error_500_after", "malformed_after")
NO_ANSWER = NOTHING_DONE + DONE


def by_our_id(stage: Stage, attempt_id: object) -> Report:
    """Ask by our own id once the declared lag has passed."""
    stage.advance(stage.gateway.capabilities.lookup_lag.total_seconds())
    return stage.gateway.look_up(attempt_id=attempt_id, ref=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", NO_ANSWER)
def test_opening_without_an_answer_is_unknown(stage: Stage, kind: str) -> None:
    """A14: a timeout, a 5xx, a 409, a 429 or nonsense is unknown, never a refusal."""
    levers(stage, kind)
    stage.fault(kind, "open_session")
    attempt_id, report = open_page(stage)
    assert (report.state, report.is_missing, report.was_sent) == (State.UNKNOWN, False, True)
    assert len(stage.truth().opened) == (kind in DONE), kind
    if stage.gateway.capabilities.lookup != "none":
        found = by_our_id(stage, attempt_id)
        if kind in DONE:
            assert found.state is State.ACTION_REQUIRED
            assert found.ref
            assert found.action_url
        else:
            assert (found.state, found.is_missing) == (State.UNKNOWN, True)
    if stage.gateway.capabilities.idempotency_key_ttl:
        open_page(stage, attempt_id)
        assert len(stage.truth().opened) == 1


@pytest.mark.parametrize("kind", NO_ANSWER)
def test_charging_without_an_answer_is_charged_once(stage: Stage, kind: str) -> None:
    """A14: whatever got lost, the same key takes the money once."""
    levers(stage, kind)
    kept = keep_method(stage)
    before = len(stage.truth().charges)
    stage.fault(kind, "charge_method")
    attempt_id, report = charge(stage, kept)
    assert (report.state, report.is_missing) == (State.UNKNOWN, False)
    if stage.gateway.capabilities.lookup != "none":
        found = by_our_id(stage, attempt_id)
        assert found.is_missing == (kind in NOTHING_DONE), found
        if kind in DONE:
            assert found.state in {State.SUCCEEDED, State.PROCESSING}
    if stage.gateway.capabilities.idempotency_key_ttl:
        _, again = charge(stage, kept, attempt_id)
        assert again.state in {State.SUCCEEDED, State.PROCESSING, State.UNKNOWN}
        settle(stage)
        assert len(stage.truth().charges) == before + 1


@pytest.mark.parametrize("kind", NO_ANSWER)
def test_refunding_without_an_answer_refunds_once(stage: Stage, kind: str) -> None:
    """D2: whatever got lost, the same id gives the money back once."""
    need(stage, "refund_keys")
    levers(stage, kind)
    attempt_id, paid = pay_page(stage)
    (taken,) = paid.charges
    refund_id = new_id()
    stage.fault(kind, "refund")
    for expected in (RefundState.UNKNOWN, None):
        report = stage.gateway.refund(
            refund_id=refund_id, attempt_id=attempt_id, charge_ref=taken.ref, amount_minor=1_000, currency="EUR"
        )
        assert expected is None or report.state is expected
    (true,) = stage.truth().refunds
    (said,) = look(stage, attempt_id, paid).charges[0].refunds
    assert (said.ref, said.amount_minor) == (true.ref, 1_000)
    assert said.refund_id == refund_id


@pytest.mark.parametrize("kind", ["drop_before", "hang_before", "error_500_before", "error_429", "malformed_before"])
def test_looking_without_an_answer_is_not_missing(stage: Stage, kind: str) -> None:
    """A14: no answer to a question isn't the answer "there is none"."""
    levers(stage, kind)
    attempt_id, opened = open_page(stage)
    stage.fault(kind, "look_up", -1)
    report = look(stage, attempt_id, opened)
    assert (report.state, report.is_missing) == (State.UNKNOWN, False)
    if stage.gateway.capabilities.lookup != "none":
        report = stage.gateway.look_up(attempt_id=attempt_id, ref=None)
        assert (report.state, report.is_missing) == (State.UNKNOWN, False)


@pytest.mark.parametrize("kind", NO_ANSWER)
def test_expiring_without_an_answer_confirms_nothing(stage: Stage, kind: str) -> None:
    """A14: only a confirmed end is canceled; asked again, it comes."""
    need(stage, "expires_sessions")
    levers(stage, kind)
    attempt_id, opened = open_page(stage)
    stage.fault(kind, "expire_session")
    report = stage.gateway.expire_session(attempt_id=attempt_id, ref=str(opened.ref))
    assert report.state in {State.UNKNOWN, State.CANCELING} or (kind in DONE and report.state is State.CANCELED)
    assert not report.is_missing
    stage.clear_faults()
    again = stage.gateway.expire_session(attempt_id=attempt_id, ref=str(opened.ref))
    assert again.state is State.CANCELED


@pytest.mark.parametrize("kind", ["drop_before", "error_500_before", "error_429", "malformed_before"])
def test_lists_without_an_answer_say_so(stage: Stage, kind: str) -> None:
    """D18: an empty list is a statement; no answer isn't one."""
    levers(stage, kind)
    pay_page(stage)
    stage.fault(kind, None, -1)
    asked = {
        "lists_charges": lambda: stage.gateway.list_charges(since=stage.now()),
        "settlements": lambda: stage.gateway.list_settlements(since=stage.now()),
    }
    for capability, ask in asked.items():
        if getattr(stage.gateway.capabilities, capability):
            with pytest.raises(NoAnswer):
                ask()
    if stage.gateway.capabilities.settlements:
        with pytest.raises(NoAnswer):
            stage.gateway.balances()


def test_lag_is_missing_only_for_as_long_as_declared(stage: Stage) -> None:
    """A14: something new may be invisible for a while; the declared lag is honest."""
    need(stage, "lookup")
    levers(stage, "lookup_lag", "drop_after")
    lag_s = stage.gateway.capabilities.lookup_lag.total_seconds()
    stage.fault("lookup_lag", None, -1, seconds=max(1, int(lag_s)))
    stage.fault("drop_after", "open_session")
    attempt_id, report = open_page(stage)
    assert report.state is State.UNKNOWN
    early = stage.gateway.look_up(attempt_id=attempt_id, ref=None)
    assert early.state is State.ACTION_REQUIRED or early.is_missing
    stage.advance(lag_s + 2)
    assert stage.gateway.look_up(attempt_id=attempt_id, ref=None).state is State.ACTION_REQUIRED


def test_two_payments_of_one_attempt_are_both_told(stage: Stage) -> None:
    """D2: when a key was forgotten and the page opened twice, each payment is reported."""
    need(stage, "lookup")
    levers(stage, "key_expired")
    attempt_id, first = open_page(stage)
    stage.fault("key_expired", "open_session")
    _, second = open_page(stage, attempt_id)
    if first.ref == second.ref:
        pytest.skip("finds the first one even so")
    for each in (first, second):
        stage.pay(each, "good")
    settle(stage)
    report = by_our_id(stage, attempt_id)
    assert report.state is State.SUCCEEDED
    assert sorted(each.ref for each in report.charges) == sorted(each.ref for each in stage.truth().charges)
    assert sum(each.amount_minor for each in report.charges) == 2 * AMOUNT


def test_nothing_is_called_inside_a_transaction(stage: Stage) -> None:
    """A14: a call can't be rolled back, so none starts while one could be."""
    attempt_id, opened = open_page(stage)
    ref, gateway, can = str(opened.ref), stage.gateway, stage.gateway.capabilities
    calls = {
        "open": lambda: open_page(stage),
        "look": lambda: gateway.look_up(attempt_id=attempt_id, ref=ref),
        "check": gateway.check,
        "webhook": lambda: gateway.register_webhook(url="https://billing.example/hooks/x"),
        "refund": lambda: gateway.refund(
            refund_id=new_id(), attempt_id=attempt_id, charge_ref=ref, amount_minor=1, currency="EUR"
        ),
    }
    if can.expires_sessions:
        calls["expire"] = lambda: gateway.expire_session(attempt_id=attempt_id, ref=ref)
    if can.lists_charges:
        calls["charges"] = lambda: gateway.list_charges(since=stage.now())
    if can.settlements:
        calls["settlements"] = lambda: gateway.list_settlements(since=stage.now())
        calls["balances"] = gateway.balances
    for name, call in calls.items():
        with inside():
            if name == "webhook" and not _reaches_out(call):
                continue
            with pytest.raises(InsideTransaction):
                call()


def _reaches_out(call: object) -> bool:
    """Whether registering calls anybody: a provider that is told its address with each payment has nobody to ask."""
    try:
        call()  # type: ignore[operator]
    except InsideTransaction:
        return True
    return False
