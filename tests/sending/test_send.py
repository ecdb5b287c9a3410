"""Sending: once, again after trouble, and never silently."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.invoices.send import send_document
from tallystick.messages.models import Message
from tallystick.messages.queue import cancel_message, retry_message
from tallystick.payments.void import void_invoices
from tallystick.testing.mailbox import Mailbox
from tallystick.testing.world import World
from tallystick.worker.sweeps import drain


def queue(world: World, *to: str) -> UUID:
    """Queue an invoice's email, twice over: the second click changes nothing."""
    message_id, invoice_id = new_id(), world.invoice()
    for _ in range(2):
        send_document(
            invoice_id=invoice_id,
            message_id=message_id,
            recipients=to,
            subject="Invoice",
            body="Here.",
            **world.acting(),
        )
    return message_id


def read(world: World, message_id: UUID) -> Message:
    with tenant.tx(world.seller_id):
        return Message.objects.get(id=message_id)


def copies(mailbox: Mailbox, message_id: UUID) -> int:
    return sum(str(message_id) in m["message_id"] for m in mailbox.messages())


def test_a9_sent_at_once_and_once(world: World, mailbox: Mailbox) -> None:
    message_id = queue(world, "nora@kestrel.example")
    drain(world.seller_id)
    drain(world.seller_id)
    assert (read(world, message_id).state, copies(mailbox, message_id)) == ("sent", 1)


def test_trouble_is_tried_again_with_the_same_message_id(world: World, mailbox: Mailbox) -> None:
    mailbox.fault(temporary=1)
    message_id = queue(world, "nora@kestrel.example")
    drain(world.seller_id)
    assert (read(world, message_id).state, read(world, message_id).tries) == ("queued", 1)
    with clock.at(world.now + timedelta(minutes=2)):
        drain(world.seller_id)
    assert (read(world, message_id).state, copies(mailbox, message_id)) == ("sent", 1)


def test_a_refused_address_fails_visibly_and_can_be_retried(world: World, mailbox: Mailbox) -> None:
    mailbox.fault(refuse=["gone@"])
    message_id = queue(world, "gone@kestrel.example")
    drain(world.seller_id)
    assert read(world, message_id).state == "failed"
    assert read(world, message_id).reason
    mailbox.fault(refuse=[])
    assert retry_message(seller_id=world.seller_id, message_id=message_id, now=clock.now())
    drain(world.seller_id)
    assert read(world, message_id).state == "sent"


def test_one_refused_of_two_is_said(world: World, mailbox: Mailbox) -> None:
    mailbox.fault(refuse=["gone@"])
    message_id = queue(world, "gone@kestrel.example", "nora@kestrel.example")
    drain(world.seller_id)
    assert read(world, message_id).state == "sent"
    assert "gone@kestrel.example" in read(world, message_id).reason


def test_a_voided_invoice_is_not_sent_any_more(world: World, mailbox: Mailbox) -> None:
    message_id = queue(world, "nora@kestrel.example")
    document = read(world, message_id).document_id
    void_invoices(invoice_ids=[document], reason="", today=world.today, **world.acting())
    drain(world.seller_id)
    assert (read(world, message_id).state, read(world, message_id).reason) == ("skipped", "voided")
    assert copies(mailbox, message_id) == 0


def test_cancelled_in_time_is_never_sent(world: World, mailbox: Mailbox, outsider: World) -> None:
    message_id = queue(world, "nora@kestrel.example")
    assert not cancel_message(seller_id=outsider.seller_id, message_id=message_id, now=world.now)
    assert cancel_message(seller_id=world.seller_id, message_id=message_id, now=world.now)
    drain(world.seller_id)
    assert copies(mailbox, message_id) == 0


def test_without_an_address_it_is_skipped_with_the_reason(world: World) -> None:
    message_id = queue(world)
    assert (read(world, message_id).state, read(world, message_id).reason) == ("skipped", "no_address")
