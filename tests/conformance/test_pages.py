"""Hosted pages: opened once, paid, refused, confirmed with the bank, left alone, delayed."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tallystick.core.attempt import DeclineClass, State
from tallystick.gateways.port import Report
from tests.conformance.acts import AMOUNT, levers, look, need, open_page, pay_page, settle
from tests.conformance.stage import Stage


def test_a_page_is_opened_and_named(stage: Stage) -> None:
    """C1: the payer is sent to the provider's own page."""
    need(stage, "hosted")
    attempt_id, report = open_page(stage)
    assert report.state is State.ACTION_REQUIRED
    assert report.ref
    assert urlsplit(report.action_url or "").scheme in {"http", "https"}
    assert report.expires_at is None or report.expires_at > stage.now()
    assert stage.truth().opened == (attempt_id,)
    assert stage.truth().charges == ()


def test_paid_is_what_the_provider_took(stage: Stage) -> None:
    """C1, D2: amount, currency and ref are the provider's."""
    attempt_id, report = pay_page(stage)
    (true,) = stage.truth().charges
    (said,) = report.charges
    assert (said.ref, said.amount_minor, said.currency) == (true.ref, AMOUNT, "EUR")
    assert true.amount_minor == AMOUNT
    assert true.attempt_id in {attempt_id, None}
    assert said.method_label
    assert report.saved is None
    assert report.decline is None


def test_a_difference_is_told_as_it_is(stage: Stage) -> None:
    """D18: what was taken is reported, whatever was asked for."""
    levers(stage, "other_amount")
    attempt_id, opened = open_page(stage)
    stage.fault("other_amount", None, amount_minor=AMOUNT - 100)
    stage.pay(opened, "good")
    settle(stage)
    (said,) = look(stage, attempt_id, opened).charges
    assert said.amount_minor == stage.truth().charges[0].amount_minor == AMOUNT - 100


def test_the_same_key_twice_is_one_page(stage: Stage) -> None:
    """A14: sending again while the key lives makes nothing new."""
    need(stage, "idempotency_key_ttl")
    attempt_id, first = open_page(stage)
    _, again = open_page(stage, attempt_id)
    assert (again.state, again.ref) == (first.state, first.ref)
    assert len(stage.truth().opened) == 1


def test_the_same_key_later_is_still_one_page(stage: Stage) -> None:
    """A14: also when some time has passed in between."""
    need(stage, "idempotency_key_ttl")
    attempt_id, first = open_page(stage)
    stage.advance(20 * 60)
    _, again = open_page(stage, attempt_id)
    assert again.state in {State.ACTION_REQUIRED, State.UNKNOWN}
    assert again.ref in {first.ref, None}
    assert len(stage.truth().opened) == 1


@pytest.mark.parametrize("outcome", ["declined", "insufficient", "challenge_refused"])
def test_refused_then_paid(stage: Stage, outcome: str) -> None:
    """C3: a refusal takes nothing, says why, and leaves the page open or ends it."""
    levers(stage, outcome)
    attempt_id, opened = open_page(stage)
    stage.pay(opened, outcome)
    settle(stage)
    report = look(stage, attempt_id, opened)
    assert report.state in {State.ACTION_REQUIRED, State.DECLINED}
    assert report.charges == ()
    assert stage.truth().charges == ()
    if report.state is State.DECLINED or report.decline is not None:
        assert report.decline is not None
        assert report.decline.code
        assert report.decline.klass in DeclineClass
    if report.state is State.ACTION_REQUIRED:
        stage.pay(opened, "good")
        settle(stage)
        assert look(stage, attempt_id, opened).state is State.SUCCEEDED
        assert len(stage.truth().charges) == 1


def test_insufficient_funds_may_be_tried_later(stage: Stage) -> None:
    """B18: the class of a refusal steers what happens next."""
    levers(stage, "insufficient")
    attempt_id, opened = open_page(stage)
    stage.pay(opened, "insufficient")
    settle(stage)
    decline = look(stage, attempt_id, opened).decline
    assert decline is not None
    assert decline.klass is DeclineClass.TRY_LATER


def test_the_bank_asks_and_the_payer_confirms(stage: Stage) -> None:
    """C1: 3-D Secure on the provider's page."""
    levers(stage, "challenge_approved")
    attempt_id, opened = open_page(stage)
    stage.pay(opened, "challenge_approved")
    settle(stage)
    assert look(stage, attempt_id, opened).state is State.SUCCEEDED


def test_left_alone_until_it_closes(stage: Stage) -> None:
    """A14: an open page is a live attempt until the provider says that it can't be paid."""
    levers(stage, "abandoned")
    attempt_id, opened = open_page(stage)
    stage.pay(opened, "abandoned")
    assert look(stage, attempt_id, opened).state is State.ACTION_REQUIRED
    stage.advance(86_400 * 40)
    assert look(stage, attempt_id, opened).state in {State.CANCELED, State.DECLINED}
    assert stage.truth().charges == ()


def _delayed(stage: Stage, outcome: str) -> Report:
    levers(stage, outcome)
    attempt_id, opened = open_page(stage)
    stage.pay(opened, outcome)
    waiting = look(stage, attempt_id, opened)
    assert waiting.state is State.PROCESSING, waiting
    assert waiting.charges == ()
    stage.advance(stage.settles_after_s)
    return look(stage, attempt_id, opened)


def test_a_delayed_payment_arrives(stage: Stage) -> None:
    """C1: nothing is paid until the bank has said so."""
    assert len(_delayed(stage, "delayed_success").charges) == 1


def test_a_delayed_payment_fails(stage: Stage) -> None:
    """C3: a debit may be refused days later."""
    report = _delayed(stage, "delayed_failure")
    assert report.state is State.DECLINED
    assert report.decline is not None
    assert (report.charges, stage.truth().charges) == ((), ())
