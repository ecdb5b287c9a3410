"""Filing a mail that came in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from tallystick.base import events, tenant
from tallystick.base.ids import new_id, new_ids
from tallystick.conversations._html import clean_html
from tallystick.conversations._match import Place, place_of
from tallystick.conversations._plain import one_line, plain
from tallystick.conversations._thread import begin, file_message, move_on
from tallystick.conversations._turn import in_turn
from tallystick.conversations.files import MAX_ALL, MAX_FILES, Looked, look_at_file
from tallystick.conversations.models import Conversation, ConversationFile, ConversationMail
from tallystick.mail.incoming import IncomingFile, IncomingMail
from tallystick.sellers.mail_route import mail_route
from tallystick.sellers.queries import seller

MOST_AN_HOUR = 20
"""More mails than this in one thread within an hour are two machines talking."""
BELIEVED = timedelta(days=30)
"""How old a mail may say it is."""
MOST_REFERENCES, MOST_PEOPLE = 50, 20


def receive_mail(
    *, seller_id: UUID, source_id: str, mail: IncomingMail, now: datetime, answers: UUID | None = None
) -> ConversationMail:
    """File a mail in the thread it belongs to, or in a new one, and return it as filed.

    `source_id` is the mailbox's own name for it; `answers` the message of ours that a reply address it came to was made
    for, already verified. Idempotent by `source_id` and by the Message-ID. Opens a thread again that was done or put
    off. Automatic answers, our own mails coming back, and what comes too fast are filed quietly: they open nothing,
    mark nothing as unread and are told to nobody. One after the other per seller.
    """
    mail = _tidied(mail)
    mail_id, references = _id(mail.message_id), _ids(mail.references)
    with tenant.tx(seller_id):
        in_turn(seller_id)
        same = Q(source_id=source_id) | (Q(direction="in", mail_id=mail_id) if mail_id else Q())
        known = ConversationMail.objects.filter(same).first()
        if known:
            return known
        place, at = place_of(mail, references, answers), _when(mail, now)
        is_machine = mail.is_automatic or bool(mail.reports) or mail.from_address in _own_addresses(seller_id)
        thread = place.thread or _begin(seller_id, mail, place, at=at, is_machine=is_machine)
        if place.message:
            file_message(thread, place.message, at=place.message.sent_at or place.message.created_at)
        is_quiet = is_machine or _is_too_much(thread, now)
        row = _keep(thread, mail, source_id, mail_id, references, at=at, is_quiet=is_quiet)
        _keep_files(row, mail.files)
        move_on(thread, row, is_quiet=is_quiet, words=row.text or row.subject)
        if not is_quiet:
            events.record(
                "conversation.received",
                seller_id=seller_id,
                subject_id=thread.id,
                customer_id=thread.customer_id,
                now=now,
                subject=thread.subject,
                sender=row.from_name or row.from_address,
            )
        return row


def _tidied(mail: IncomingMail) -> IncomingMail:
    """The mail's words as the database takes them, none endless."""
    return replace(
        mail,
        from_name=one_line(mail.from_name, 200),
        from_address=one_line(mail.from_address, 254).lower(),
        delivered_to=tuple(one_line(address, 254) for address in mail.delivered_to[:MOST_PEOPLE]),
        subject=one_line(mail.subject, 300),
        text=plain(mail.text),
        whole_text=plain(mail.whole_text),
    )


def _begin(seller_id: UUID, mail: IncomingMail, place: Place, *, at: datetime, is_machine: bool) -> Conversation:
    """A machine nobody knows begins nothing that waits for a person: its thread is done from the start."""
    is_noise = is_machine and place.customer_id is None
    return begin(
        seller_id,
        subject=place.message.subject if place.message else mail.subject,
        at=at,
        customer_id=place.customer_id,
        maybe_ids=place.maybe_ids,
        address=mail.from_address,
        document_id=place.message.document_id if place.message else None,
        state="done" if is_noise else "open",
    )


def _keep(
    thread: Conversation,
    mail: IncomingMail,
    source_id: str,
    mail_id: str,
    references: list[str],
    *,
    at: datetime,
    is_quiet: bool,
) -> ConversationMail:
    text, whole = mail.text, mail.whole_text
    return ConversationMail.objects.create(
        id=new_id(),
        seller_id=thread.seller_id,
        conversation=thread,
        direction="in",
        source_id=source_id,
        mail_id=mail_id,
        references=references,
        from_name=mail.from_name,
        from_address=mail.from_address,
        to=list(mail.delivered_to),
        subject=mail.subject,
        text=text or whole,
        quoted=whole if text and whole != text else "",
        html=clean_html(mail.html),
        is_automatic=is_quiet,
        at=at,
    )


def _keep_files(row: ConversationMail, files: Sequence[IncomingFile]) -> None:
    left = MAX_ALL
    named = files[: 2 * MAX_FILES]
    for at, (file_id, file) in enumerate(zip(new_ids(len(named)), named, strict=True)):
        looked = look_at_file(file.filename, file.content) if at < MAX_FILES else Looked("", "too_many")
        if not looked.refused and len(file.content) > left:
            looked = Looked("", "too_big")
        if not looked.refused:
            left -= len(file.content)
        ConversationFile.objects.create(
            id=file_id,
            seller_id=row.seller_id,
            mail=row,
            name=one_line(file.filename, 200).replace("/", "_").replace("\\", "_") or "file",
            content_type=looked.content_type,
            size=len(file.content),
            refused=looked.refused,
            content=None if looked.refused else file.content,
        )


def _own_addresses(seller_id: UUID) -> frozenset[str]:
    route = mail_route()
    own = (seller(seller_id).email, route[0] if route else "", settings.DEFAULT_FROM_EMAIL)
    return frozenset(address.lower() for address in own if address)


def _is_too_much(thread: Conversation, now: datetime) -> bool:
    lately = ConversationMail.objects.filter(conversation=thread, direction="in", at__gt=now - timedelta(hours=1))
    return lately.count() >= MOST_AN_HOUR


def _when(mail: IncomingMail, now: datetime) -> datetime:
    """Its own date when that can be: not ahead of us, and not from long ago."""
    return mail.sent_at if mail.sent_at and now - BELIEVED < mail.sent_at <= now else now


def _ids(references: Sequence[str]) -> list[str]:
    return [found for each in references[:MOST_REFERENCES] if (found := _id(each))]


def _id(text: str) -> str:
    """A Message-ID we can keep and answer, else nothing."""
    found = "".join(text.split())
    fits = (
        found.startswith("<") and found.endswith(">") and len(found) <= 255 and found.isascii() and found.isprintable()
    )
    return found if fits else ""
