"""Bounces as people see them: on the invoice, on the customer, as a task; and the mailbox they come to."""

from __future__ import annotations

import html
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.test import Client

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.broadcasts.models import Unsubscribed
from tallystick.customers.models import Contact
from tallystick.customers.queries import addresses_for_documents
from tallystick.mailboxes.keep import keep_mail
from tallystick.mailboxes.models import IncomingMessage, Mailbox
from tallystick.messages.models import Message
from tallystick.messages.outcomes import lift_silence, record_outcome, silenced
from tallystick.messages.queue import Letter, queue_message
from tallystick.staff.tests.test_office_pages import client_of, url
from tallystick.testing.world import World
from tallystick.worker.sweeps import sweep_events, sweep_incoming

NORA = "nora@kestrel.example"
MAILBOX = {
    "address": "AR@acme.example",
    "has_plus_addresses": "on",
    "host": "127.0.0.1",
    "port": "9",
    "security": "none",
    "username": "ar",
    "password": "secret of the mailbox",
    "folder": "INBOX",
    "every_minutes": "5",
}


@pytest.fixture
def world(staffed: World) -> World:
    staffed.now = clock.now()
    staffed.today = staffed.now.date()
    return staffed


@dataclass
class Sent:
    """An invoice, and the email it went out with."""

    world: World
    invoice_id: UUID
    message_id: UUID

    def hear(self, kind: str, words: str = "", recipient: str = NORA) -> None:
        record_outcome(
            message_id=self.message_id, recipient=recipient, kind=kind, source="dsn", words=words, at=self.world.now,
            **self.world.acting(),
        )  # fmt: skip


@pytest.fixture
def sent(world: World) -> Sent:
    invoice_id, message_id = world.invoice(), new_id()
    letter = Letter(
        message_id, f"t:{message_id}", "invoice", [NORA], "en", "Invoice", "Here.", customer_id=world.nora,
        document_id=invoice_id, is_by_hand=True,
    )  # fmt: skip
    queue_message(letter=letter, **world.acting())
    with tenant.tx(world.seller_id):
        Message.objects.filter(id=message_id).update(state="sent", sent_at=world.now)
    return Sent(world, invoice_id, message_id)


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("delayed", "Delayed"),
        ("delivered", "Delivered"),
        ("opened", "Opened"),
        ("bounced_soft", "Bounced"),
        ("bounced_hard", "Bounced"),
    ],
)
def test_e7_the_invoice_shows_what_became_of_its_email(sent: Sent, kind: str, word: str) -> None:
    sent.hear(kind, "550 said <b>the</b> server")
    page = client_of(sent.world).get(url(sent.world, "invoice", sent.invoice_id)).content.decode()
    assert f">{word}</span>" in page
    assert ("550 said &lt;b&gt;the&lt;/b&gt; server" in page) is (word in ("Bounced", "Delayed"))
    assert "<b>the</b>" not in page


def test_e8_without_a_notice_the_page_says_what_that_proves(sent: Sent) -> None:
    client, address = client_of(sent.world), url(sent.world, "invoice", sent.invoice_id)
    assert "That isn't proof of delivery" in text(client, address)
    sent.hear("delivered")
    assert "That isn't proof of delivery" not in text(client, address)


def test_f8_a_bounce_is_a_task_with_the_next_best_contact(world: World, sent: Sent) -> None:
    with tenant.tx(world.seller_id):
        for name, email in (("Zoe", "zoe@kestrel.example"), ("Accounts Payable", "ap@kestrel.example")):
            Contact.objects.create(
                id=new_id(), seller_id=world.seller_id, customer_id=world.nora, name=name, email=email,
                gets_documents=False,
            )  # fmt: skip
    sent.hear("bounced_hard", "550 5.1.1 no such user")
    client = client_of(world)
    for page in ("outbox", "customer"):
        shown = text(client, url(world, page, *([world.nora] if page == "customer" else [])))
        assert f"Mail to {NORA} bounced" in shown
        assert "550 5.1.1 no such user" in shown
        assert "Next contact: Accounts Payable, ap@kestrel.example" in shown
    assert "1 address bounced" in text(client, url(world, "today"))
    silence_id = text(client, url(world, "outbox")).split("/bounced/")[1].split("/")[0]
    for _ in range(2):
        client.post(url(world, "bounced-instead", silence_id))
    with tenant.tx(world.seller_id):
        assert addresses_for_documents(world.nora)[0] == ["ap@kestrel.example"]
        copy = Message.objects.exclude(id=sent.message_id).get()
    assert (copy.recipients, copy.document_id, copy.state) == (["ap@kestrel.example"], sent.invoice_id, "queued")
    assert f"Mail to {NORA} bounced" not in text(client, url(world, "outbox"))
    assert "Bounced: nothing is sent there" in text(client, url(world, "customer", world.nora))


def test_f8_a_person_has_an_address_written_to_again(world: World, sent: Sent) -> None:
    sent.hear("bounced_hard")
    client = client_of(world)
    shown = text(client, url(world, "outbox"))
    assert "There is nobody else to write to" in shown
    silence_id = shown.split("/bounced/")[1].split("/")[0]
    assert client.post(url(world, "bounced-instead", silence_id)).status_code == 404
    assert client.post(url(world, "bounced-again", silence_id)).status_code == 302
    with tenant.tx(world.seller_id):
        assert silenced([NORA]) == set()


