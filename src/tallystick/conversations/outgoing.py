"""What we said, in the thread it belongs to; and what a mail server said about it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.conversations._match import thread_of
from tallystick.conversations._plain import one_line, plain
from tallystick.conversations._thread import begin, file_message, move_on
from tallystick.conversations._turn import in_turn
from tallystick.conversations.models import ConversationMail
from tallystick.messages.queries import message as one_message


def file_sent(*, seller_id: UUID, message_id: UUID) -> ConversationMail | None:
    """File a message of ours that went out, when there is a thread about its document; None when there is none.

    A thread begins with an answer, a bounce or a person, never with what we sent. Idempotent. Waits its turn only when
    there is something to file.
    """
    with tenant.tx(seller_id):
        message = one_message(message_id)
        thread = thread_of(message) if message and message.channel == "email" else None
        if message is None or thread is None:
            return None
        in_turn(seller_id)
        return file_message(thread, message, at=message.sent_at or message.created_at)


def file_bounce(
    *,
    seller_id: UUID,
    message_id: UUID,
    recipient: str,
    code: str,
    words: str,
    is_hard: bool,
    now: datetime,
    goes_again: bool = False,
) -> ConversationMail | None:
    """File what a mail server said about one recipient of a message, in the message's thread or a new one.

    None for a message to nobody's customer that stands in no thread. `is_hard`: the address is gone for good. That, and
    whatever else means that this message won't arrive, marks the thread as unread and opens it again; what is only
    temporary (4.x.x), or `goes_again` by itself, is filed quietly. Idempotent per message, recipient and `is_hard`.
    """
    source_id = f"bounce:{message_id}:{recipient.lower()[:200]}:{'hard' if is_hard else 'soft'}"
    with tenant.tx(seller_id):
        in_turn(seller_id)
        known = ConversationMail.objects.filter(source_id=source_id).first()
        message = None if known else one_message(message_id)
        if message is None:
            return known
        thread = thread_of(message)
        if thread is None and message.customer_id is None:
            return None
        thread = thread or begin(
            seller_id,
            subject=message.subject,
            at=now,
            customer_id=message.customer_id,
            address=recipient.lower(),
            document_id=message.document_id,
        )
        file_message(thread, message, at=message.sent_at or message.created_at)
        is_quiet = not is_hard and (goes_again or not code.startswith("5"))
        row = ConversationMail.objects.create(
            id=new_id(),
            seller_id=seller_id,
            conversation=thread,
            direction="notice",
            source_id=source_id,
            message=message,
            to=[one_line(recipient.lower(), 254)],
            subject=one_line(message.subject, 300),
            text=plain(words, 2000),
            is_automatic=is_quiet,
            code=one_line(code, 20),
            is_hard=is_hard,
            at=now,
        )
        move_on(thread, row, is_quiet=is_quiet, words=recipient)
        return row
