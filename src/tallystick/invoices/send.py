"""Sending a document by email: queued by a person, composed from what is true when it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.customers.lock import lock_customers
from tallystick.customers.queries import addresses_for_documents
from tallystick.invoices import queries
from tallystick.invoices.errors import NoSuchInvoice
from tallystick.invoices.models import Invoice
from tallystick.invoices.render import render_invoice
from tallystick.mail.port import Attachment
from tallystick.messages.email import render_email
from tallystick.messages.logo import logo_cid, logo_part
from tallystick.messages.message_templates import Words, switch_of, words_for, words_of
from tallystick.messages.models import Message
from tallystick.messages.prepared import Composer, Prepared, Skip
from tallystick.messages.queue import Letter, queue_message
from tallystick.messages.triggers import automatic_key, digest_at, goes_at, is_said_by_hand, stop_automatic, triggers
from tallystick.messages.wording import person_values
from tallystick.pdf import formats
from tallystick.sellers.queries import logo_of, seller

SAYS: Final = ("reminder", "late_reminder", "thank_you")
"""Kinds whose words a person may send about an invoice that was sent before."""


@dataclass(frozen=True, slots=True)
class Compose:
    """What the compose screen starts with (A4–A8)."""

    recipients: list[str]
    copies: list[str]
    subject: str
    body: str
    attach_pdf: bool
    file_name: str
    can_link: bool
    text: str = ""
    """The text message that goes with it when it goes by itself."""


def says_now(row: Invoice, *, today: date) -> str:
    """Return the kind whose words an issued document's next email says (E19): a new invoice's the first time, then a
    reminder's, a late notice's once it is past due, and thanks when it is paid in full."""
    if row.kind != "invoice" or row.sent_at is None:
        return row.kind
    if row.open_minor == 0:
        return "thank_you"
    return "late_reminder" if row.due_on and row.due_on < today else "reminder"


def compose_for(invoice_id: UUID, kind: str = "", *, today: date | None = None) -> Compose:
    """Return the filled-in compose screen of an issued document, in the customer's language. Inside `tenant.tx`.

    `kind` is whose words it says, the document's own unless given; `today` is the seller's date, for those that count days.
    """
    found = queries.document(invoice_id)
    says = kind or found.kind
    recipients, copies = addresses_for_documents(found.customer_id)
    words = words_of(says, found.language).filled(wording_values(found, today=today))
    return Compose(
        recipients=recipients,
        copies=copies,
        subject=words.subject,
        body=words.body,
        attach_pdf=switch_of(says).attach_pdf,
        file_name=f"{found.number}.pdf",
        can_link=found.pay_url is not None and found.open_minor > 0,
        text=words.sms,
    )


def wording_values(found: queries.Document, *, today: date | None = None) -> Mapping[str, str]:
    """Return what the placeholders of a document's wording stand for, formatted for its reader; with `today`, the seller's
    date, the days it is overdue among them."""
    seller, customer = found.content["seller"], found.content["customer"]
    late = {"days_overdue": str(max((today - found.due_on).days, 0) if found.due_on else 0)} if today else {}
    locale = formats.locale_for(found.language, seller.get("country", ""))
    amount = found.open_minor if found.kind == "invoice" else found.total_minor
    issued_on = date.fromisoformat(found.content["issued_on"])
    return {
        "number": found.number,
        "amount": formats.money(amount, found.currency, locale),
        "total": formats.money(found.total_minor, found.currency, locale),
        "open_amount": formats.money(found.open_minor, found.currency, locale),
        "issue_date": formats.day(issued_on, locale),
        "po_number": str(found.content.get("po_number") or ""),
        "due_date": formats.day(found.due_on, locale) if found.due_on else "",
        "link": found.short_link.url if found.short_link else "",
        **person_values(
            customer_name=customer["name"],
            attention=customer.get("attention") or "",
            seller_name=seller["name"],
            language=found.language,
        ),
        **late,
    }


def send_document(
    *,
    seller_id: UUID,
    invoice_id: UUID,
    message_id: UUID,
    recipients: Sequence[str],
    subject: str,
    body: str,
    now: datetime,
    copies: Sequence[str] = (),
    attach_pdf: bool = True,
    payment_link: bool = True,
    attachment_ids: Sequence[UUID] = (),
    says: str = "",
    due_at: datetime | None = None,
    actor_id: UUID | None = None,
) -> Message:
    """Queue an issued document's email, to go at once (A9), or at `due_at`; its own that waits is stopped (E14).

    `says` is the kind whose button and heading go with the words, the document's own unless given; one of `SAYS`.
    Idempotent by `message_id`. Locks the customer, so that a document's own email and this one never both go. Raises
    NoSuchInvoice for a draft.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        row = queries.invoice(invoice_id)
        if row.number is None:
            raise NoSuchInvoice(str(invoice_id))
        lock_customers([row.customer_id])
        stop_automatic([invoice_id], reason="sent_by_hand", now=now, actor_id=actor_id)
        letter = Letter(
            id=message_id,
            dedupe_key=f"{row.kind}:{invoice_id}:{message_id}",
            kind=row.kind,
            recipients=recipients,
            copies=copies,
            language=row.language,
            subject=subject,
            body=body,
            customer_id=row.customer_id,
            document_id=invoice_id,
            attach_pdf=attach_pdf,
            payment_link=payment_link,
            attachment_ids=attachment_ids,
            data={"says": says} if says in SAYS and row.kind == "invoice" else {},
            is_by_hand=True,
        )
        return queue_message(seller_id=seller_id, letter=letter, now=now, due_at=due_at, actor_id=actor_id)


