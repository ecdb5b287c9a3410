"""How values look in templates: money, dates, states and icons, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from django import template
from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from lucide.templatetags.lucide import lucide

from tallystick.base import clock
from tallystick.core.money import exponent, to_decimal
from tallystick.pdf import formats
from tallystick.staff.money_back import money_entry_words
from tallystick.staff.words import day_text, distance_text, invoice_state, money_text, names, reader_locale

register = template.Library()


@lru_cache(maxsize=256)
def _drawn(name: str, classes: str) -> SafeString:
    return mark_safe(lucide(name, size=None, **{"class": f"icon {classes}".strip(), "aria-hidden": "true"}))  # noqa: S308


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """Draw a Lucide icon, hidden from screen readers: `{% icon "send" %}`."""
    return _drawn(str(name), str(classes))


@register.simple_tag
def icon_symbol(name: str) -> SafeString:
    """Define an icon once on a page, for rows that draw it with `icon_use`; stands inside a hidden `<svg>`."""
    inside = re.sub(r"^<svg[^>]*>|</svg>$", "", str(_drawn(name, "")).strip())
    return mark_safe(f'<symbol id="i-{name}" viewBox="0 0 24 24">{inside}</symbol>')  # noqa: S308


@register.simple_tag
def icon_use(name: str) -> SafeString:
    """Draw an icon defined by `icon_symbol`: fifty rows carry it once."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def money(amount_minor: int | None, currency: str, style: str = "symbol") -> SafeString:
    """Show an amount in minor units. `style`: symbol (€1,860.00), code (1,860.00 EUR, for mixed columns), bare (1,860.00)."""
    minor = amount_minor or 0
    value = to_decimal(minor, currency)
    if style == "symbol":
        parts = formats.money_parts(minor, currency, reader_locale())
        inside = [_quiet(part.kind, part.text) for part in parts]
    else:
        parts = formats.money_parts(minor, currency, reader_locale())
        inside = [_quiet(part.kind, part.text) for part in parts if part.kind != "cur"]
        if not exponent(currency):
            inside.append(mark_safe('<span class="dec none" aria-hidden="true">.00</span>'))
        if style == "code":
            inside.append(format_html('<span class="cur code">{}</span>', currency))
    return format_html(
        '<data class="money" value="{}">{}</data>', f"{value:f}", format_html_join("", "{}", ((p,) for p in inside))
    )


def _quiet(kind: str, text: str) -> SafeString:
    return format_html('<span class="{}">{}</span>', kind, text) if kind in {"cur", "dec"} else format_html("{}", text)


@register.simple_tag(name="money_text")
def show_money_text(amount_minor: int | None, currency: str) -> str:
    """Show an amount without markup, for labels and buttons."""
    return money_text(amount_minor or 0, currency)


@register.filter
def number(value: Decimal | int | str | None) -> str:
    """Show a quantity or rate with the decimals it has: `2,500`, `0.145`."""
    return "" if value is None or value == "" else formats.quantity(str(value), reader_locale())


@register.simple_tag
def unit_price(value: Decimal | str, currency: str) -> str:
    """Show a price per unit with the decimals it has, at least the currency's own."""
    return formats.unit_price(str(value), currency, reader_locale())


@register.filter
def percent(value: Decimal | str | None) -> str:
    """Show a rate given in points: `23%`."""
    return "" if value is None or value == "" else formats.percent(str(value), reader_locale())


def _today(context: template.Context) -> date:
    desk = getattr(context.get("request"), "desk", None)
    return desk.today if desk else clock.now().date()


def _zone(context: template.Context) -> ZoneInfo:
    desk = getattr(context.get("request"), "desk", None)
    return ZoneInfo(desk.zone if desk else "UTC")


def as_date(value: date | datetime | str | None, zone: ZoneInfo) -> date | None:
    """Return a date from one, from its ISO text, or from an instant in that zone."""
    if isinstance(value, str):
        return date.fromisoformat(value) if value else None
    return value.astimezone(zone).date() if isinstance(value, datetime) else value


