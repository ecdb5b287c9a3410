"""Mailing payment requests: one email per customer, with a table and one button for each currency (C12 to C16)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from babel.lists import format_list
from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.base import clock, tenant
from tallystick.customers.party import party_of_customer
from tallystick.customers.queries import addresses_for_documents, all_addresses_for_documents, customer, customers
from tallystick.invoices import queries as invoices
from tallystick.mail.port import Attachment
from tallystick.messages.email import Note, render_note
from tallystick.messages.logo import logo_cid, logo_part
from tallystick.messages.message_templates import Words, switch_of, words_of
from tallystick.messages.models import Message
from tallystick.messages.prepared import Prepared, Skip
from tallystick.messages.queue import Letter, queue_message
from tallystick.messages.wording import fill, person_values
from tallystick.payments.errors import NoSuchRequest
from tallystick.payments.links import request_url
from tallystick.payments.models import PaymentRequest
from tallystick.payments.requests import asked_of, invoices_by_customer, links_allowed, request_payment
from tallystick.pdf import formats
from tallystick.pdf.port import render_request
from tallystick.sellers.queries import logo_of, party_of_seller, seller
from tallystick.texting.short_links import Target, keep_short_link

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
    stands_for: Sequence[UUID] = (),
    actor_id: UUID | None = None,
) -> list[SentLink]:
    """Make one payment request per customer and currency of these invoices, and queue one email per customer (C12 to C14).

    `recipients` by customer replace the addresses on file, for this send only (C16). A customer whose links are switched
    off gets nothing, and the reason comes back. `stands_for`: the documents whose own first email it is. Idempotent by
    `send_id`.
    """
    sent, by_customer = list[SentLink](), defaultdict[UUID, dict[str, list[UUID]]](dict)
    with tenant.tx(seller_id, read_only=True):
        for (customer_id, currency), ids in sorted(invoices_by_customer(invoice_ids).items()):
            by_customer[customer_id][currency] = ids
    for customer_id, by_currency in by_customer.items():
        with tenant.tx(seller_id, actor_id=actor_id):
            if not links_allowed(customer_id):
                sent += [SentLink(customer_id, key, tuple(ids), None, "links_off") for key, ids in by_currency.items()]
                continue
            owner = customer(customer_id)
            assert owner
            requests = [
                request_payment(
                    seller_id=seller_id,
                    request_id=uuid5(send_id, f"{customer_id}{currency}"),
                    customer_id=customer_id,
                    currency=currency,
                    language=owner.language,
                    invoice_ids=ids,
                    now=now,
                    actor_id=actor_id,
                )
                for currency, ids in by_currency.items()
            ]
            typed = (recipients or {}).get(customer_id)
            message = mail_requests(
                requests, to=typed, subject=subject, body=body, stands_for=stands_for, now=now, actor_id=actor_id
            )
            sent += [
                SentLink(customer_id, each.currency, tuple(by_currency[each.currency]), each.id, message.reason)
                for each in requests
            ]
    return sent


def send_request_link(
    *, seller_id: UUID, request_id: UUID, now: datetime, to: Sequence[str] | None = None, actor_id: UUID | None = None
) -> Message:
    """Queue the email of one request, once. `to` replaces the addresses on file. Raises NoSuchRequest."""
    return send_request_links(seller_id=seller_id, request_ids=[request_id], now=now, to=to, actor_id=actor_id)


def send_request_links(
    *,
    seller_id: UUID,
    request_ids: Sequence[UUID],
    now: datetime,
    to: Sequence[str] | None = None,
    actor_id: UUID | None = None,
) -> Message:
    """Queue one email with the links of a customer's requests, one per currency, once. Raises NoSuchRequest."""
    with tenant.tx(seller_id, actor_id=actor_id):
        known = PaymentRequest.objects.in_bulk(list(request_ids))
        for request_id in request_ids:
            if request_id not in known:
                raise NoSuchRequest(str(request_id))
        return mail_requests([known[key] for key in request_ids], to=to, now=now, actor_id=actor_id)


