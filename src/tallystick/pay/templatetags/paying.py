"""Amounts and dates on the payment page, written exactly as on the document."""

from __future__ import annotations

import base64
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_time
from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tallystick.core.money import to_decimal
from tallystick.pay import texts
from tallystick.pay.door import Counter
from tallystick.payments.consent import consent_text
from tallystick.payments.page import Kept
from tallystick.pdf import formats

register = template.Library()


def _counter(context: template.Context) -> Counter[Any]:
    counter = context["counter"]
    assert isinstance(counter, Counter)
    return counter


@register.simple_tag(takes_context=True)
def amount(context: template.Context, minor: int, style: str = "", currency: str = "") -> SafeString:
    """Show an amount of the document's currency. `style`: classes, with `bare` to leave the currency out."""
    counter = _counter(context)
    code = currency or counter.page.currency
    classes = style.split()
    parts = formats.money_parts(minor, code, counter.locale)
    if "bare" in classes:
        classes.remove("bare")
        parts = [part for part in parts if part.kind != "cur"]
    spans = ((part.kind, part.text) for part in parts if part.text)
    inside = format_html_join("", "{}", ((_part(kind, text),) for kind, text in spans))
    value = f"{to_decimal(minor, code):f}"
    return format_html('<data class="{}" value="{}">{}</data>', " ".join(["money", *classes]), value, inside)


def _part(kind: str, text: str) -> SafeString:
    return format_html('<span class="{}">{}</span>', kind, text) if kind in {"cur", "dec"} else format_html("{}", text)


@register.simple_tag(takes_context=True)
def amount_text(context: template.Context, minor: int, currency: str = "") -> str:
    """Show an amount without markup, for buttons."""
    counter = _counter(context)
    return formats.money(minor, currency or counter.page.currency, counter.locale)


@register.simple_tag(takes_context=True)
def currency_sign(context: template.Context) -> str:
    """Show the currency's symbol."""
    counter = _counter(context)
    return formats.symbol(counter.page.currency, counter.locale)


@register.simple_tag(takes_context=True)
def on_day(context: template.Context, value: date, style: str = "full") -> SafeString:
    """Show a date. `style`: full (Tuesday 24 November 2026), short (Tue 24 November 2026)."""
    write = {"short": formats.short_day}.get(style, formats.day)
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), write(value, _counter(context).locale))


@register.simple_tag(takes_context=True)
def day_of(context: template.Context, value: datetime) -> SafeString:
    """Show the seller's business date of an instant, in full."""
    counter = _counter(context)
    return on_day(context, value.astimezone(ZoneInfo(counter.face.time_zone)).date())


@register.simple_tag(takes_context=True)
def clock_time(context: template.Context, value: datetime) -> str:
    """Show the time of day of an instant where the seller is: `14:32`."""
    counter = _counter(context)
    return str(format_time(value.astimezone(ZoneInfo(counter.face.time_zone)), "short", locale=counter.locale))


@register.simple_tag(takes_context=True)
def quantity(context: template.Context, value: str) -> str:
    """Show a quantity with the decimals it has."""
    return formats.quantity(str(value), _counter(context).locale)


@register.simple_tag(takes_context=True)
def price(context: template.Context, value: str) -> str:
    """Show a price per unit with the decimals it has."""
    counter = _counter(context)
    return formats.unit_price(str(value), counter.page.currency, counter.locale)


@register.simple_tag(takes_context=True)
def rate(context: template.Context, value: str) -> str:
    """Show a percentage given in points."""
    return formats.percent(str(value or "0"), _counter(context).locale)


@register.simple_tag(takes_context=True)
def address(context: template.Context, name: str, lang: str = "") -> str:
    """Return the address of one of this link's pages; with `lang`, in another language."""
    url = _counter(context).url(name)
    return f"{url.split('?')[0]}?lang={lang}" if lang else url


@register.simple_tag(takes_context=True)
def receipt_address(context: template.Context, payment_id: object) -> str:
    """Return where a payment's receipt is."""
    return _counter(context).url("receipt", payment_id=payment_id)


@register.simple_tag(takes_context=True)
def logo_source(context: template.Context) -> str:
    """Return where the logo comes from: the page itself when it is small."""
    face = _counter(context).face
    if face.logo:
        return f"data:image/png;base64,{base64.b64encode(face.logo).decode()}"
    return _counter(context).url("logo")


@register.filter
def method_name(kept: Kept) -> str:
    """Name a kept card or account."""
    return texts.method_name(kept)


@register.simple_tag(takes_context=True)
def consent(context: template.Context) -> str:
    """The words beside the tick that keeps a card."""
    counter = _counter(context)
    return consent_text(counter.face.seller_name, counter.language)
