"""How the office's values look: lateness, states of mail, entries of the book, settings in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tallystick.customers.models import Customer
from tallystick.invoices.models import Invoice
from tallystick.pdf.formats import locale_for
from tallystick.reports.balance import Step
from tallystick.reports.dashboard import Aging, Bucket
from tallystick.staff.door import Desk
from tallystick.staff.forms import choices
from tallystick.staff.money_back import money_entry_words
from tallystick.staff.sentences import Told
from tallystick.staff.templatetags.show import percent as show_percent
from tallystick.staff.words import invoice_state, reader_locale

register = template.Library()


@register.simple_tag
def bucket_label(bucket: Bucket) -> str:
    """Name a stretch of lateness."""
    return {
        "not_due": _("Not due yet"),
        "to_30": _("1 to 30 days"),
        "to_60": _("31 to 60 days"),
        "to_90": _("61 to 90 days"),
        "over_90": _("Over 90 days"),
    }[bucket.name]


@register.simple_tag
def bucket_url(desk: Desk, bucket: Bucket, currency: str) -> str:
    """Return where the invoices of a stretch are listed."""
    tab = "open" if bucket.name == "not_due" else "overdue"
    return f"{reverse('invoices', args=[desk.place.slug])}?tab={tab}&currency={currency}"


@register.simple_tag
def share(aging: Aging, bucket: Bucket) -> str:
    """Show a stretch's part of the whole."""
    return show_percent(str(aging.share(bucket)))


@register.simple_tag(takes_context=True)
def ago(context: template.Context, value: datetime) -> SafeString:
    """Show when a thread moved, as short as can be: `13:00`, `Yesterday`, `Tue`, `13 Nov`."""
    desk: Desk = context["request"].desk
    local, locale = value.astimezone(ZoneInfo(desk.zone)), reader_locale()
    days = (desk.today - local.date()).days
    if days <= 0:
        text = str(format_time(local, "HH:mm", locale=locale))
    elif days == 1:
        text = _("Yesterday")
    elif days < 7:
        text = str(format_date(local, "EEE", locale=locale))
    else:
        text = str(format_date(local, "d MMM" if local.year == desk.today.year else "d MMM y", locale=locale))
    return format_html('<time datetime="{}" class="nb">{}</time>', local.isoformat(timespec="seconds"), text)


@register.simple_tag(takes_context=True)
def numbered(context: template.Context, row: Invoice) -> SafeString:
    """Show a document's number with the shape of its state."""
    shape, words = invoice_state(row, context["request"].desk.today)
    return format_html('<span class="badge grow" data-status="{}" title="{}">{}</span>', shape, words, row.number)


@register.filter
def magnitude(value: int) -> str:
    """Return a number without its sign, for places where an arrow says it."""
    return str(abs(value))


@register.filter
def unlocalized(value: int) -> str:
    """Return a whole number as CSS wants it."""
    return str(value)


@register.simple_tag(takes_context=True)
def subject(
    context: template.Context,
    told: Told,
    documents: Mapping[UUID, tuple[str, str]],
    receipts: Mapping[UUID, str],
    whose: Mapping[UUID, Customer],
) -> SafeString:
    """Show what an entry of a timeline is about: the document or receipt, and the customer."""
    slug = context["desk"].place.slug
    customer = whose.get(told.subject_id)
    link: str = mark_safe("")
    if told.subject_id in documents:
        number = documents[told.subject_id][1] or _("Draft")
        link = format_html('<a href="{}">{}</a>', reverse("invoice", args=[slug, told.subject_id]), number)
    elif told.subject_id in receipts:
        number = receipts[told.subject_id] or _("Payment")
        link = format_html('<a href="{}">{}</a>', reverse("payment", args=[slug, told.subject_id]), number)
    elif customer and customer.id == told.subject_id:
        return format_html(
            '<div class="sub"><a href="{}">{}</a></div>', reverse("customer", args=[slug, customer.id]), customer.name
        )
    if not link:
        return mark_safe("")
    return format_html('<div class="sub">{}{}</div>', link, f" · {customer.name}" if customer else "")


