"""Answering from the inbox: one email in the house layout, with the headers that keep the thread together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from tallystick.base import direct, tenant
from tallystick.base.ids import new_id, new_ids
from tallystick.conversations._plain import one_line, preview_of
from tallystick.conversations._thread import begin, file_message, locked
from tallystick.conversations._turn import in_turn
from tallystick.conversations.errors import FileRefused, NothingSaid
from tallystick.conversations.files import MAX_ALL, MAX_FILES, look_at_file
from tallystick.conversations.models import Conversation, ConversationFile, ConversationMail
from tallystick.conversations.subjects import reply_subject
from tallystick.customers.lock import NoSuchCustomer
from tallystick.customers.queries import customer
from tallystick.mail.port import Attachment
from tallystick.messages.email import render_notice
from tallystick.messages.logo import logo_cid, logo_part
from tallystick.messages.models import Message
from tallystick.messages.prepared import Prepared, Skip
from tallystick.messages.queue import Letter, queue_message
from tallystick.sellers.queries import logo_of, party_of_seller, seller

KIND = "reply"
MOST_REFERENCES = 20


@dataclass(frozen=True, slots=True)
class GoingFile:
    """A file to send along."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says, and to whom. `button_url` leads to a page to pay, under the words of `button_text`."""

    recipients: Sequence[str]
    body: str
    files: Sequence[GoingFile] = ()
    copies: Sequence[str] = ()
    button_url: str = ""
    button_text: str = ""


def send_reply(
    *,
    seller_id: UUID,
    conversation_id: UUID,
    message_id: UUID,
    answer: Answer,
    now: datetime,
    actor_id: UUID | None = None,
    due_at: datetime | None = None,
) -> Message:
    """Queue a person's answer in a thread and return it; it goes at once, or at `due_at`, while it can be stopped.

    The thread is read from then on, and open; whoever answers an unassigned one takes care of it. Idempotent by
    `message_id`. Locks the thread. Raises NoSuchConversation, NothingSaid, FileRefused.
    """
    _check(answer)
    with tenant.tx(seller_id, actor_id=actor_id):
        in_turn(seller_id)
        thread = locked(conversation_id)
        return _queue(thread, reply_subject(thread.subject), message_id, answer, now, actor_id, due_at)


def start_conversation(
    *,
    seller_id: UUID,
    conversation_id: UUID,
    customer_id: UUID,
    message_id: UUID,
    subject: str,
    answer: Answer,
    now: datetime,
    actor_id: UUID | None = None,
    due_at: datetime | None = None,
) -> Message:
    """Write to a customer in a thread of its own, and return the queued message.

    Idempotent by `conversation_id` and `message_id`. Raises NoSuchCustomer, NothingSaid, FileRefused.
    """
    _check(answer)
    if not subject.strip():
        raise NothingSaid("subject")
    with tenant.tx(seller_id, actor_id=actor_id):
        in_turn(seller_id)
        if customer(customer_id) is None:
            raise NoSuchCustomer(str(customer_id))
        thread = direct.find(Conversation, conversation_id) or begin(
            seller_id,
            subject=subject,
            at=now,
            customer_id=customer_id,
            address=answer.recipients[0].lower(),
            conversation_id=conversation_id,
        )
        return _queue(thread, thread.subject, message_id, answer, now, actor_id, due_at)


def prepare_reply_email(message: Message) -> Prepared | Skip:
    """Compose an answer: the person's words, at most one button, the files, and what it answers. Not an automatic mail."""
    with tenant.tx(message.seller_id, read_only=True):
        mail = ConversationMail.objects.filter(id=message.data.get("mail_id")).first()
        files = list(ConversationFile.objects.filter(mail=mail, refused="").order_by("id")) if mail else []
        party, logo = party_of_seller(message.seller_id), logo_of(message.seller_id)
    if mail is None:
        return Skip("withdrawn")
    composed = render_notice(
        seller=party,
        language=message.language,
        title=message.subject,
        body=message.body,
        button_url=message.data.get("button_url", ""),
        button_text=message.data.get("button_text", ""),
        logo_cid=logo_cid(logo),
    )
    parts = (*(_attachment(file) for file in files), *logo_part(logo))
    return Prepared(composed.html, composed.text, parts, headers=_headers(mail.references), is_automatic=False)


