"""The receipt: queued once per payment by the switchboard, composed when it goes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.customers.queries import addresses_for_documents
from tallystick.invoices import queries as invoices
from tallystick.mail.port import Attachment
from tallystick.messages.email import render_receipt as render_receipt_email
from tallystick.messages.logo import logo_cid, logo_part
from tallystick.messages.message_templates import switch_of, words_of
from tallystick.messages.models import Message
from tallystick.messages.prepared import Prepared, Skip
from tallystick.messages.queue import Letter, queue_message
from tallystick.messages.text_time import SMS
from tallystick.messages.wording import person_values
from tallystick.payments import queries
from tallystick.pdf import formats
from tallystick.pdf.port import render_receipt
from tallystick.sellers.queries import logo_of, seller
from tallystick.texting.short_links import Target, keep_short_link


def queue_receipt(*, seller_id: UUID, payment_id: UUID, now: datetime) -> Message:
    """Queue the receipt email of a payment to the customer's addresses. Idempotent: one receipt per payment."""
    with tenant.tx(seller_id):
        payment = queries.payment(payment_id)
        assert payment
        recipients, copies = addresses_for_documents(payment.customer_id)
        language = payment.customer.language
        locale = formats.locale_for(language, seller(seller_id).country)
        own = words_of("receipt", language)
        link = paid_page(payment_id) if own.sms else None
        values = {
            "number": payment.number or "",
            "amount": formats.money(payment.amount_minor, payment.currency, locale),
            "link": link.url if link else "",
            **person_values(
                customer_name=payment.customer.name,
                attention=payment.customer.attention,
                seller_name=seller(seller_id).name,
                language=language,
            ),
        }
        words = own.filled(values)
        letter = Letter(
            id=new_id(),
            dedupe_key=f"receipt:{payment_id}",
            kind="receipt",
            recipients=recipients,
            copies=copies,
            language=language,
            subject=words.subject,
            body=words.body,
            attach_pdf=switch_of("receipt").attach_pdf,
            customer_id=payment.customer_id,
            payment_id=payment_id,
            payment_link=False,
            text=words.sms,
        )
        if link:
            keep_short_link(seller_id=seller_id, target=link)
        return queue_message(seller_id=seller_id, letter=letter, now=now)


def paid_page(payment_id: UUID) -> Target | None:
    """Return the page of the invoice a payment paid, the first of several, for a short link; None where there is none.

    Inside `tenant.tx`.
    """
    paid = [part.invoice_id for part in queries.allocations_of(payment_id)]
    known = invoices.documents(paid)
    return next((known[key].short_link for key in paid if key in known and known[key].short_link), None)


def receipt_pdf(*, seller_id: UUID, payment_id: UUID) -> tuple[str, bytes]:
    """Return a payment's receipt as (number, PDF): the receipt, then each invoice it paid on its own page (E19)."""
    with tenant.tx(seller_id, read_only=True):
        receipt, logo = queries.receipt(payment_id), logo_of(seller_id)
    return receipt["number"], _pdf(receipt, logo)


def _pdf(receipt: dict[str, Any], logo: bytes | None) -> bytes:
    return render_receipt(receipt, logo=logo, documents=receipt["documents"])


def prepare_receipt_email(message: Message) -> Prepared | Skip:
    """Compose the receipt from the payment as it is allocated now."""
    assert message.payment_id
    with tenant.tx(message.seller_id, read_only=True):
        receipt = queries.receipt(message.payment_id, language=message.language)
        logo = logo_of(message.seller_id)
        link = paid_page(message.payment_id) if message.channel == SMS else None
    composed = render_receipt_email(receipt, body=message.body, logo_cid=logo_cid(logo))
    parts = logo_part(logo)
    if message.attach_pdf:
        name, pdf = f"{receipt['number']}.pdf", _pdf(receipt, logo)
        parts = (Attachment(filename=name, content_type="application/pdf", content=pdf), *parts)
    return Prepared(composed.html, composed.text, parts, link=link)
