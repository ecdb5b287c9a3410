"""Mails as a test writes them, and an inbox to read them from."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.conversations.models import Conversation, ConversationMail
from tallystick.conversations.queries import mails_of
from tallystick.conversations.receive import receive_mail
from tallystick.mail.incoming import IncomingMail
from tallystick.messages.models import Message
from tallystick.messages.queue import Letter, queue_message
from tallystick.testing.world import World

NORA = "nora@kestrel.example"


def letter(text: str = "We ordered the 300 g.", **given: Any) -> IncomingMail:
    """A mail from Nora unless said otherwise."""
    said = {
        "message_id": f"<{new_id()}@kestrel.example>",
        "references": (),
        "from_name": "Nora Kestrel",
        "from_address": NORA,
        "delivered_to": ("accounts@acme.example",),
        "subject": "Wrong paper",
        "sent_at": None,
        "text": text,
        "whole_text": text,
        "html": "",
        **given,
    }
    return IncomingMail(**said)


def receive(world: World, mail: IncomingMail | None = None, **given: Any) -> ConversationMail:
    """File a mail in a world's inbox."""
    source_id = given.pop("source_id", None) or f"imap:{new_id()}"
    return receive_mail(source_id=source_id, mail=mail or letter(), **{**world.acting(), **given})


def thread_of(world: World, mail: ConversationMail) -> Conversation:
    """The thread as it is now."""
    with tenant.tx(world.seller_id, read_only=True):
        return Conversation.objects.get(id=mail.conversation_id)


def threads(world: World) -> list[Conversation]:
    """All threads, oldest first."""
    with tenant.tx(world.seller_id, read_only=True):
        return list(Conversation.objects.order_by("created_at", "id"))


def said_in(world: World, conversation_id: UUID) -> list[tuple[str, str]]:
    """(direction, text) of what stands in a thread."""
    with tenant.tx(world.seller_id, read_only=True):
        return [(mail.direction, mail.text) for mail in mails_of(conversation_id)]


def sent(
    world: World, *, document_id: UUID | None = None, customer: str = "nora", at: datetime | None = None
) -> Message:
    """A message of ours that went out, a minute ago."""
    message_id = new_id()
    given = Letter(
        id=message_id,
        dedupe_key=str(message_id),
        kind="invoice",
        recipients=[NORA],
        language="en",
        subject="Invoice LP-1 from Acme Print",
        body="here is invoice LP-1",
        customer_id=world.customers[customer],
        document_id=document_id,
        is_by_hand=True,
    )
    message = queue_message(letter=given, **world.acting())
    with tenant.tx(world.seller_id):
        Message.objects.filter(id=message.id).update(state="sent", sent_at=at or world.now - timedelta(minutes=1))
        return Message.objects.get(id=message.id)
