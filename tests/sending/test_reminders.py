"""Reminders by date: about what is owed, once each, and never about what is paid, being paid or charged by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.invoices.mark import mark_sent
from tallystick.messages.message_templates import Switch, save_switch
from tallystick.messages.models import Message
from tallystick.messages.triggers import BadTrigger, Triggers, save_triggers
from tallystick.payments.record import record_payment
from tallystick.payments.reminders import next_reminder
from tallystick.payments.void import void_invoices
from tallystick.testing.mailbox import Mailbox
from tallystick.testing.world import World
from tests.sending.story import about, kinds, let, let_until

BOTH = Triggers(remind_before_days=3, remind_late_days=2)


def owing(world: World, rules: Triggers = BOTH, *, days: int = 14, sent: bool = True, **given: object) -> UUID:
    """An invoice of noon today that was sent, due in so many days."""
    let_until(world, 0, 12)
    save_triggers(wanted=rules, **world.acting())
    invoice_id = world.invoice(terms={"kind": "net", "days": days, "label": f"{days} days"}, **given)
    if sent:
        mark_sent(invoice_id=invoice_id, by_hand=True, **world.acting())
    return invoice_id


def pay(world: World, invoice_id: UUID, amount_minor: int = 17_300) -> None:
    record_payment(
        payment_id=new_id(),
        customer_id=world.nora,
        currency="EUR",
        amount_minor=amount_minor,
        method="transfer",
        received_on=world.today,
        wanted={invoice_id: amount_minor},
        **world.acting(),
    )


def test_e19_nobody_is_reminded_until_somebody_says_so(world: World) -> None:
    invoice_id = owing(world, Triggers())
    let_until(world, 30, 9)
    assert about(world, invoice_id) == []


def test_e19_once_before_and_once_after_at_eight(world: World) -> None:
    invoice_id = owing(world)
    let_until(world, 9, 12)
    assert about(world, invoice_id) == []
    let_until(world, 1, 12)
    assert kinds(world, invoice_id) == [("reminder", "queued")], "a day ahead it stands in the outbox"
    let_until(world, 1, 7, 59)
    assert kinds(world, invoice_id) == [("reminder", "queued")]
    let_until(world, 0, 8, 1)
    assert kinds(world, invoice_id) == [("reminder", "sent")]
    for _ in range(10):
        let(world, days=1)
    assert kinds(world, invoice_id) == [("reminder", "sent"), ("late_reminder", "sent")]


def test_b19_the_late_one_says_what_is_still_open_and_since_when(world: World, mailbox: Mailbox) -> None:
    invoice_id = owing(world, Triggers(remind_late_days=2))
    let_until(world, 15, 12)
    assert kinds(world, invoice_id) == [("late_reminder", "queued")]
    pay(world, invoice_id, 7_300)
    let_until(world, 1, 9)
    with tenant.tx(world.seller_id, read_only=True):
        sent = Message.objects.get(document_id=invoice_id, kind="late_reminder")
    assert sent.state == "sent"
    assert "€100.00" in sent.body, "the record is what was said, not what was planned"
    assert "€173.00" not in sent.body
    assert any(sent.message_id.strip("<>") in m["message_id"] for m in mailbox.messages())


@pytest.mark.parametrize("what", ["paid", "voided", "template_off"])
def test_f3_what_isnt_true_any_more_isnt_said_and_says_why(world: World, what: str) -> None:
    invoice_id = owing(world)
    let_until(world, 10, 12)
    if what == "paid":
        pay(world, invoice_id)
    elif what == "voided":
        void_invoices(invoice_ids=[invoice_id], reason="wrong", today=world.today, **world.acting())
    else:
        save_switch(kind="reminder", switch=Switch(is_on=False, attach_pdf=True), **world.acting())
    let_until(world, 1, 9)
    assert about(world, invoice_id)[0] == ("skipped", what)


def test_e19_only_what_was_sent_before_the_day_is_reminded_of(world: World) -> None:
    unsent = owing(world, sent=False)
    short = owing(world, days=3)
    let_until(world, 2, 12)
    assert about(world, short) == [], "sent at noon of the day its reminder would have gone in the morning"
    let_until(world, 9, 9)
    assert about(world, unsent) == []


def test_e19_a_new_rule_doesnt_dig_up_old_debts(world: World) -> None:
    old = owing(world, Triggers(), days=1)
    let_until(world, 9, 12)
    save_triggers(wanted=BOTH, **world.acting())
    let_until(world, 1, 12)
    assert about(world, old) == []


def test_e19_each_instalment_is_reminded_of_by_itself(world: World) -> None:
    let_until(world, 0, 12)
    save_triggers(wanted=Triggers(remind_before_days=1), **world.acting())
    terms = {"kind": "net", "days": 5, "instalments": 2, "label": "two parts"}
    invoice_id = world.invoice(terms=terms)
    mark_sent(invoice_id=invoice_id, by_hand=True, **world.acting())
    for _ in range(40):
        let(world, days=1)
    assert [kind for kind, _ in kinds(world, invoice_id)] == ["reminder", "reminder"]


def test_e19_a_reminder_that_waited_too_long_isnt_true_any_more(world: World) -> None:
    """Held back until after the due date, it would say something wrong."""
    invoice_id = owing(world, Triggers(remind_before_days=1))
    let_until(world, 12, 12)
    assert kinds(world, invoice_id) == [("reminder", "queued")]
    world.later(days=3)
    let(world)
    assert about(world, invoice_id) == [("skipped", "due_by_now")]


def test_e19_without_an_address_it_says_so(world: World) -> None:
    invoice_id = owing(world, customer="otto")
    let_until(world, 10, 12)
    assert about(world, invoice_id) == [("skipped", "no_address")]


@pytest.mark.parametrize("days", [-1, 61])
def test_e19_days_have_bounds(world: World, days: int) -> None:
    with pytest.raises(BadTrigger, match="remind_late_days"):
        save_triggers(wanted=Triggers(remind_late_days=days), **world.acting())


def outlook(world: World, invoice_id: UUID) -> tuple[datetime | None, str]:
    with tenant.tx(world.seller_id, read_only=True):
        found = next_reminder(invoice_id, now=world.now)
        assert found
        return found.at, found.reason


def test_f3_a_reminder_of_a_kind_that_is_off_is_no_past_one(world: World) -> None:
    invoice_id = owing(world)
    for kind in ("reminder", "late_reminder"):
        save_switch(kind=kind, switch=Switch(is_on=False, attach_pdf=True), **world.acting())
    assert outlook(world, invoice_id) == (None, "template_off")
    save_switch(kind="late_reminder", switch=Switch(is_on=True, attach_pdf=True), **world.acting())
    at, reason = outlook(world, invoice_id)
    assert at, "the late one still goes"
    assert reason == ""


def test_f3_an_invoice_says_when_its_next_reminder_goes_or_why_none_does(world: World) -> None:
    off = owing(world, Triggers())
    assert outlook(world, off) == (None, "reminders_off")
    unsent = owing(world, sent=False)
    assert outlook(world, unsent) == (None, "not_sent_yet")
    invoice_id = owing(world)
    at, reason = outlook(world, invoice_id)
    assert (at.date() if at else None, reason) == (world.today + timedelta(days=11), "")
    for _ in range(20):
        let(world, days=1)
    assert outlook(world, invoice_id) == (None, "no_more")
    pay(world, invoice_id)
    with tenant.tx(world.seller_id, read_only=True):
        assert next_reminder(invoice_id, now=world.now) is None
