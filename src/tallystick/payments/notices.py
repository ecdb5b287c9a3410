"""What customers are told about money that moves by itself: notices, failures, refunds, cards that expire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from babel import Locale
from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.base import direct, tenant
from tallystick.base.ids import new_id
from tallystick.core.refund import RefundState
from tallystick.customers.queries import addresses_for_documents, customer
from tallystick.invoices.queries import document, due_item
from tallystick.mail.port import Attachment
from tallystick.messages.email import Note, render_note
from tallystick.messages.logo import logo_cid, logo_part
from tallystick.messages.message_templates import default_button, switch_of, words_of
from tallystick.messages.models import Message
from tallystick.messages.prepared import Prepared, Skip
from tallystick.messages.queue import Letter, queue_message
from tallystick.messages.wording import person_values
from tallystick.payments.links import charge_url
from tallystick.payments.models import PaymentMethod, Refund, ScheduledCharge
from tallystick.payments.receipts import paid_page, receipt_pdf
from tallystick.payments.ways import way_words
from tallystick.pdf import formats
from tallystick.sellers.queries import logo_of, party_of_seller, seller
from tallystick.texting.short_links import Target, keep_short_link


def queue_charge_notice(charge: ScheduledCharge, *, now: datetime) -> Message:
    """Queue the notice before an automatic charge. Idempotent: one per charge and day it is planned for."""
    item = due_item(charge.due_item_id)
    assert item
    assert charge.payment_method_id
    method = direct.get(PaymentMethod, charge.payment_method_id)
    assert charge.charge_on
    return _queue(
        "charge_notice",
        key=f"charge_notice:{charge.id}:{charge.charge_on.isoformat()}",
        seller_id=charge.seller_id,
        customer_id=charge.customer_id,
        document_id=charge.invoice_id,
        data={"charge_id": str(charge.id)},
        values=lambda locale: {
            "number": document(charge.invoice_id).number,
            "amount": formats.money(item.open_minor, charge.currency, locale),
            "due_date": formats.day(charge.charge_on, locale),
            "payment_method": method_label(method),
        },
        link=_charge_link(charge),
        now=now,
    )


def queue_charge_failure(
    *, seller_id: UUID, charge_id: UUID, attempt_id: UUID | None, again_on: str, now: datetime
) -> Message:
    """Queue the email about a failed automatic payment (E19). Idempotent: one per attempt."""
    with tenant.tx(seller_id):
        charge = direct.get(ScheduledCharge, charge_id)
        item = due_item(charge.due_item_id)
        method = direct.find(PaymentMethod, charge.payment_method_id or charge.id)
        kind = "charge_failed" if again_on else "charge_fell_back"
        return _queue(
            kind,
            key=f"charge_failed:{attempt_id or charge_id}",
            seller_id=seller_id,
            customer_id=charge.customer_id,
            document_id=charge.invoice_id,
            data={"charge_id": str(charge.id), "again_on": again_on},
            values=lambda locale: {
                "number": document(charge.invoice_id).number,
                "amount": formats.money(item.open_minor if item else 0, charge.currency, locale),
                "due_date": formats.day(date.fromisoformat(again_on), locale) if again_on else "",
                "payment_method": method_label(method) if method else "",
            },
            link=_charge_link(charge) if again_on else document(charge.invoice_id).short_link,
            now=now,
        )


def queue_refund_notice(*, seller_id: UUID, refund_id: UUID, now: datetime) -> Message | None:
    """Queue the email about a refund that went through (E19). Idempotent: one per refund. A kept rest is no refund."""
    with tenant.tx(seller_id):
        refund = Refund.objects.select_related("payment__customer").get(id=refund_id)
        if refund.method == "write_off":
            return None
        return _queue(
            "refund",
            key=f"refund:{refund_id}",
            seller_id=seller_id,
            customer_id=refund.customer_id,
            payment_id=refund.payment_id,
            data={"refund_id": str(refund_id)},
            values=lambda locale: {
                "number": refund.payment.number or "",
                "amount": formats.money(refund.amount_minor, refund.currency, locale),
                "payment_method": _way_back(refund),
            },
            link=paid_page(refund.payment_id),
            now=now,
        )


def _way_back(refund: Refund) -> str:
    """How it was given back, in the customer's language: the way it came, unless another was chosen."""
    came = refund.payment
    with translation.override(came.customer.language):
        return way_words(refund.method, came.method_label if refund.method == came.method else "")


