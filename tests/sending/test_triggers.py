"""Documents that go out by themselves: after the delay, once, unless a person was faster or a rule holds them."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import pytest
from django.db import connections

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.invoices.duplicate import draft_credit_note
from tallystick.invoices.mark import mark_sent
from tallystick.invoices.send import send_as_composed, send_when_issued
from tallystick.messages import blast
from tallystick.messages.message_templates import Switch, Words, save_switch, save_words
from tallystick.messages.models import Message
from tallystick.messages.queue import (
    Letter,
    cancel_message,
    hold_message,
    queue_message,
    release_brake,
    release_message,
    send_now,
)
from tallystick.messages.triggers import BadTrigger, Triggers, goes_at, save_triggers
from tallystick.payments.record import record_payment
from tallystick.payments.void import void_invoices
from tallystick.testing.mailbox import Mailbox
from tallystick.testing.world import World
from tests.sending.story import about, kinds, let

INVOICES = Triggers(frozenset({"invoice"}), 5)


def issue(world: World, wanted: Triggers = INVOICES, **given: Any) -> UUID:
    save_triggers(wanted=wanted, **world.acting())
    invoice_id = world.invoice(**given)
    let(world)
    return invoice_id


def test_e11_nothing_goes_out_by_itself_until_somebody_says_so(world: World) -> None:
    assert about(world, issue(world, Triggers())) == []


def test_e11_e13_an_invoice_goes_out_once_after_five_minutes(world: World, mailbox: Mailbox) -> None:
    words = Words("Own words for {{ number }}", "Please pay {{ amount }}.", "Settle it")
    save_words(kind="invoice", language="en", words=words, **world.acting())
    invoice_id = issue(world)
    assert about(world, invoice_id) == [("queued", "")]
    let(world, minutes=4, seconds=50)
    assert about(world, invoice_id) == [("queued", "")]
    let(world, seconds=20)
    let(world, minutes=20)
    assert about(world, invoice_id) == [("sent", "")]
    send_when_issued(invoice_id=invoice_id, **world.acting())
    assert len(about(world, invoice_id)) == 1
    with tenant.tx(world.seller_id, read_only=True):
        message = Message.objects.get(document_id=invoice_id)
    [arrived] = [m for m in mailbox.messages() if m["message_id"].strip("<>") == message.message_id.strip("<>")]
    assert arrived["subject"].startswith("Own words for ")


def test_e12_each_kind_of_document_has_its_own_trigger(world: World) -> None:
    invoice_id = issue(world, Triggers(frozenset({"credit_note"}), 0))
    assert about(world, invoice_id) == []


def test_e14_sending_by_hand_first_stops_it(world: World) -> None:
    invoice_id = issue(world)
    assert send_as_composed(invoice_id=invoice_id, message_id=new_id(), **world.acting())
    let(world, minutes=10)
    assert sorted(about(world, invoice_id)) == [("cancelled", "sent_by_hand"), ("sent", "")]


def test_e14_sending_by_hand_before_the_fact_is_heard_is_the_only_one(world: World) -> None:
    save_triggers(wanted=INVOICES, **world.acting())
    invoice_id = world.invoice()
    assert send_as_composed(invoice_id=invoice_id, message_id=new_id(), **world.acting())
    let(world, minutes=10)
    assert about(world, invoice_id) == [("sent", "")]


def test_e14_marking_as_sent_first_stops_it(world: World) -> None:
    invoice_id = issue(world)
    mark_sent(invoice_id=invoice_id, by_hand=True, **world.acting())
    let(world, minutes=10)
    assert about(world, invoice_id) == [("cancelled", "marked_as_sent")]
    save_triggers(wanted=INVOICES, **world.acting())
    other = world.invoice()
    mark_sent(invoice_id=other, by_hand=True, **world.acting())
    let(world, minutes=10)
    assert about(world, other) == []


def test_e14_a_person_and_the_trigger_at_once_say_it_once(world: World) -> None:
    """Whoever takes the customer's lock first; twenty times."""
    save_triggers(wanted=Triggers(frozenset({"invoice"}), 0), **world.acting())
    for _ in range(20):
        invoice_id, gate = world.invoice(), threading.Barrier(2)

        def by_hand(invoice_id: UUID = invoice_id, gate: threading.Barrier = gate) -> None:
            gate.wait()
            send_as_composed(invoice_id=invoice_id, message_id=new_id(), **world.acting())
            connections.close_all()

        def by_itself(invoice_id: UUID = invoice_id, gate: threading.Barrier = gate) -> None:
            gate.wait()
            send_when_issued(invoice_id=invoice_id, **world.acting())
            connections.close_all()

        both = [threading.Thread(target=each) for each in (by_hand, by_itself)]
        for each in both:
            each.start()
        for each in both:
            each.join()
        let(world, minutes=1)
        assert [state for state, _reason in about(world, invoice_id)].count("sent") == 1