def test_f8_a_full_mailbox_gets_the_same_again_a_day_later_twice_at_most(world: World, sent: Sent) -> None:
    for times in range(1, 4):
        sent.hear("bounced_soft", "552 mailbox full")
        sweep_events(world.seller_id)
        with tenant.tx(world.seller_id):
            queued = Message.objects.filter(state="queued").first()
            total = Message.objects.count()
            Message.objects.filter(state="queued").update(state="sent")
        assert total == min(times, 2) + 1
        if queued:
            assert queued.due_at > world.now
            sent = Sent(world, sent.invoice_id, queued.id)


def test_f8_a_refusal_of_the_content_is_not_said_again(world: World, sent: Sent) -> None:
    sent.hear("rejected", "554 spam")
    sweep_events(world.seller_id)
    with tenant.tx(world.seller_id):
        assert Message.objects.count() == 1


def test_e7_the_mailbox_is_set_tried_and_forgotten(world: World) -> None:
    client, address = client_of(world), url(world, "settings-mailbox")
    assert "That isn't proof of delivery" in text(client, address).replace("that isn't", "That isn't")
    refused = client.post(address, {**MAILBOX, "host": "https://imap", "every_minutes": "0", "password": ""})
    assert refused.status_code == 422
    assert "1 to 1440 minutes" in html.unescape(refused.content.decode())
    assert client.post(address, MAILBOX).status_code == 302
    with tenant.tx(world.seller_id):
        box = Mailbox.objects.get()
    assert (box.address, box.has_plus_addresses) == ("ar@acme.example", True)
    shown = text(client, address)
    assert "secret of the mailbox" not in shown
    assert f"/hooks/mail/{box.id}" in shown
    tried = client.post(url(world, "settings-mailbox-test")).content.decode()
    assert "Reach the server" in tried
    assert "refused" in tried
    other = client.post(address, {**MAILBOX, "host": "imap.evil.example", "password": ""})
    assert other.status_code == 422, "a stored password goes only to the server it was given for"
    assert client.post(address, {**MAILBOX, "password": ""}).status_code == 302
    client.post(url(world, "settings-mailbox-remove"))
    with tenant.tx(world.seller_id):
        assert not Mailbox.objects.exists()


def test_r19_what_came_in_is_shown_safely(world: World) -> None:
    hostile = '"><img src=x onerror=alert(1)>\u202e{{ 7|add:7 }}{% load x %}'
    raw = f"From: {hostile} <eve@evil.example>\nSubject: {hostile}\n\n{hostile}\n".encode()
    keep_mail(raw=raw, source="http", **world.acting())
    sweep_incoming(world.seller_id)
    page = client_of(world).get(url(world, "settings-mailbox")).content.decode()
    assert "eve@evil.example" in page
    assert "<img src=x" not in page
    assert "{{ 7|add:7 }}" in page


def test_a_mail_that_could_not_be_read_is_tried_again_by_a_person(world: World) -> None:
    keep_mail(raw=b"Subject: x\n\n", source="http", **world.acting())
    with tenant.tx(world.seller_id):
        row = IncomingMessage.objects.get()
        IncomingMessage.objects.update(state="failed", last_error="it broke")
    client = client_of(world)
    assert "it broke" in text(client, url(world, "settings-mailbox"))
    assert client.post(url(world, "settings-mailbox-retry", row.id)).status_code == 302
    sweep_incoming(world.seller_id)
    with tenant.tx(world.seller_id):
        assert IncomingMessage.objects.get().state == "kept"


def test_what_was_lifted_stays_lifted_when_old_news_comes_again(world: World, sent: Sent) -> None:
    sent.hear("bounced_hard")
    lift_silence(address=NORA, **world.acting())
    sent.hear("bounced_hard")
    with tenant.tx(world.seller_id):
        assert silenced([NORA]) == set()


def test_b17_an_address_that_left_is_taken_back_when_its_owner_asks(world: World) -> None:
    client, button = client_of(world), "They want them again"
    customer, subscribe = url(world, "customer", world.nora), url(world, "customer-subscribe", world.nora)
    assert button not in client.get(customer).content.decode()
    with tenant.tx(world.seller_id):
        for address in ("nora@kestrel.example", "pia@press.example"):
            Unsubscribed.objects.create(
                id=new_id(), seller_id=world.seller_id, address=address, at=world.now, recipient_id=new_id()
            )
    shown = client.get(customer).content.decode()
    assert "nora@kestrel.example unsubscribed from broadcasts" in shown
    assert button in shown
    client.post(subscribe, {"address": "pia@press.example"})
    with tenant.tx(world.seller_id, read_only=True):
        assert Unsubscribed.objects.count() == 2, "only an address of theirs"
    for _twice in range(2):
        shown = client.post(subscribe, {"address": "nora@kestrel.example"}, follow=True).content.decode()
    assert button not in shown
    assert shown.count("nora@kestrel.example gets broadcasts again") == 1, "on the timeline, once"