def queue_expiry_notice(*, seller_id: UUID, method_id: UUID, now: datetime) -> Message:
    """Queue the notice that a kept card expires soon. Idempotent: one per card and expiry."""
    with tenant.tx(seller_id):
        method = direct.get(PaymentMethod, method_id)
        return _queue(
            "card_expiring",
            key=f"card_expiring:{method_id}:{method.expiry_year}-{method.expiry_month}",
            seller_id=seller_id,
            customer_id=method.customer_id,
            data={"method_id": str(method_id)},
            values=lambda locale: {
                "payment_method": method_label(method),
                "due_date": formats.month(date(method.expiry_year, method.expiry_month, 1), locale),
            },
            now=now,
        )


def _charge_link(charge: ScheduledCharge) -> Target | None:
    return Target("charge", charge.id, charge.link_version) if _links_on(charge.customer_id) else None


def method_label(method: PaymentMethod) -> str:
    """Return what people call a kept method: its brand and last four."""
    return f"{method.brand} ····\N{NO-BREAK SPACE}{method.last4}" if method.last4 else method.brand


def _queue(
    kind: str,
    *,
    key: str,
    seller_id: UUID,
    customer_id: UUID,
    values: Any,
    data: dict[str, Any],
    now: datetime,
    document_id: UUID | None = None,
    payment_id: UUID | None = None,
    link: Target | None = None,
) -> Message:
    owner = customer(customer_id)
    assert owner
    recipients, copies = addresses_for_documents(customer_id)
    locale = formats.locale_for(owner.language, seller(seller_id).country)
    filled = {
        **person_values(
            customer_name=owner.name,
            attention=owner.attention,
            seller_name=seller(seller_id).name,
            language=owner.language,
        ),
        **values(locale),
        "link": link.url if link else "",
    }
    words = words_of(kind, owner.language).filled(filled)
    letter = Letter(
        id=new_id(),
        dedupe_key=key,
        kind=kind,
        recipients=recipients,
        copies=copies,
        language=owner.language,
        subject=words.subject,
        body=words.body,
        customer_id=customer_id,
        document_id=document_id,
        payment_id=payment_id,
        attach_pdf=switch_of(kind).attach_pdf,
        data={**data, "button": words.button},
        text=words.sms,
    )
    if link and words.sms:
        keep_short_link(seller_id=seller_id, target=link)
    return queue_message(seller_id=seller_id, letter=letter, now=now)


def prepare_charge_email(message: Message) -> Prepared | Skip:
    """Compose a notice or a failure from the charge as it stands; skipped when it isn't true any more."""
    with tenant.tx(message.seller_id, read_only=True):
        charge = direct.find(ScheduledCharge, message.data["charge_id"])
        item = due_item(charge.due_item_id) if charge else None
        if charge is None or item is None or item.open_minor <= 0:
            return Skip("paid")
        if message.kind == "charge_notice" and charge.state not in {"scheduled", "retrying"}:
            return Skip("not_planned")
        links, locale, paper = _links_on(charge.customer_id), _locale(message), document(charge.invoice_id)
        again_on = message.data.get("again_on") or ""
        with translation.override(message.language):
            button_url = charge_url(charge.id, charge.link_version) if links else ""
            button, under = default_button(message.kind, message.language), _("You need no account.")
            if message.kind == "charge_fell_back":
                button_url, under = paper.pay_url or "", _("Card or bank transfer, no account needed.")
            note = Note(
                title=message.subject,
                label=_charge_label(message, charge, again_on, locale),
                amount=formats.money(item.open_minor, charge.currency, locale),
                button_url=button_url,
                button_text=message.data.get("button") or button,
                under=under if button_url else "",
                rows=(
                    (
                        _("Invoice %(number)s") % {"number": paper.number},
                        formats.money(paper.open_minor, charge.currency, locale),
                        False,
                    ),
                ),
            )
    return _compose(message, note)