def send_when_issued(*, seller_id: UUID, invoice_id: UUID, now: datetime) -> Message | None:
    """Queue a document's own email when its seller sends that kind by itself (E11), or planned it so; None when not.

    It goes after the seller's delay, and not before the morning of the document's date (E13, E15); where a customer gets
    one email a day, in the evening (E16). Idempotent: one per
    document. Locks the customer. A person who sent it or marked it as sent meanwhile was faster (E14).
    """
    with tenant.tx(seller_id):
        row = queries.invoice(invoice_id)
        rules = triggers()
        is_wanted = row.kind in rules.auto_kinds or (row.was_released and row.is_sent_on_release)
        if not is_wanted or row.issued_on is None:
            return None
        lock_customers([row.customer_id])
        if queries.invoice(invoice_id).sent_at or is_said_by_hand(invoice_id):
            return None
        letter = _by_itself(row, row.kind, automatic_key(invoice_id))
        zone = seller(seller_id).time_zone
        due_at = goes_at(
            now=now,
            delay_minutes=rules.delay_minutes,
            document_on=row.issued_on,
            time_zone=zone,
            was_planned=row.was_released,
        )
        if rules.is_digest and row.kind == "invoice":
            letter = replace(letter, data={"together": True})
            due_at = digest_at(after=due_at, time_zone=zone)
        return queue_message(seller_id=seller_id, letter=letter, now=now, due_at=due_at)


def send_thanks(*, seller_id: UUID, invoice_id: UUID, now: datetime) -> Message | None:
    """Queue the thank-you for an invoice that is paid in full, when its seller says thanks (E19: off until then).

    Idempotent: one per invoice, also when it is opened and paid again.
    """
    with tenant.tx(seller_id):
        if not switch_of("thank_you").is_on:
            return None
        letter = _by_itself(queries.invoice(invoice_id), "thank_you", f"thank_you:{invoice_id}")
        return queue_message(seller_id=seller_id, letter=letter, now=now)


def _by_itself(row: Invoice, kind: str, key: str) -> Letter:
    """What goes out about a document without anybody composing it: as the compose screen would be filled in."""
    start = compose_for(row.id, kind)
    return Letter(
        id=new_id(),
        dedupe_key=key,
        kind=kind,
        recipients=start.recipients,
        copies=start.copies,
        language=row.language,
        subject=start.subject,
        body=start.body,
        customer_id=row.customer_id,
        document_id=row.id,
        attach_pdf=start.attach_pdf,
        payment_link=start.can_link,
        attachment_ids=[file.id for file in queries.attachments_of(row.id)] if kind == row.kind else [],
        text=start.text,
    )


