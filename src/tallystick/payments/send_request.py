"""Mailing payment requests: one email per customer, with a table of what it asks for and one button (C12 to C16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid5

from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.base import clock, tenant
from tallystick.customers.party import party_of_customer
from tallystick.customers.queries import addresses_for_documents, all_addresses_for_documents, customer, customers
from tallystick.invoices import queries as invoices
from tallystick.mail.port import Attachment
from tallystick.messages.email import Note, render_note
from tallystick.messages.models import Message
from tallystick.messages.queue import Letter, queue_message
from tallystick.messages.send import Prepared, Skip
from tallystick.messages.templates import Words, switch_of, words_of
from tallystick.messages.wording import greeting
from tallystick.payments.errors import NoSuchRequest
from tallystick.payments.links import request_url
from tallystick.payments.models import PaymentRequest
from tallystick.payments.receipts import LOGO
from tallystick.payments.requests import asked_of, invoices_by_customer, links_allowed, request_payment
from tallystick.pdf import formats
from tallystick.pdf.port import render_request
from tallystick.sellers.queries import logo_of, party_of_seller, seller

MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class SentLink:
    """What became of one customer's link: queued, or why not: links_off, no_address, nothing_open."""

    customer_id: UUID
    currency: str
    invoice_ids: tuple[UUID, ...]
    request_id: UUID | None
    reason: str


def plan_links(*, seller_id: UUID, invoice_ids: Sequence[UUID]) -> list[SentLink]:
    """Return what sending links for these invoices would do, customer by customer: for the page that asks first."""
    with tenant.tx(seller_id, read_only=True):
        grouped, planned = invoices_by_customer(invoice_ids), []
        customer_ids = [customer_id for customer_id, _currency in grouped]
        owners, addresses = customers(customer_ids), all_addresses_for_documents(customer_ids)
        for (customer_id, currency), ids in grouped.items():
            reason = "" if owners[customer_id].payment_links else "links_off"
            if not reason and not addresses[customer_id][0]:
                reason = "no_address"
            planned.append(SentLink(customer_id, currency, tuple(ids), None, reason))
        return planned


def send_payment_links(
    *,
    seller_id: UUID,
    send_id: UUID,
    invoice_ids: Sequence[UUID],
    now: datetime,
    recipients: Mapping[UUID, Sequence[str]] | None = None,
    subject: str = "",
    body: str = "",
    actor_id: UUID | None = None,
) -> list[SentLink]:
    """Make one payment request per customer and currency of these invoices, and queue one email each (C12 to C14).

    `recipients` by customer replace the addresses on file, for this send only (C16). A customer whose links are switched
    off gets nothing, and the reason comes back. Idempotent by `send_id`.
    """
    sent = []
    with tenant.tx(seller_id, read_only=True):
        grouped = invoices_by_customer(invoice_ids)
    for (customer_id, currency), ids in sorted(grouped.items(), key=lambda pair: pair[0]):
        with tenant.tx(seller_id, actor_id=actor_id):
            typed = (recipients or {}).get(customer_id)
            if not links_allowed(customer_id):
                sent.append(SentLink(customer_id, currency, tuple(ids), None, "links_off"))
                continue
            owner = customer(customer_id)
            assert owner
            request = request_payment(
                seller_id=seller_id,
                request_id=uuid5(send_id, f"{customer_id}{currency}"),
                customer_id=customer_id,
                currency=currency,
                language=owner.language,
                invoice_ids=ids,
                now=now,
                actor_id=actor_id,
            )
            message = mail_request(request, to=typed, subject=subject, body=body, now=now, actor_id=actor_id)
            sent.append(SentLink(customer_id, currency, tuple(ids), request.id, message.reason))
    return sent


def send_request_link(
    *, seller_id: UUID, request_id: UUID, now: datetime, to: Sequence[str] | None = None, actor_id: UUID | None = None
) -> Message:
    """Queue the email of one request, once. `to` replaces the addresses on file. Raises NoSuchRequest."""
    with tenant.tx(seller_id, actor_id=actor_id):
        request = PaymentRequest.objects.filter(id=request_id).first()
        if request is None:
            raise NoSuchRequest(str(request_id))
        return mail_request(request, to=to, now=now, actor_id=actor_id)