def _charge_label(message: Message, charge: ScheduledCharge, again_on: str, locale: Locale) -> str:
    if message.kind == "charge_notice" and charge.charge_on:
        return _("Will be charged on %(day)s") % {"day": formats.day(charge.charge_on, locale)}
    if again_on:
        return _("We try again on %(day)s") % {"day": formats.day(date.fromisoformat(again_on), locale)}
    return _("To pay now")


def prepare_refund_email(message: Message) -> Prepared | Skip:
    """Compose the refund's email: the amount, and the receipt as it stands now with the invoices behind it."""
    with tenant.tx(message.seller_id, read_only=True):
        refund = Refund.objects.select_related("payment").filter(id=message.data["refund_id"]).first()
        if refund is None or refund.state != RefundState.SUCCEEDED:
            return Skip("not_refunded")
        locale = _locale(message)
        with translation.override(message.language):
            day = formats.day(refund.refunded_on, locale) if refund.refunded_on else ""
            note = Note(
                title=message.subject,
                label=_("Refunded on %(day)s") % {"day": day},
                amount=formats.money(refund.amount_minor, refund.currency, locale),
                rows=(
                    (
                        _("Payment %(number)s") % {"number": refund.payment.number},
                        formats.money(refund.payment.amount_minor, refund.currency, locale),
                        False,
                    ),
                    (_("Refunded so far"), formats.money(refund.payment.refunded_minor, refund.currency, locale), True),
                ),
            )
        payment_id = refund.payment_id
    attachments: tuple[Attachment, ...] = ()
    if message.attach_pdf:
        number, pdf = receipt_pdf(seller_id=message.seller_id, payment_id=payment_id)
        attachments = (Attachment(filename=f"{number}.pdf", content_type="application/pdf", content=pdf),)
    return _compose(message, note, attachments)


def prepare_expiry_email(message: Message) -> Prepared | Skip:
    """Compose the notice that a kept card expires; skipped when it was replaced or removed meanwhile."""
    with tenant.tx(message.seller_id, read_only=True):
        method = PaymentMethod.objects.filter(id=message.data["method_id"], state="active").first()
        if method is None:
            return Skip("removed")
        ahead = ScheduledCharge.objects.filter(payment_method_id=method.id, ended_at__isnull=True).order_by(
            "charge_on", "id"
        )
        charge = ahead.first()
        if charge is None:
            return Skip("not_needed")
        with translation.override(message.language):
            note = Note(
                title=message.subject,
                label=method_label(method),
                amount="",
                button_url=charge_url(charge.id, charge.link_version) if _links_on(charge.customer_id) else "",
                button_text=message.data.get("button") or _("Update payment information"),
            )
    return _compose(message, note)


def _compose(message: Message, note: Note, attachments: tuple[Attachment, ...] = ()) -> Prepared:
    with tenant.tx(message.seller_id, read_only=True):
        party, logo = party_of_seller(message.seller_id), logo_of(message.seller_id)
    composed = render_note(note, seller=party, language=message.language, body=message.body, logo_cid=logo_cid(logo))
    return Prepared(composed.html, composed.text, (*attachments, *logo_part(logo)))


def _links_on(customer_id: UUID) -> bool:
    owner = customer(customer_id)
    return bool(owner and owner.payment_links)


def _locale(message: Message) -> Locale:
    return formats.locale_for(message.language, seller(message.seller_id).country)