@register.simple_tag(takes_context=True)
def step_words(
    context: template.Context, step: Step, documents: Mapping[UUID, tuple[str, str]], receipts: Mapping[UUID, str]
) -> SafeString:
    """Say what an entry of the book was, with a link to the document or the payment."""
    slug = context["desk"].place.slug
    number: Any = ""
    if step.subject_id in documents:
        number = format_html(
            '<a href="{}">{}</a>',
            reverse("invoice", args=[slug, step.subject_id]),
            documents[step.subject_id][1] or _("Draft"),
        )
    elif step.subject_id in receipts:
        number = format_html(
            '<a href="{}">{}</a>',
            reverse("payment", args=[slug, step.subject_id]),
            receipts[step.subject_id] or _("Payment"),
        )
    text = {
        "invoice.issued": _("Invoice {number} issued"),
        "invoice.voided": _("Invoice {number} cancelled"),
        "credit_note.issued": _("Credit note {number} issued"),
        "payment.received": _("Payment {number} received"),
        "credit.allocated": _("Matched to invoice {number}"),
        "invoice.written_off": _("Rest of invoice {number} written off"),
        "refund.paid": _("Refund of payment {number}"),
        "refund.returned": _("Refund of payment {number} sent back by the bank"),
        "dispute.lost": _("Dispute over payment {number} lost"),
        "dispute.won_back": _("Dispute over payment {number} won on appeal"),
    }.get(step.kind, money_entry_words().get(step.kind, step.kind.replace("_", " ").replace(".", " ")) + " {number}")
    return format_html(text, number=number)


@register.filter
def grouped(iban: str) -> str:
    """Show an IBAN in groups of four."""
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


@register.filter
def country_name(code: str) -> str:
    """Return a country's name in the reader's language."""
    return str(locale_for(get_language() or "en").territories.get(code, code))


@register.filter
def language_own_name(code: str) -> str:
    """Return a language's name in itself."""
    return str(Locale.parse(code).get_display_name(code) or code).capitalize()


@register.filter
def terms_name(stored: Any) -> str:
    """Say payment terms in words."""
    key = choices.terms_key(stored)
    return {"": _("As usual"), "own": _("As agreed with this customer")}.get(key) or dict(choices.terms())[key]


@register.filter
def tax_category(code: str) -> str:
    """Say a tax category in words."""
    return dict(choices.tax_categories()).get(code, code).split(":")[0]


@register.filter
def field_name(name: str) -> str:
    """Return what people call a column."""
    named = {
        "archived_at": _("Archived"),
        "attention": _("Attention"),
        "bank_name": _("Bank"),
        "bic": _("BIC"),
        "category": _("Kind"),
        "city": _("City"),
        "country": _("Country"),
        "currency": _("Currency"),
        "email": _("Email"),
        "holder": _("Account holder"),
        "iban": _("IBAN"),
        "is_active": _("Can sign in"),
        "is_default": _("Default"),
        "is_enabled": _("Offered"),
        "label": _("Name"),
        "language": _("Language"),
        "name": _("Name"),
        "note": _("Note"),
        "number": _("Number"),
        "pattern": _("Pattern"),
        "percent": _("Percent"),
        "phone": _("Phone"),
        "postcode": _("Postcode"),
        "region": _("Region"),
        "role": _("Role"),
        "street": _("Street"),
        "tax_id": _("Tax ID"),
        "terms": _("Terms"),
    }
    return named.get(name, name.replace("_", " ").capitalize())


@register.filter
def plain_value(value: Any) -> str:
    """Show a stored value of the audit log."""
    if value is None or value == "":
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return ", ".join(f"{key} {held}" for key, held in value.items())
    return str(value)[:200]