def _attachment(file: ConversationFile) -> Attachment:
    """A mail inside a mail goes as a file like any other: nobody has to be able to read it on the way."""
    kind = "application/octet-stream" if file.content_type == "message/rfc822" else file.content_type
    return Attachment(filename=file.name, content_type=kind, content=bytes(file.content or b""))


def language_of(thread: Conversation) -> str:
    """Return the language a thread is answered in: the customer's, else the seller's. Inside `tenant.tx`."""
    wanted = thread.customer.language if thread.customer else seller(thread.seller_id).language
    return wanted if wanted in dict(settings.LANGUAGES) else "en"


def _queue(
    thread: Conversation,
    subject: str,
    message_id: UUID,
    answer: Answer,
    now: datetime,
    actor_id: UUID | None,
    due_at: datetime | None,
) -> Message:
    mail_id = new_id()
    letter = Letter(
        id=message_id,
        dedupe_key=f"{KIND}:{message_id}",
        kind=KIND,
        recipients=list(answer.recipients),
        copies=list(answer.copies),
        language=language_of(thread),
        subject=subject,
        body=answer.body.strip(),
        customer_id=thread.customer_id,
        attach_pdf=False,
        payment_link=bool(answer.button_url),
        data={"mail_id": str(mail_id), "button_url": answer.button_url, "button_text": answer.button_text},
        is_by_hand=True,
    )
    message = queue_message(seller_id=thread.seller_id, letter=letter, now=now, actor_id=actor_id, due_at=due_at)
    if message.data.get("mail_id") != str(mail_id):
        return message
    mail = file_message(thread, message, at=now, mail=mail_id)
    mail.references = _chain(thread, mail)
    mail.save(update_fields=["references"])
    for file_id, file in zip(new_ids(len(answer.files)), answer.files, strict=True):
        ConversationFile.objects.create(
            id=file_id,
            seller_id=thread.seller_id,
            mail=mail,
            name=one_line(file.name, 200).replace("/", "_").replace("\\", "_") or "file",
            content_type=look_at_file(file.name, file.content).content_type,
            size=len(file.content),
            content=file.content,
        )
    _answered(thread, message, now, actor_id)
    return message


def _answered(thread: Conversation, message: Message, now: datetime, actor_id: UUID | None) -> None:
    thread.last_at = thread.shown_at = max(now, thread.last_at)
    thread.last_direction, thread.preview = "out", preview_of(message.body)
    thread.state, thread.is_unread = "open", False
    thread.assignee_id = thread.assignee_id or actor_id
    thread.save()


def _chain(thread: Conversation, reply: ConversationMail) -> list[str]:
    """The Message-IDs a reply answers, oldest first, the last of them the one it is to."""
    rows = ConversationMail.objects.filter(conversation=thread).exclude(id=reply.id).exclude(mail_id="")
    newest = list(rows.order_by("-at", "-id").values_list("mail_id", "direction")[:MOST_REFERENCES])
    theirs = next((mail_id for mail_id, direction in newest if direction == "in"), None)
    chain = [mail_id for mail_id, _direction in reversed(newest)]
    return [*(each for each in chain if each != theirs), theirs] if theirs else chain


def _headers(references: Sequence[str]) -> dict[str, str]:
    return {"In-Reply-To": references[-1], "References": " ".join(references)} if references else {}


def _check(answer: Answer) -> None:
    if not answer.body.strip():
        raise NothingSaid("body")
    if not answer.recipients:
        raise NothingSaid("recipients")
    if len(answer.files) > MAX_FILES:
        raise FileRefused("too_many", answer.files[MAX_FILES].name)
    left = MAX_ALL
    for file in answer.files:
        looked = look_at_file(file.name, file.content)
        left -= len(file.content)
        if looked.refused or left < 0:
            raise FileRefused(looked.refused or "too_big", file.name)
