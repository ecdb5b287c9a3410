"""Methods kept with consent, and charged later with or without the customer."""

from __future__ import annotations

from uuid import UUID

import pytest

from tallystick.core.attempt import DeclineClass, State
from tallystick.gateways.port import Report, SavedMethod
from tests.conformance.acts import AMOUNT, charge, keep_method, levers, look, need, open_page, pay_page, settle
from tests.conformance.stage import Stage


def test_kept_only_with_consent(stage: Stage) -> None:
    """C3: a payment without consent leaves nothing to charge."""
    assert pay_page(stage)[1].saved is None


def test_what_is_kept_can_be_shown(stage: Stage) -> None:
    """C3: kind, brand and the last characters; nothing that could be charged elsewhere."""
    kept = keep_method(stage)
    assert kept.ref
    assert kept.kind in {"card", "sepa_debit", "bank_debit", "wallet"}
    assert kept.brand
    assert len(kept.last4) <= 4
    assert (kept.expiry_month == 0) == (kept.expiry_year == 0)


def test_kept_without_paying(stage: Stage) -> None:
    """C3: an amount of 0 only keeps the method."""
    need(stage, "saved_methods")
    levers(stage, "keep_only")
    attempt_id, opened = open_page(stage, amount_minor=0, saves_method=True)
    assert opened.state is State.ACTION_REQUIRED
    stage.pay(opened, "good")
    settle(stage)
    report = look(stage, attempt_id, opened)
    assert report.state is State.SUCCEEDED
    assert report.saved is not None
    assert (report.charges, stage.truth().charges) == ((), ())
    _, charged = charge(stage, report.saved)
    assert charged.state in {State.SUCCEEDED, State.PROCESSING}


def test_charged_later(stage: Stage) -> None:
    """C3, D2: without the customer, once."""
    kept = keep_method(stage)
    before = len(stage.truth().charges)
    attempt_id, report = charge(stage, kept)
    assert report.state in {State.SUCCEEDED, State.PROCESSING}
    settle(stage)
    found = look(stage, attempt_id, report)
    assert found.state is State.SUCCEEDED
    (said,) = found.charges
    assert said.amount_minor == AMOUNT
    assert len(stage.truth().charges) == before + 1
    assert stage.truth().charges[-1].ref == said.ref


def test_the_same_attempt_twice_is_one_charge(stage: Stage) -> None:
    """A14: a second call with the same id takes nothing more."""
    need(stage, "idempotency_key_ttl")
    kept = keep_method(stage)
    before = len(stage.truth().charges)
    attempt_id, first = charge(stage, kept)
    _, again = charge(stage, kept, attempt_id)
    assert again.ref == first.ref
    settle(stage)
    assert len(stage.truth().charges) == before + 1


@pytest.mark.parametrize(
    ("later", "klass"),
    [
        ("insufficient", DeclineClass.TRY_LATER),
        ("expired", DeclineClass.TRY_LATER),
        ("stolen", DeclineClass.NEVER_AGAIN),
    ],
)
def test_a_refusal_has_its_class(stage: Stage, later: str, klass: DeclineClass) -> None:
    """B18: whether to try again, ask the customer or stop. A card that expired is renewed, an account that closed is not."""
    levers(stage, later)
    if later == "expired" and stage.gateway.capabilities.is_delayed:
        klass = DeclineClass.NEEDS_CUSTOMER
    kept = keep_method(stage, later)
    before = len(stage.truth().charges)
    attempt_id, report = charge(stage, kept)
    if report.state is State.PROCESSING:
        stage.advance(stage.settles_after_s)
        report = look(stage, attempt_id, report)
    assert report.state is State.DECLINED
    assert report.decline is not None
    assert report.decline.klass is klass, report.decline
    assert report.decline.message
    assert len(stage.truth().charges) == before
    if report.ref:
        assert look(stage, attempt_id, report).state is State.DECLINED


