"""Sending again, to another address, what came back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.inputs import is_email
from tallystick.conversations._thread import file_message, locked
from tallystick.conversations._turn import in_turn
from tallystick.conversations.errors import NoSuchConversation, NothingSaid
from tallystick.conversations.models import ConversationMail
from tallystick.messages.again import say_instead
from tallystick.messages.models import Message


def send_again(
    *, seller_id: UUID, notice_id: UUID, address: str, now: datetime, actor_id: UUID | None = None
) -> Message:
    """Queue the message a notice is about once more, to this address alone, composed from what is true when it goes.

    Idempotent per message and address. The thread counts as read. Raises NoSuchConversation when the notice isn't one,
    NothingSaid when the address isn't one.
    """
    if not is_email(address):
        raise NothingSaid("address")
    with tenant.tx(seller_id, actor_id=actor_id):
        in_turn(seller_id)
        notice = ConversationMail.objects.filter(id=notice_id, direction="notice").select_related("message").first()
        if notice is None or notice.message is None:
            raise NoSuchConversation(str(notice_id))
        thread = locked(notice.conversation_id)
        message = say_instead(seller_id=seller_id, message_id=notice.message.id, to=address, now=now, actor_id=actor_id)
        if message is None:
            raise NoSuchConversation(str(notice_id))
        file_message(thread, message, at=now)
        thread.is_unread = False
        thread.save(update_fields=["is_unread"])
        return message
