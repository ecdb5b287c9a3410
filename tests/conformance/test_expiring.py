"""Closing a page that may still be paid."""

from __future__ import annotations

from tallystick.core.attempt import State
from tests.conformance.acts import levers, look, need, open_page, settle
from tests.conformance.stage import Stage


def test_confirmed(stage: Stage) -> None:
    """A14: only the provider's word frees the slot; a second asking changes nothing."""
    need(stage, "expires_sessions")
    attempt_id, opened = open_page(stage)
    for _ in range(2):
        report = stage.gateway.expire_session(attempt_id=attempt_id, ref=str(opened.ref))
        assert report.state is State.CANCELED
    assert look(stage, attempt_id, opened).state is State.CANCELED


def test_refused(stage: Stage) -> None:
    """A14: a page that stays open is still a live attempt."""
    need(stage, "expires_sessions")
    levers(stage, "expire_refused")
    attempt_id, opened = open_page(stage)
    stage.fault("expire_refused", "expire_session")
    report = stage.gateway.expire_session(attempt_id=attempt_id, ref=str(opened.ref))
    assert report.state in {State.CANCELING, State.UNKNOWN}
    stage.pay(opened, "good")
    settle(stage)
    assert look(stage, attempt_id, opened).state is State.SUCCEEDED


def test_the_payer_was_faster(stage: Stage) -> None:
    """A14: a page that was paid can't be closed, and says so with the payment."""
    need(stage, "expires_sessions")
    attempt_id, opened = open_page(stage)
    stage.pay(opened, "good")
    settle(stage)
    report = stage.gateway.expire_session(attempt_id=attempt_id, ref=str(opened.ref))
    assert report.state is State.SUCCEEDED
    assert len(report.charges) == 1


def test_on_its_way_isnt_canceled(stage: Stage) -> None:
    """A14: a debit that a bank is working on may still arrive."""
    need(stage, "expires_sessions")
    levers(stage, "delayed_success")
    attempt_id, opened = open_page(stage)
    stage.pay(opened, "delayed_success")
    report = stage.gateway.expire_session(attempt_id=attempt_id, ref=str(opened.ref))
    if report.state is State.CANCELED:
        stage.advance(stage.settles_after_s)
        assert stage.truth().charges == ()
    else:
        assert report.state in {State.CANCELING, State.PROCESSING, State.UNKNOWN}
        stage.advance(stage.settles_after_s)
        assert look(stage, attempt_id, opened).state in {State.SUCCEEDED, State.CANCELED}


def test_a_page_nobody_knows(stage: Stage) -> None:
    """A14: what the provider never heard of isn't canceled; it is missing."""
    need(stage, "expires_sessions")
    attempt_id, opened = open_page(stage)
    ref = str(opened.ref)[:-4] + "0000"
    report = stage.gateway.expire_session(attempt_id=attempt_id, ref=ref)
    assert report.state is State.UNKNOWN
    assert stage.gateway.look_up(attempt_id=attempt_id, ref=ref).state is State.UNKNOWN