def test_the_bank_wants_an_absent_payer(stage: Stage) -> None:
    """B18: nobody is there to confirm, so it is a refusal, and nothing of it succeeds later."""
    levers(stage, "needs_authentication")
    kept = keep_method(stage, "needs_authentication")
    before = len(stage.truth().charges)
    attempt_id, report = charge(stage, kept)
    assert report.state is State.DECLINED
    assert report.decline is not None
    assert (report.decline.code, report.decline.klass) == ("authentication_required", DeclineClass.NEEDS_CUSTOMER)
    stage.advance(86_400 * 3)
    if report.ref:
        assert look(stage, attempt_id, report).state in {State.DECLINED, State.CANCELED}
    assert len(stage.truth().charges) == before


def _ask_the_bank(stage: Stage, kept: SavedMethod) -> tuple[UUID, Report]:
    """A charge with the payer there. A provider that has no page for it refuses instead, and says what is missing."""
    attempt_id, report = charge(stage, kept, is_present=True)
    if report.state is State.DECLINED and report.decline is not None:
        assert report.decline.code == "authentication_required"
        pytest.skip("can't send the payer of a kept method to their bank")
    assert report.state is State.ACTION_REQUIRED
    return attempt_id, report


@pytest.mark.parametrize(
    ("answer", "state"), [("challenge_approved", State.SUCCEEDED), ("challenge_refused", State.DECLINED)]
)
def test_the_bank_wants_a_present_payer(stage: Stage, answer: str, state: State) -> None:
    """C1: the customer is there, so they are sent to the bank's page."""
    levers(stage, "needs_authentication", answer)
    kept = keep_method(stage, "needs_authentication")
    attempt_id, report = _ask_the_bank(stage, kept)
    assert report.action_url
    stage.pay(report, answer)
    found = look(stage, attempt_id, report)
    if answer == "challenge_refused" and found.state is State.ACTION_REQUIRED:
        found = stage.gateway.expire_session(attempt_id=attempt_id, ref=str(report.ref))
        assert found.state in {State.CANCELED, State.DECLINED}
        return
    assert found.state is state


def test_a_challenge_can_be_called_off(stage: Stage) -> None:
    """A14: a payment that waits for the payer holds the slot until its end is confirmed."""
    need(stage, "expires_sessions")
    levers(stage, "needs_authentication")
    kept = keep_method(stage, "needs_authentication")
    attempt_id, report = _ask_the_bank(stage, kept)
    ended = stage.gateway.expire_session(attempt_id=attempt_id, ref=str(report.ref))
    assert ended.state is State.CANCELED


def test_forgotten_twice_is_forgotten(stage: Stage) -> None:
    """D18: a method removed at the provider is gone, and can't be charged any more."""
    kept = keep_method(stage)
    for _ in range(2):
        assert stage.gateway.forget_method(method_ref=kept.ref, customer_ref=kept.customer_ref) is True
    before = len(stage.truth().charges)
    attempt_id, report = charge(stage, kept)
    if report.state is State.PROCESSING:
        stage.advance(stage.settles_after_s)
        report = look(stage, attempt_id, report)
    assert report.state is State.DECLINED
    assert len(stage.truth().charges) == before


@pytest.mark.parametrize("kind", ["drop_before", "error_500_before", "error_429"])
def test_forgetting_without_an_answer_isnt_done(stage: Stage, kind: str) -> None:
    """D18: asked again until the provider says so."""
    levers(stage, kind)
    kept = keep_method(stage)
    stage.fault(kind, "forget_method")
    assert stage.gateway.forget_method(method_ref=kept.ref, customer_ref=kept.customer_ref) is False
    assert stage.gateway.forget_method(method_ref=kept.ref, customer_ref=kept.customer_ref) is True


def test_a_payer_known_from_before(stage: Stage) -> None:
    """C3: the payer's record at the provider is used again, not made anew."""
    kept = keep_method(stage)
    attempt_id, opened = open_page(stage, customer_ref=kept.customer_ref, saves_method=True)
    assert opened.state is State.ACTION_REQUIRED
    stage.pay(opened, "good")
    settle(stage)
    again = look(stage, attempt_id, opened).saved
    assert again is not None
    assert again.customer_ref == kept.customer_ref
