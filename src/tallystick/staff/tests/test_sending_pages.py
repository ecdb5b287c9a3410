"""Sending by hand, and drafts that issue themselves: what the pages offer, and the way back."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.customers.models import Contact
from tallystick.invoices.mark import mark_sent
from tallystick.invoices.models import Invoice
from tallystick.messages.outcomes import lift_silence, silence_address
from tallystick.messages.queries import message
from tallystick.payments.record import record_payment
from tallystick.staff.tests.test_office_pages import client_of, url
from tallystick.testing.world import World


@pytest.fixture
def world(staffed: World) -> World:
    staffed.now = clock.now()
    staffed.today = staffed.now.date()
    return staffed


def send(world: World, client: Client, invoice_id: UUID, **given: str) -> UUID:
    message_id = new_id()
    typed = {
        "message_id": str(message_id),
        "to": "nora@kestrel.example",
        "subject": "Your invoice",
        "body": "As agreed.",
    }
    assert client.post(url(world, "invoice-send", invoice_id), {**typed, **given}).status_code == 302
    return message_id


def state(world: World, message_id: UUID) -> tuple[str, float]:
    with tenant.tx(world.seller_id, read_only=True):
        found = message(message_id)
        assert found
        return found.state, (found.due_at - found.created_at).total_seconds()


def test_f2_what_a_person_sent_can_be_taken_back_for_ten_seconds_and_nothing_typed_is_lost(world: World) -> None:
    client, invoice_id = client_of(world), world.invoice()
    message_id = send(world, client, invoice_id, body="With the d'Arcy discount.")
    assert state(world, message_id) == ("queued", 10.0)
    undo = url(world, "invoice-unsend", invoice_id, message_id)
    assert f'action="{undo}"' in client.get(url(world, "invoice", invoice_id)).content.decode()
    back = client.post(undo, follow=True).content.decode()
    assert state(world, message_id)[0] == "cancelled"
    assert "With the d&#x27;Arcy discount." in back
    assert str(message_id) not in back.partition('id="compose-form"')[2], "sent again it is another message"


def test_f2_what_has_gone_isnt_taken_back(world: World) -> None:
    client, invoice_id = client_of(world), world.invoice()
    answer = client.post(url(world, "invoice-unsend", invoice_id, new_id()), follow=True).content.decode()
    assert "It had already gone out." in answer


def test_f2_only_what_was_taken_back_fills_the_screen_again(world: World) -> None:
    client, invoice_id, other = client_of(world), world.invoice(), world.invoice()
    waiting = send(world, client, invoice_id, body="Still on its way.")
    for known in (waiting, new_id(), "x"):
        page = client.get(url(world, "invoice-send", other) + f"?again={known}").content.decode()
        assert "Still on its way." not in page


def released(world: World, invoice_id: UUID) -> tuple[bool, bool, str | None]:
    with tenant.tx(world.seller_id, read_only=True):
        row = Invoice.objects.get(id=invoice_id)
        return row.release_at is not None, row.is_sent_on_release, row.number


def test_e15_a_draft_dated_ahead_offers_its_day_and_the_way_back(world: World) -> None:
    client, invoice_id = client_of(world), world.draft(issue_on=world.today + timedelta(days=3))
    page = client.get(url(world, "invoice", invoice_id)).content.decode()
    assert "Issue today instead" in page
    assert "Nothing happens by itself until you say so." in page
    client.post(url(world, "invoice-issue", invoice_id), {"when": "send"})
    assert released(world, invoice_id) == (True, True, None)
    page = client.get(url(world, "invoice", invoice_id)).content.decode()
    assert "goes out at 08:00 of that day" in page
    assert "Planned for" in page
    client.post(url(world, "invoice-unplan", invoice_id))
    assert released(world, invoice_id) == (False, False, None)


def test_e15_bulk_issue_lets_those_dated_ahead_wait(world: World) -> None:
    client = client_of(world)
    today, later = world.draft(), world.draft(issue_on=world.today + timedelta(days=1))
    answer = client.post(url(world, "invoices-bulk"), {"action": "issue", "id": [str(today), str(later)]}, follow=True)
    page = answer.content.decode()
    assert "1 invoice issued" in page
    assert "1 waits for its day" in page
    assert released(world, today)[2]
    assert released(world, later) == (True, False, None)


def test_e15_bulk_issue_is_all_or_none(world: World) -> None:
    """One of those dated ahead can't be issued: then none is, and the page says so truly."""
    client, ahead = client_of(world), world.today + timedelta(days=1)
    ids = [world.draft(), world.draft(issue_on=ahead), world.draft(lines=(), issue_on=ahead)]
    answer = client.post(url(world, "invoices-bulk"), {"action": "issue", "id": [str(one) for one in ids]}, follow=True)
    assert "None of them was issued." in answer.content.decode()
    assert [released(world, one) for one in ids] == [(False, False, None)] * 3