def mail_requests(
    requests: Sequence[PaymentRequest],
    *,
    now: datetime,
    to: Sequence[str] | None = None,
    subject: str = "",
    body: str = "",
    stands_for: Sequence[UUID] = (),
    actor_id: UUID | None = None,
) -> Message:
    """Queue the email of a customer's requests, once, known by the first. Inside `tenant.tx`. `to` replaces the addresses
    on file; `stands_for` are the documents that count as sent with it, which go by themselves and bring a text along.
    """
    first = requests[0]
    owner = customer(first.customer_id)
    assert owner
    recipients, copies = addresses_for_documents(first.customer_id)
    locale = formats.locale_for(first.language, seller(first.seller_id).country)
    amounts = [formats.money(asked_of(each).open_minor, each.currency, locale) for each in requests]
    values = {
        "amount": format_list(amounts, locale=locale),
        **person_values(
            customer_name=owner.name,
            attention=owner.attention,
            seller_name=seller(first.seller_id).name,
            language=first.language,
        ),
    }
    link = Target("request", first.id, first.link_version)
    own = words_of("payment_request", first.language)
    words = Words(subject or own.subject, body or own.body, own.button).filled(values)
    text = fill(own.sms, {**values, "link": link.url}) if stands_for else ""
    if text:
        keep_short_link(seller_id=first.seller_id, target=link)
    letter = Letter(
        id=uuid5(first.id, "mail"),
        dedupe_key=f"payment_request:{first.id}",
        kind="payment_request",
        recipients=list(to) if to is not None else recipients,
        copies=[] if to is not None else copies,
        language=first.language,
        subject=words.subject,
        body=words.body,
        attach_pdf=switch_of("payment_request").attach_pdf,
        customer_id=first.customer_id,
        document_id=first.id,
        data={
            "request_id": str(first.id),
            "request_ids": [str(each.id) for each in requests],
            "button": words.button,
            "stands_for": [str(key) for key in stands_for],
        },
        is_by_hand=True,
        text=text,
    )
    return queue_message(seller_id=first.seller_id, letter=letter, now=now, actor_id=actor_id)


@dataclass(frozen=True, slots=True)
class _Open:
    """A request with what is open on it now: (number, due day, minor units), and the documents behind."""

    request: PaymentRequest
    open_minor: int
    rows: list[tuple[str, date | None, int]]
    documents: list[Any]


def prepare_request_email(message: Message) -> Prepared | Skip:
    """Compose the email of a customer's requests from what is open now: for each currency the table, the sum and one
    button; attached the same as PDF, with the invoices.
    """
    with tenant.tx(message.seller_id, read_only=True):
        ids = message.data.get("request_ids") or [message.data["request_id"]]
        known = PaymentRequest.objects.in_bulk([UUID(key) for key in ids])
        opened = [each for key in ids if UUID(key) in known and (each := _open(known[UUID(key)])).open_minor > 0]
        if not opened:
            return Skip("paid")
        customer_id = opened[0].request.customer_id
        if not links_allowed(customer_id):
            return Skip("links_off")
        party, logo = party_of_seller(message.seller_id), logo_of(message.seller_id)
        buyer = party_of_customer(customer_id)
        zone = seller(message.seller_id).time_zone
    first, *others = [_note(message, each.request, each.open_minor, each.rows) for each in opened]
    composed = render_note(
        replace(first, more=tuple(others)),
        seller=party,
        language=message.language,
        body=message.body,
        logo_cid=logo_cid(logo),
    )
    parts = []
    for each, note in zip(opened, (first, *others), strict=True):
        if message.attach_pdf and each.rows:
            parts.append(_pdf(message, each, note, party, buyer, logo, zone))
    request = opened[0].request
    link = Target("request", request.id, request.link_version)
    return Prepared(composed.html, composed.text, (*parts, *logo_part(logo)), link=link)


def _open(request: PaymentRequest) -> _Open:
    asked = asked_of(request)
    opened = asked.by_invoice()
    papers = invoices.documents(list(opened))
    rows = [(papers[key].number, papers[key].due_on, minor) for key, minor in opened.items() if key in papers]
    documents = [papers[key].content for key in list(opened)[:MOST_ROWS] if key in papers]
    return _Open(request, asked.open_minor, rows, documents)


def _pdf(
    message: Message,
    each: _Open,
    note: Note,
    party: dict[str, Any],
    buyer: dict[str, Any],
    logo: bytes | None,
    zone: str,
) -> Attachment:
    paper = {
        "language": message.language,
        "currency": each.request.currency,
        "seller": party,
        "customer": buyer,
        "asked_on": clock.business_date(each.request.created_at, zone).isoformat(),
        "open_minor": each.open_minor,
        "rows": [
            {"number": number, "due_on": on.isoformat() if on else "", "open_minor": minor}
            for number, on, minor in each.rows
        ],
    }
    pdf = render_request(paper, pay_url=note.button_url, logo=logo, documents=each.documents)
    name = f"{each.rows[0][0]}-{len(each.rows)}.pdf"
    return Attachment(filename=name, content_type="application/pdf", content=pdf)


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