@pytest.mark.parametrize(
    ("document_on", "goes"),
    [
        (date(2026, 3, 9), "2026-03-10 23:35"),
        (date(2026, 3, 11), "2026-03-11 06:00"),
        (date(2026, 3, 31), "2026-03-31 05:00"),
    ],
)
def test_e15_a_document_dated_ahead_waits_for_the_morning_of_its_day(document_on: date, goes: str) -> None:
    """In the seller's zone: Bucharest is two hours ahead, three from the last Sunday of March."""
    now = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    if document_on == date(2026, 3, 11):  # it is past midnight there already
        now = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)
    at = goes_at(now=now, delay_minutes=5, document_on=document_on, time_zone="Europe/Bucharest")
    assert at.strftime("%Y-%m-%d %H:%M") == goes
    assert at.utcoffset() == timedelta(0)


def test_without_an_address_it_says_why(world: World) -> None:
    invoice_id = issue(world, customer="otto")
    assert about(world, invoice_id) == [("skipped", "no_address")]


def test_f3_a_switched_off_template_says_why(world: World) -> None:
    save_switch(kind="invoice", switch=Switch(is_on=False, attach_pdf=True), **world.acting())
    invoice_id = issue(world)
    assert about(world, invoice_id) == [("skipped", "template_off")]
    assert send_as_composed(invoice_id=invoice_id, message_id=new_id(), **world.acting())
    let(world, minutes=1)
    assert about(world, invoice_id)[-1] == ("sent", "")


def test_voided_meanwhile_it_isnt_sent(world: World) -> None:
    invoice_id = issue(world)
    void_invoices(invoice_ids=[invoice_id], reason="wrong", today=world.today, **world.acting())
    let(world, minutes=10)
    assert about(world, invoice_id) == [("skipped", "voided")]


def test_f2_it_can_be_stopped_or_sent_now(world: World) -> None:
    stopped, hurried = issue(world), issue(world)
    with tenant.tx(world.seller_id, read_only=True):
        ids = {row.document_id: row.id for row in Message.objects.filter(state="queued")}
    assert cancel_message(message_id=ids[stopped], **world.acting())
    assert send_now(message_id=ids[hurried], **world.acting())
    assert not send_now(message_id=ids[hurried], **world.acting())
    let(world)
    assert about(world, stopped) == [("cancelled", "cancelled")]
    assert about(world, hurried) == [("sent", "")]


@pytest.mark.parametrize(
    "wanted",
    [
        Triggers(frozenset({"poem"}), 5),
        Triggers(frozenset(), 61),
        Triggers(frozenset(), -1),
        Triggers(frozenset(), 5, 0),
    ],
)
def test_triggers_that_make_no_sense_are_refused(world: World, wanted: Triggers) -> None:
    with pytest.raises(BadTrigger):
        save_triggers(wanted=wanted, **world.acting())


