"""Threads as the verbs need them: begun, found and locked, and moved on by what is filed in them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tallystick.base import direct
from tallystick.base.ids import new_id
from tallystick.conversations._plain import MOST_TEXT, one_line, plain, preview_of
from tallystick.conversations.errors import NoSuchConversation
from tallystick.conversations.models import Conversation, ConversationMail
from tallystick.conversations.subjects import MOST, plain_subject, topic_of
from tallystick.messages.models import Message


def locked(conversation_id: UUID) -> Conversation:
    """Return the thread, locked for the rest of the transaction. Raises NoSuchConversation."""
    thread = direct.find(Conversation, conversation_id, lock=True)
    if thread is None:
        raise NoSuchConversation(str(conversation_id))
    return thread


def begin(
    seller_id: UUID,
    *,
    subject: str,
    at: datetime,
    customer_id: UUID | None = None,
    maybe_ids: list[UUID] | None = None,
    address: str = "",
    document_id: UUID | None = None,
    conversation_id: UUID | None = None,
    state: str = "open",
) -> Conversation:
    """Begin a thread with nothing in it yet."""
    said = one_line(subject, MOST)
    return Conversation.objects.create(
        id=conversation_id or new_id(),
        seller_id=seller_id,
        customer_id=customer_id,
        maybe_ids=maybe_ids or [],
        address=address[:254],
        subject=plain_subject(said),
        topic=topic_of(said),
        document_id=document_id,
        state=state,
        last_at=at,
        shown_at=at,
        created_at=at,
    )


def out_source(message_id: UUID) -> str:
    """Return why a message of ours is filed once."""
    return f"message:{message_id}"


def file_message(thread: Conversation, message: Message, *, at: datetime, mail: UUID | None = None) -> ConversationMail:
    """File one of our messages in its thread, once; the thread itself stays where it is. Inside `in_turn`."""
    known = ConversationMail.objects.filter(source_id=out_source(message.id)).first()
    return known or ConversationMail.objects.create(
        id=mail or new_id(),
        seller_id=thread.seller_id,
        conversation=thread,
        direction="out",
        source_id=out_source(message.id),
        mail_id=message.message_id[:255],
        message=message,
        to=[*message.recipients, *message.copies],
        subject=one_line(message.subject, MOST),
        text=plain(message.body, MOST_TEXT),
        by_id=message.created_by,
        at=at,
    )


def move_on(thread: Conversation, mail: ConversationMail, *, is_quiet: bool, words: str) -> None:
    """Let a thread show what was filed last. What isn't quiet opens it again and marks it as unread."""
    thread.last_at, thread.last_direction = max(thread.last_at, mail.at), mail.direction
    thread.preview = preview_of(words)
    if not is_quiet:
        thread.is_unread, thread.state = True, "open"
    if thread.state == "open":
        thread.shown_at = thread.last_at
    thread.save(update_fields=["last_at", "last_direction", "preview", "is_unread", "state", "shown_at"])