def test_e19_sent_again_it_speaks_as_a_reminder_then_as_a_late_one_then_as_thanks(world: World) -> None:
    client, invoice_id = client_of(world), world.invoice()
    page = url(world, "invoice-send", invoice_id)

    def says() -> tuple[str, str]:
        shown = client.get(page).content.decode()
        subject = re.search(r'id="subject" name="subject" value="([^"]*)"', shown)
        kind = re.search(r'name="says" value="(\w+)"', shown)
        assert subject
        return subject[1], kind[1] if kind else ""

    assert says() == ("Invoice LP-1 from Acme Print", "")
    mark_sent(invoice_id=invoice_id, **world.acting())
    assert says()[1] == "reminder"
    with clock.at(world.now + timedelta(days=20)):
        client.force_login(world.alice)
        subject, kind = says()
        assert (subject.split(" on ")[0], kind) == ("Invoice LP-1 was due", "late_reminder")
        assert "Overdue since" in client.post(page + "/preview", {"body": "Please.", "says": kind}).content.decode()
        message_id = send(world, client, invoice_id, says=kind)
    assert kept(world, message_id) == ("invoice", {"says": "late_reminder"})
    record_payment(
        payment_id=new_id(), customer_id=world.nora, method="cash", amount_minor=17_300, currency="EUR",
        received_on=world.today, **world.acting(),
    )  # fmt: skip
    assert says() == ("Thank you: invoice LP-1 is paid", "thank_you")
    assert kept(world, send(world, client, invoice_id, says="receipt")) == ("invoice", {}), "no other kind's words"


def kept(world: World, message_id: UUID) -> tuple[str, dict[str, str]]:
    with tenant.tx(world.seller_id, read_only=True):
        found = message(message_id)
        assert found
        return found.kind, found.data


def test_f8_the_window_warns_of_a_silent_address_and_offers_the_next_contact(world: World) -> None:
    client, invoice_id = client_of(world), world.invoice()
    page = url(world, "invoice-send", invoice_id)
    assert "so nothing is sent there" not in client.get(page).content.decode()
    with tenant.tx(world.seller_id):
        Contact.objects.create(
            id=new_id(),
            seller_id=world.seller_id,
            customer_id=world.nora,
            name="Desk",
            email="ap@kestrel.example",
            gets_documents=False,
        )
    silenced = {"address": "nora@kestrel.example", "reason": "bounced", "words": "550 no such user"}
    silence_address(**silenced, **world.acting())
    shown = client.get(page).content.decode()
    assert "nora@kestrel.example bounced on" in shown
    assert "The mail server said: 550 no such user" in shown
    assert 'data-add="ap@kestrel.example" data-takes="nora@kestrel.example"' in shown
    typed = {"message_id": str(new_id()), "to": "Nora@kestrel.example", "subject": "Invoice", "body": "Here."}
    refused = client.post(page, typed)
    assert refused.status_code == 422
    assert "Nobody here is written to any more" in refused.content.decode()
    sent = client.post(page, {**typed, "to": "nora@kestrel.example, ap@kestrel.example"}, follow=True).content.decode()
    assert "Sending to ap@kestrel.example" in sent
    lift_silence(address="nora@kestrel.example", **world.acting())
    assert "so nothing is sent there" not in client.get(page).content.decode()