def test_f2_what_is_far_above_the_usual_waits_for_a_person(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two a day are usual here, so that with a factor of 3 the seventh is held; by hand nothing is."""
    monkeypatch.setattr(blast, "FLOOR", 4)
    rules = Triggers(frozenset({"invoice"}), 0)
    for _ in range(2):
        issue(world, rules)
    let(world, days=1)
    ids = [issue(world, rules) for _ in range(9)]
    states = [about(world, invoice_id)[0] for invoice_id in ids]
    assert states == [("sent", "")] * 6 + [("held", "brake")] * 3
    by_hand = world.invoice()
    send_as_composed(invoice_id=by_hand, message_id=new_id(), **world.acting())
    let(world)
    assert ("sent", "") in about(world, by_hand)
    let(world, hours=2)
    assert about(world, ids[-1]) == [("held", "brake")]
    assert release_brake(**world.acting()) == 3
    let(world)
    assert [about(world, invoice_id)[0] for invoice_id in ids] == [("sent", "")] * 9


def test_f2_fifty_a_day_always_go(world: World) -> None:
    with tenant.tx(world.seller_id):
        assert [blast.brakes(world.seller_id, world.now) for _ in range(52)] == [False] * 50 + [True] * 2


def test_f2_held_released_and_stopped(world: World) -> None:
    invoice_id = issue(world)
    with tenant.tx(world.seller_id, read_only=True):
        [message] = Message.objects.filter(document_id=invoice_id)
    one = {"message_id": message.id, **world.acting()}
    assert hold_message(**one)
    assert not hold_message(**one)
    let(world, hours=1)
    assert about(world, invoice_id) == [("held", "held")]
    assert release_brake(**world.acting()) == 0, "what a person holds isn't the brake's to release"
    assert release_message(**one)
    assert hold_message(**one)
    assert cancel_message(**one)
    let(world, hours=1)
    assert about(world, invoice_id) == [("cancelled", "cancelled")]


def test_d8_the_notice_before_a_charge_is_neither_held_nor_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The charge it announces would come all the same."""
    monkeypatch.setattr(blast, "FLOOR", 0)
    letter = Letter(
        id=new_id(),
        dedupe_key="charge_notice:1",
        kind="charge_notice",
        recipients=["nora@example.com"],
        language="en",
        subject="x",
        body="y",
    )
    message = queue_message(letter=letter, **world.acting())
    assert message.state == "queued"
    assert not hold_message(message_id=message.id, **world.acting())
    assert not cancel_message(message_id=message.id, **world.acting())


def pay(world: World, invoice_id: UUID) -> UUID:
    payment_id = new_id()
    record_payment(
        payment_id=payment_id, customer_id=world.nora, method="transfer", amount_minor=17300, currency="EUR",
        received_on=world.today, wanted={invoice_id: 17300}, **world.acting(),
    )  # fmt: skip
    let(world)
    return payment_id


def test_e19_thanks_are_said_once_when_an_invoice_is_paid_and_its_seller_says_thanks(
    world: World, mailbox: Mailbox
) -> None:
    quiet = world.invoice()
    pay(world, quiet)
    assert [kind for kind, _ in kinds(world, quiet)] == [], (
        "off until somebody says so, and nothing says it was skipped"
    )
    save_switch(kind="thank_you", switch=Switch(is_on=True, attach_pdf=True), **world.acting())
    invoice_id = world.invoice()
    pay(world, invoice_id)
    assert kinds(world, invoice_id) == [("thank_you", "sent")]
    [arrived] = [m for m in mailbox.messages() if m["subject"].startswith("Thank you: invoice") and mine(world, m)]
    with urlopen(f"{mailbox.url}/m/{arrived['id']}/source.eml", timeout=10) as answer:
        letter = message_from_bytes(answer.read(), policy=policy.default)
    body = letter.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "Paid in full: €173.00" in text
    assert "Prefer a transfer" not in text
    assert "/p/" not in text


def test_e19_nobody_is_thanked_for_what_a_credit_note_settled(world: World) -> None:
    save_switch(kind="thank_you", switch=Switch(is_on=True, attach_pdf=True), **world.acting())
    invoice_id, note_id = world.invoice(), new_id()
    draft_credit_note(invoice_id=invoice_id, credit_note_id=note_id, quantities=None, reason="wrong", **world.acting())
    world.issue(note_id)
    let(world)
    assert kinds(world, invoice_id) == []


def mine(world: World, arrived: dict[str, Any]) -> bool:
    with tenant.tx(world.seller_id, read_only=True):
        return Message.objects.filter(message_id=f"<{arrived['message_id'].strip('<>')}>").exists()


def test_e11_other_news_about_an_invoice_doesnt_stop_its_own_email(world: World) -> None:
    """A notice, or thanks, is no sending of the invoice."""
    save_triggers(wanted=INVOICES, **world.acting())
    invoice_id = world.invoice()
    letter = Letter(
        id=new_id(),
        dedupe_key="charge_notice:2",
        kind="charge_notice",
        recipients=["nora@example.com"],
        language="en",
        subject="x",
        body="y",
        document_id=invoice_id,
    )
    queue_message(letter=letter, **world.acting())
    let(world, minutes=6)
    let(world, minutes=6)
    assert ("invoice", "sent") in kinds(world, invoice_id)