def send_as_composed(
    *, seller_id: UUID, invoice_id: UUID, message_id: UUID, now: datetime, actor_id: UUID | None = None
) -> bool:
    """Queue a document's email as the compose screen fills it in; False when there is nobody on file to send it to.

    Idempotent by `message_id`. Raises NoSuchInvoice for a draft.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        letter = compose_for(invoice_id)
        if letter.recipients:
            send_document(
                seller_id=seller_id,
                invoice_id=invoice_id,
                message_id=message_id,
                recipients=letter.recipients,
                copies=letter.copies,
                subject=letter.subject,
                body=letter.body,
                attach_pdf=letter.attach_pdf,
                now=now,
                actor_id=actor_id,
            )
        return bool(letter.recipients)


def gather_documents(messages: Sequence[Message]) -> Composer:
    """Read what documents' emails are made of, and return what composes each. Inside `tenant.tx`; five queries."""
    found = queries.documents([message.document_id for message in messages if message.document_id])
    says = {each.id: _says(each, found[each.document_id]) for each in messages if each.document_id in found}
    words = words_for((says[each.id], each.language) for each in messages if each.id in says)
    enclosed, first = enclosed_in(messages), messages[0]
    today = clock.business_date(first.taken_at, seller(first.seller_id).time_zone)

    def compose(message: Message) -> Prepared | Skip:
        assert message.document_id
        if message.document_id not in found:
            raise NoSuchInvoice(str(message.document_id))
        document, kind = found[message.document_id], says[message.id]
        return _document_email(message, document, enclosed, says=kind, words=words[kind, message.language], today=today)

    return compose


def _document_email(
    message: Message, found: queries.Document, enclosed: Enclosed, *, says: str, words: Words, today: date
) -> Prepared | Skip:
    """Compose a document's email from what is true now; a voided invoice isn't sent any more."""
    if found.is_void:
        return Skip("voided")
    if says == "thank_you" and found.open_minor > 0:
        return Skip("open_again")
    asks = found.kind == "invoice" and says != "thank_you"
    own = Words("", "", words.button, words.sms)
    if own.button or own.sms:
        own = own.filled(wording_values(found.in_language(message.language), today=today))
    return document_email(
        message,
        found,
        enclosed,
        words=replace(own, subject=message.subject, body=message.body),
        amount_minor=found.open_minor if asks else found.total_minor,
        due_on=found.due_on,
        says=says,
    )


def _says(message: Message, found: queries.Document) -> str:
    """Whose words a document's email says; thanks by hand for what is open again is an invoice."""
    says = str(message.data.get("says", message.kind))
    return message.kind if says == "thank_you" and found.open_minor > 0 else says


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What emails about documents carry: the seller's logo, and the PDFs that are stored, by document."""

    logo: bytes | None
    pdfs: Mapping[UUID, bytes]


def enclosed_in(messages: Sequence[Message]) -> Enclosed:
    """Return what documents' emails of one seller carry. Inside `tenant.tx`; two queries."""
    wanted = [message.document_id for message in messages if message.attach_pdf and message.document_id]
    return Enclosed(logo_of(messages[0].seller_id), queries.stored_pdfs(wanted) if wanted else {})


def document_email(
    message: Message,
    found: queries.Document,
    enclosed: Enclosed,
    *,
    words: Words,
    amount_minor: int,
    due_on: date | None,
    says: str,
) -> Prepared:
    """Compose an email about a document: filled words of the kind `says`, what is asked for now (minor units) and when it
    is due, with the PDF, files and logo that the message carries. Renders the PDF when it isn't stored yet.
    """
    logo, may_pay = enclosed.logo, message.payment_link and found.open_minor > 0
    composed = render_email(
        {**found.content, "language": message.language},
        kind=says,
        body=words.body,
        amount_minor=amount_minor,
        pay_url=found.view_url if may_pay or found.kind == "credit_note" else None,
        logo_cid=logo_cid(logo),
        due_on=due_on,
        button_text=words.button,
    )
    parts = _files(message)
    if message.attach_pdf:
        stored = enclosed.pdfs.get(found.id)
        pdf = stored or render_invoice(seller_id=message.seller_id, invoice_id=found.id, now=message.created_at)
        parts.insert(0, Attachment(filename=f"{found.number}.pdf", content_type="application/pdf", content=pdf))
    return Prepared(composed.html, composed.text, (*parts, *logo_part(logo)), words=words, link=found.short_link)


def _files(message: Message) -> list[Attachment]:
    """The document's files that go with it, in their order; few messages have some, and those may be large."""
    if not (message.attachment_ids and message.document_id):
        return []
    with tenant.tx(message.seller_id, read_only=True):
        kept = [queries.attachment(message.document_id, key) for key in message.attachment_ids]
    return [Attachment(filename=f.name, content_type=f.content_type, content=bytes(f.content)) for f in kept if f]