@register.simple_tag(takes_context=True)
def day(context: template.Context, value: date | datetime | str | None, style: str = "short") -> SafeString | str:
    """Show a date. `style`: short (Tue 24 Nov), bare (24 Nov), full (24 November 2026)."""
    on, today = as_date(value, _zone(context)), _today(context)
    if on is None:
        return ""
    if style == "full":
        text = formats.plain_day(on, reader_locale())
    elif style == "bare":
        text = str(format_date(on, "d MMM" if on.year == today.year else "d MMM y", locale=reader_locale()))
    else:
        text = day_text(on, today)
    return format_html('<time datetime="{}" class="nb">{}</time>', on.isoformat(), text)


@register.simple_tag(takes_context=True)
def distance(context: template.Context, value: date | str | None) -> str:
    """Show how far a date is from the business day."""
    on = as_date(value, _zone(context))
    return "" if on is None else distance_text(on, _today(context))


@register.simple_tag(takes_context=True)
def moment(context: template.Context, value: datetime | None) -> SafeString | str:
    """Show an instant in the seller's zone: `Today 14:32`, `Tue 24 Nov 16:40`."""
    if value is None:
        return ""
    local, today = value.astimezone(_zone(context)), _today(context)
    clock_time = str(format_time(local, "HH:mm", locale=reader_locale()))
    on = _("Today") if local.date() == today else day_text(local.date(), today)
    return format_html(
        '<time datetime="{}" class="nb">{} {}</time>', local.isoformat(timespec="seconds"), on, clock_time
    )


@register.simple_tag(takes_context=True)
def hour(context: template.Context, value: datetime | None) -> str:
    """Show the time of day of an instant in the seller's zone: `14:36`."""
    return "" if value is None else str(format_time(value.astimezone(_zone(context)), "HH:mm", locale=reader_locale()))