def mail_request(
    request: PaymentRequest,
    *,
    now: datetime,
    to: Sequence[str] | None = None,
    subject: str = "",
    body: str = "",
    actor_id: UUID | None = None,
) -> Message:
    """Queue a request's email, once. Inside `tenant.tx`. `to` replaces the addresses on file."""
    owner, asked = customer(request.customer_id), asked_of(request)
    assert owner
    recipients, copies = addresses_for_documents(request.customer_id)
    locale = formats.locale_for(request.language, seller(request.seller_id).country)
    first_name = owner.attention.split(" ")[0]
    values = {
        "amount": formats.money(asked.open_minor, request.currency, locale),
        "customer_name": owner.name,
        "contact_first_name": first_name,
        "greeting": greeting(first_name, request.language),
        "seller_name": seller(request.seller_id).name,
    }
    own = words_of("payment_request", request.language)
    words = Words(subject or own.subject, body or own.body, own.button).filled(values)
    letter = Letter(
        id=uuid5(request.id, "mail"),
        dedupe_key=f"payment_request:{request.id}",
        kind="payment_request",
        recipients=list(to) if to is not None else recipients,
        copies=[] if to is not None else copies,
        language=request.language,
        subject=words.subject,
        body=words.body,
        attach_pdf=switch_of("payment_request").attach_pdf,
        customer_id=request.customer_id,
        document_id=request.id,
        data={"request_id": str(request.id), "button": words.button},
        is_by_hand=True,
    )
    return queue_message(seller_id=request.seller_id, letter=letter, now=now, actor_id=actor_id)


def prepare_request_email(message: Message) -> Prepared | Skip:
    """Compose a request's email from what is open now: the table, the sum, one button; attached the same as PDF, with the invoices."""
    with tenant.tx(message.seller_id, read_only=True):
        request = PaymentRequest.objects.filter(id=message.data["request_id"]).first()
        asked = asked_of(request) if request else None
        if request is None or asked is None or asked.open_minor <= 0:
            return Skip("paid")
        if not links_allowed(request.customer_id):
            return Skip("links_off")
        opened = asked.by_invoice()
        papers = invoices.documents(list(opened))
        party, logo = party_of_seller(message.seller_id), logo_of(message.seller_id)
        buyer = party_of_customer(request.customer_id)
        zone = seller(message.seller_id).time_zone
    rows = [(papers[key].number, papers[key].due_on, minor) for key, minor in opened.items() if key in papers]
    note = _note(message, request, asked.open_minor, rows)
    composed = render_note(
        note, seller=party, language=message.language, body=message.body, logo_cid=LOGO if logo else ""
    )
    parts = []
    if message.attach_pdf and rows:
        paper = {
            "language": message.language,
            "currency": request.currency,
            "seller": party,
            "customer": buyer,
            "asked_on": clock.business_date(request.created_at, zone).isoformat(),
            "open_minor": asked.open_minor,
            "rows": [
                {"number": number, "due_on": on.isoformat() if on else "", "open_minor": minor}
                for number, on, minor in rows
            ],
        }
        documents = [papers[key].content for key in list(opened)[:MOST_ROWS] if key in papers]
        pdf = render_request(paper, pay_url=note.button_url, logo=logo, documents=documents)
        parts.append(Attachment(filename=f"{rows[0][0]}-{len(rows)}.pdf", content_type="application/pdf", content=pdf))
    if logo:
        parts.append(Attachment(filename="logo.png", content_type="image/png", content=logo, content_id=LOGO))
    return Prepared(composed.html, composed.text, tuple(parts))


def _note(
    message: Message, request: PaymentRequest, open_minor: int, opened: Sequence[tuple[str, date | None, int]]
) -> Note:
    with tenant.tx(message.seller_id, read_only=True):
        locale = formats.locale_for(message.language, seller(message.seller_id).country)
    with translation.override(message.language):
        rows = [
            (
                _("Invoice %(number)s, due %(day)s") % {"number": number, "day": formats.day(due_on, locale)}
                if due_on
                else _("Invoice %(number)s") % {"number": number},
                formats.amount(minor, request.currency, locale),
                False,
            )
            for number, due_on, minor in opened[:MOST_ROWS]
        ]
        if len(opened) > MOST_ROWS:
            rest = sum(minor for _number, _day, minor in opened[MOST_ROWS:])
            more = _("and %(count)s more") % {"count": len(opened) - MOST_ROWS}
            rows.append((more, formats.amount(rest, request.currency, locale), False))
        total = formats.money(open_minor, request.currency, locale)
        rows.append((_("Total"), total, True))
        return Note(
            title=message.subject,
            label=request.description or _("To pay"),
            amount=total,
            rows=tuple(rows),
            button_url=request_url(request.id, request.link_version),
            button_text=message.data.get("button") or _("Make Payment"),
            under=_("Card or bank transfer, no account needed."),
        )
