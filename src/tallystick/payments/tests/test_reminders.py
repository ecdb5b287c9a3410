"""Reminders and money on its way: who is paying, or pays by itself, isn't asked to."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tallystick.invoices.mark import mark_sent
from tallystick.messages.models import Message
from tallystick.messages.triggers import Triggers, save_triggers
from tallystick.payments.collect import cancel_charge
from tallystick.payments.tests.stage import Stage

NET_5 = {"kind": "net", "days": 5, "label": "5 days"}


@pytest.fixture
def owed(stage: Stage) -> UUID:
    """An invoice that was sent, due in five days, reminded of a day after."""
    save_triggers(wanted=Triggers(remind_late_days=1), **stage.world.acting())
    invoice_id = stage.world.invoice(terms=NET_5)
    mark_sent(invoice_id=invoice_id, by_hand=True, **stage.world.acting())
    return invoice_id


def reminders(stage: Stage) -> list[tuple[str, str]]:
    return [(row.state, row.reason) for row in stage.rows(Message, kind="late_reminder")]


def test_f3_while_somebody_pays_a_reminder_waits_and_then_goes_or_not(stage: Stage, owed: UUID) -> None:
    stage.until(stage.world.today + timedelta(days=6), hour=6)
    assert reminders(stage) == [("queued", "")]
    attempt = stage.open(owed)
    stage.until(stage.world.today, hour=9)
    assert reminders(stage) == [("queued", "being_paid")]
    cancel_charge(attempt_id=attempt.id, **stage.world.acting())
    stage.until(stage.world.today, hour=12)
    [(state, reason)] = reminders(stage)
    assert (state, "refused" in reason) == ("queued", True), "it leaves; the mail server isn't there in this test"


def test_f3_what_was_paid_meanwhile_is_never_reminded_of(stage: Stage, owed: UUID) -> None:
    stage.until(stage.world.today + timedelta(days=6), hour=6)
    stage.pay(owed)
    stage.until(stage.world.today, hour=12)
    assert reminders(stage) == [("skipped", "paid")]


def test_f3_what_will_be_charged_by_itself_is_never_reminded_of(stage: Stage, owed: UUID) -> None:
    method = stage.keep_card()
    stage.plan(owed, charge_on=stage.world.today + timedelta(days=30), payment_method_id=method.id)
    stage.until(stage.world.today + timedelta(days=6), hour=12)
    assert reminders(stage) == [("skipped", "charge_planned")]