@register.filter
def initials(name: str | None) -> str:
    """Return two letters for an avatar."""
    words = [word for word in (name or "").replace("@", " ").split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.simple_tag
def badge(shape: str, text: str, fill: str = "") -> SafeString:
    """Show a state as a shape and a word: `{% badge "paid" _("Paid") %}`."""
    return format_html('<span class="badge {}" data-status="{}">{}</span>', fill, shape, text)


@register.simple_tag(takes_context=True)
def invoice_badge(context: template.Context, row: Any, fill: str = "") -> SafeString:
    """Show a document's state: `Overdue 12 days`, `Due in 5 days`, `Part paid`."""
    shape, text = invoice_state(row, _today(context))
    return badge(shape, text, fill)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """Return the page's query string with some values changed, the cursor dropped: `{% query sort="-due" %}`."""
    wanted = context["request"].GET.copy()
    wanted.pop("after", None)
    for name, value in changes.items():
        if value in (None, ""):
            wanted.pop(name, None)
        else:
            wanted[name] = str(value)
    return f"?{wanted.urlencode()}"


@register.filter
def item(values: Any, key: Any) -> Any:
    """Look a key up: `{{ counts|item:tab }}`."""
    return values.get(key) if hasattr(values, "get") else None


@register.simple_tag(takes_context=True)
def sort_head(context: template.Context, label: str, key: str, current: str, first: str = "") -> SafeString:
    """Show a column head that sorts: the first click as `first` says (default ascending), the next one turns it around."""
    up, down = key, f"-{key}"
    target = {up: down, down: up}.get(current, first or up)
    return format_html('<a href="{}">{}</a>', query(context, sort=target), label)


@register.filter
def sorted_as(current: str, key: str) -> SafeString:
    """Return the `aria-sort` attribute of a column: `<th {{ sort|sorted_as:"due" }}>`."""
    states = {key: "ascending", f"-{key}": "descending"}
    return format_html('aria-sort="{}"', states[current]) if current in states else mark_safe("")


@register.simple_tag(name="names")
def show_names(people: Sequence[str]) -> str:
    """Join a few addresses: `a@x, b@x and 2 more`."""
    return names(people)


@register.simple_tag
def dressed(field: Any) -> SafeString:
    """Draw a form field's widget with our class, and tie it to its error or hint."""
    kind = field.widget_type
    classes = {"checkbox": "tick", "select": "select", "textarea": "textarea"}.get(kind, "input")
    attributes: dict[str, str] = {"class": f"{classes} {field.field.widget.attrs.get('class', '')}".strip()}
    if field.errors:
        attributes |= {"aria-invalid": "true", "aria-describedby": f"{field.auto_id}_error"}
    elif field.help_text and kind != "checkbox":
        attributes["aria-describedby"] = f"{field.auto_id}_helptext"
    return mark_safe(str(field.as_widget(attrs=attributes)))  # noqa: S308


@register.simple_tag
def demo_sign_in() -> dict[str, str]:
    """Return the demo person's address and password in demo mode, else empty ones."""
    if settings.ENV.mode != "demo":
        return {"email": "", "password": ""}
    return {"email": "demo@tallystick.example", "password": getattr(settings, "DEMO_PASSWORD", "")}


@register.simple_tag
def entry_words(kind: str, amount_minor: int) -> str:
    """Say in plain words what an entry of the book did to what is owed."""
    words = {
        "invoice.issued": _("Invoice issued"),
        "invoice.voided": _("Invoice cancelled"),
        "credit_note.issued": _("Credit note issued"),
        "payment.received": _("Payment received"),
        "invoice.written_off": _("Written off") if amount_minor < 0 else _("Write-off taken back"),
        **money_entry_words(),
    }
    if kind == "credit.allocated":
        return _("Paid or credited") if amount_minor < 0 else _("Taken back from this invoice")
    return words.get(kind, kind.replace(".", " ").replace("_", " "))


@register.simple_tag
def letter_badge(letter: Any) -> SafeString:
    """Show where a message is, and what was heard of it once it was sent: delayed, delivered, opened, bounced."""
    states = {
        "queued": ("scheduled", _("Waiting to go")),
        "held": ("due", _("Held")),
        "sending": ("processing", _("On its way")),
        "sent": ("sent", _("Text sent") if letter.channel == "sms" else _("Email sent")),
        "failed": ("failed", _("Didn't go out")),
        "skipped": ("void", _("Not sent")),
        "cancelled": ("void", _("Stopped")),
    }
    heard = {
        "delayed": ("due", _("Delayed")),
        "delivered": ("sent", _("Delivered")),
        "opened": ("opened", _("Opened")),
        "bounced": ("failed", _("Bounced")),
    }
    if letter.state == "sent" and letter.outcome in heard:
        return badge(*heard[letter.outcome])
    if letter.may_have_left and letter.state in {"failed", "skipped", "cancelled"}:
        return badge("due", _("May have gone out"))
    shape, text = states.get(letter.state, ("sent", letter.state))
    return badge(shape, text)


@register.simple_tag
def no_proof(letters: Iterable[tuple[Any, str]]) -> bool:
    """Whether an email among these was sent and nothing was heard of it, which proves nothing."""
    return any(letter.state == "sent" and not letter.outcome for letter, _reason in letters)


@register.simple_tag(takes_context=True)
def link_to(context: template.Context, name: str, *arguments: Any) -> str:
    """Return the address of a page of this seller, or nothing while there is no such page."""
    try:
        return reverse(name, args=[context["request"].desk.place.slug, *arguments])
    except NoReverseMatch:
        return ""


@register.simple_tag(takes_context=True)
def link_if(context: template.Context, name: str, permission: str, *arguments: Any) -> str:
    """Return the address of a page of this seller when the person's role includes the permission."""
    return link_to(context, name, *arguments) if context["request"].desk.may(permission) else ""
