"""Sending again, to another address, what came back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.base.inputs import is_email
from tallystick.conversations._thread import file_message, locked
from tallystick.conversations._turn import in_turn
from tallystick.conversations.errors import NoSuchConversation, NothingSaid
from tallystick.conversations.models import ConversationMail
from tallystick.messages.models import Message
from tallystick.messages.queue import Letter, queue_message


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
        thread, first = locked(notice.conversation_id), notice.message
        letter = Letter(
            id=new_id(),
            dedupe_key=f"instead:{first.id}:{address.lower()}",
            kind=first.kind,
            recipients=[address],
            language=first.language,
            subject=first.subject,
            body=first.body,
            customer_id=first.customer_id,
            document_id=first.document_id,
            payment_id=first.payment_id,
            attach_pdf=first.attach_pdf,
            payment_link=first.payment_link,
            attachment_ids=first.attachment_ids,
            data=first.data,
            is_by_hand=True,
        )
        message = queue_message(seller_id=seller_id, letter=letter, now=now, actor_id=actor_id)
        file_message(thread, message, at=now)
        thread.is_unread = False
        thread.save(update_fields=["is_unread"])
        return message
