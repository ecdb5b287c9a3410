"""A template as an email: with the seller's newest document where there is one, else with an example."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.html import format_html
from django.utils.translation import gettext as _

from tallystick.base import clock
from tallystick.invoices import queries as invoices
from tallystick.invoices.send import wording_values
from tallystick.messages.email import Composed, Note, render_email, render_note, render_receipt
from tallystick.messages.kinds import KINDS
from tallystick.messages.message_templates import Words, default_button
from tallystick.messages.wording import person_values
from tallystick.payments import queries as payments
from tallystick.payments.receipts import paid_page
from tallystick.pdf import formats
from tallystick.sellers.queries import party_of_seller, seller

_LIKE = {"reminder": "invoice", "late_reminder": "invoice", "thank_you": "invoice"}
EXAMPLE_MINOR = 124_050
_BODY = re.compile(r"<body[^>]*>")
_FRAME = """<style>
.specimen { margin: 0; padding: 14px 36px; background: #fff; border-bottom: 1px solid #e2e5e7; }
.specimen { font: 600 15px/22px system-ui; color: #151d22; }
.specimen > span { display: inline-block; max-width: 340px; padding: 9px 14px; border-radius: 18px; background: #e9ecee; }
.specimen > span { font: 400 15px/21px system-ui; white-space: pre-wrap; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) {
.specimen { background: #12171a; border-color: #272e32; color: #eceff0; } .specimen > span { background: #272e32; }
}</style>"""


@dataclass(frozen=True, slots=True)
class Specimen:
    """A filled-in email."""

    subject: str
    email: Composed
    sms: str = ""

    def framed(self) -> str:
        """The email as a page, its subject above it, and between them the text message that goes along."""
        line = format_html('<p class="specimen" dir="auto">{}</p>', self.subject)
        if self.sms:
            line += format_html('<p class="specimen"><span dir="auto">{}</span></p>', self.sms)
        return _BODY.sub(lambda tag: tag[0] + _FRAME + line, self.email.html, count=1)


def specimen(seller_id: UUID, kind: str, language: str, words: Words) -> Specimen:
    """Fill a template in. Inside `tenant.tx`. Raises UnknownPlaceholder."""
    if kind == "receipt" and (payment_id := payments.newest_payment()):
        return _receipt(payment_id, language, words)
    late_on = clock.business_date(clock.now(), seller(seller_id).time_zone) if kind == "late_reminder" else None
    document_id = invoices.newest_document(_LIKE.get(kind, kind), is_open=kind != "thank_you", late_on=late_on)
    if document_id:
        return _document(seller_id, kind, replace(invoices.document(document_id), language=language), words)
    return _example(seller_id, kind, language, words)


def _document(seller_id: UUID, kind: str, found: invoices.Document, words: Words) -> Specimen:
    today = clock.business_date(clock.now(), seller(seller_id).time_zone)
    filled = words.filled(wording_values(found, today=today))
    composed = render_email(
        {**found.content, "language": found.language},
        kind=kind,
        body=filled.body,
        amount_minor=found.open_minor if found.kind == "invoice" and kind != "thank_you" else found.total_minor,
        pay_url=found.view_url if found.open_minor > 0 and KINDS[kind].button else None,
        button_text=filled.button,
        due_on=found.due_on,
    )
    return Specimen(filled.subject, composed, filled.sms)


def _receipt(payment_id: UUID, language: str, words: Words) -> Specimen:
    receipt, page = payments.receipt(payment_id, language=language), paid_page(payment_id)
    party, customer = receipt["seller"], receipt["customer"]
    locale = formats.locale_for(language, party.get("country", ""))
    values = {
        "number": receipt["number"],
        "amount": formats.money(receipt["amount_minor"], receipt["currency"], locale),
        **person_values(
            customer_name=customer["name"],
            attention=customer.get("attention") or "",
            seller_name=party["name"],
            language=language,
        ),
        "link": page.url if page else "",
    }
    filled = words.filled(values)
    return Specimen(filled.subject, render_receipt(receipt, body=filled.body), filled.sms)


def _example(seller_id: UUID, kind: str, language: str, words: Words) -> Specimen:
    """Nothing of that kind was ever made here: plain stand-ins, so that each placeholder shows."""
    party, owner = party_of_seller(seller_id), seller(seller_id)
    locale = formats.locale_for(language, owner.country)
    today = clock.business_date(clock.now(), owner.time_zone)
    with translation.override(language):
        amount = formats.money(EXAMPLE_MINOR, owner.currency, locale)
        due = formats.day(today + timedelta(days=14), locale)
        values: Mapping[str, str] = {
            **person_values(customer_name=_("Your customer"), attention="", seller_name=owner.name, language=language),
            "number": "1042",
            "amount": amount,
            "total": amount,
            "open_amount": amount,
            "due_date": due,
            "issue_date": formats.day(today, locale),
            "po_number": "PO 17",
            "days_overdue": "3",
            "payment_method": "Visa ···· 4242",
            "subscription": _("Monthly prints"),
            "link": f"{settings.PUBLIC_URL}/l/k3v7q2m5x8ab",
        }
        filled = words.filled(values)
        button = filled.button or default_button(kind, language)
        note = Note(
            title=filled.subject,
            label=_("Amount"),
            amount=amount if "amount" in KINDS[kind].placeholders else "",
            button_url="#" if button else "",
            button_text=button,
        )
    composed = render_note(note, seller=party, language=language, body=filled.body)
    return Specimen(filled.subject, composed, filled.sms)
