"""Where a mail belongs: to what it answers, else to the sender's thread of that subject, else to a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from tallystick.base import direct
from tallystick.conversations.models import Conversation, ConversationMail
from tallystick.conversations.subjects import topic_of
from tallystick.customers.queries import customers_with_address
from tallystick.mail.incoming import IncomingMail
from tallystick.messages.answered import last_written_to, messages_answered
from tallystick.messages.models import Message
from tallystick.messages.queries import message as one_message


@dataclass(frozen=True, slots=True)
class Place:
    """A thread, or what is known for beginning one: whose it is, who else it may be, and which of our messages it answers."""

    thread: Conversation | None = None
    customer_id: UUID | None = None
    maybe_ids: list[UUID] = field(default_factory=list)
    message: Message | None = None


def place_of(mail: IncomingMail, references: Sequence[str], answers: UUID | None) -> Place:
    """Return where a mail belongs. `answers` is our message whose own reply address it came to. Inside `tenant.tx`."""
    thread = _thread_of_known(references)
    if thread:
        return Place(thread)
    answered = messages_answered(references)
    message = answered[0] if answered else one_message(answers) if answers else None
    if message:
        return Place(thread_of(message), message.customer_id, message=message)
    return _by_sender(mail)


def thread_of(message: Message) -> Conversation | None:
    """Return the thread a message of ours stands in, or the one about its document, or None."""
    filed = ConversationMail.objects.filter(message_id=message.id).values("conversation_id")[:1]
    if thread := Conversation.objects.filter(id__in=filed).first():
        return thread
    if not message.customer_id or not message.document_id:
        return None
    about = Conversation.objects.filter(customer_id=message.customer_id, document_id=message.document_id)
    return about.order_by("-last_at", "-id").first()


def _thread_of_known(references: Sequence[str]) -> Conversation | None:
    """The nearest of the mails it names that we know decides."""
    rows = ConversationMail.objects.filter(mail_id__in=references).values_list("mail_id", "conversation_id")
    known = dict(rows)
    nearest = next((known[reference] for reference in references if reference in known), None)
    return direct.find(Conversation, nearest) if nearest else None


def _by_sender(mail: IncomingMail) -> Place:
    address, topic = mail.from_address, topic_of(mail.subject)
    customer_id, others = _customer_of(address)
    threads = Conversation.objects.filter(topic=topic)
    mine = threads.filter(customer_id=customer_id) if customer_id else threads.filter(customer=None, address=address)
    thread = mine.order_by("-last_at", "-id").first() if topic and address else None
    return Place(thread, customer_id, others)


def _customer_of(address: str) -> tuple[UUID | None, list[UUID]]:
    """Return whose address it is, and who else's: the one written to last goes first.

    An address that stands with nobody belongs to whom a person gave its last thread.
    """
    if not address:
        return None, []
    found = customers_with_address(address)
    if not found:
        given = Conversation.objects.filter(address=address, customer__isnull=False).order_by("-last_at", "-id")
        return given.values_list("customer_id", flat=True).first(), []
    first = found[0] if len(found) == 1 else last_written_to(found) or found[0]
    return first, [each for each in found if each != first]
