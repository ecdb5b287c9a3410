"""How an email looks: the same facts as HTML and as plain text.

The colours are plain hex from the brand, the layout is tables of 600 px, styles are inlined, and the logo travels with
the message: an email loads nothing from anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import css_inline
from babel import Locale
from django.template import Context, Engine
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tallystick.base.brand import derive_or_house
from tallystick.pdf import formats
from tallystick.pdf.parties import cut, seller_line, tax_word

MOST_LINES = 8
"""Lines an email shows; the rest is counted, and is in the PDF."""

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Composed:
    """One email's body, twice."""

    html: str
    text: str


@dataclass(slots=True)
class _Email:
    """What the templates show. Rows are (label, amount, is strong)."""

    seller: Mapping[str, Any]
    language: str
    title: str
    preheader: str
    body: str
    label: str = ""
    amount: str = ""
    status: str = ""
    button_url: str = ""
    button_text: str = ""
    under: str = ""
    link_text: str = ""
    rows: list[tuple[str, str, bool]] = field(default_factory=list)
    transfer: list[tuple[str, bool]] = field(default_factory=list)
    about: str = ""
    leave_url: str = ""
    more: list[_Email] = field(default_factory=list)
    """The same again in another currency: amount, button and rows."""

    @property
    def parts(self) -> list[_Email]:
        """What has an amount, a button and rows of its own."""
        return [self, *self.more]


def render_email(
    document: Mapping[str, Any],
    *,
    kind: str,
    body: str,
    amount_minor: int,
    pay_url: str | None,
    logo_cid: str = "",
    button_text: str = "",
    due_on: date | None = None,
) -> Composed:
    """The email that brings a document (`kind` invoice, credit_note, thank_you, or a reminder's own name).

    `body` is staff's text, already filled, shown as typed. `amount_minor` is what is asked for now (minor units of the
    document's currency); the button goes to `pay_url` and is left out without one. `due_on` is the date beside the
    amount, the first due item's when not given.
    `logo_cid` is the Content-ID of the logo attached to the message.
    """
    language, currency, seller = str(document["language"]), str(document["currency"]), document["seller"]
    locale = formats.locale_for(language, seller.get("country", ""))
    is_credit = document["kind"] == "credit_note"
    with translation.override(language):
        money = formats.money(amount_minor, currency, locale)
        due = document.get("due") or []
        day = due_on or (date.fromisoformat(due[0]["due_on"]) if due else None)
        title = _("Credit note %(number)s") if is_credit else _("Invoice %(number)s")
        is_thanks = kind == "thank_you"
        asks = not is_credit and not is_thanks and amount_minor > 0
        line = _status(kind, is_credit, asks, day, locale)
        name = title % {"number": document["number"]}
        order = str(document.get("po_number") or "")
        email = _Email(
            seller=seller,
            language=language,
            title=_("%(document)s from %(seller)s") % {"document": name, "seller": seller["name"]},
            preheader=_("%(amount)s. %(status)s. The PDF is attached.") % {"amount": money, "status": line},
            body=body,
            label=line,
            amount=money,
            button_url=pay_url or "",
            button_text=button_text or _button(is_credit, asks),
            under=_("Card or bank transfer, no account needed.") if asks and pay_url else "",
            link_text=_("Review and pay") if asks and pay_url else "",
            rows=_rows(document, locale, amount_minor if asks else None),
            transfer=_transfer(document, money) if asks else [],
            about=_("%(document)s, your PO %(order)s.") % {"document": name, "order": order} if order else f"{name}.",
        )
        return _compose(email, logo_cid)


def render_receipt(
    receipt: Mapping[str, Any], *, body: str, logo_cid: str = "", page_url: str = "", button_text: str = ""
) -> Composed:
    """The email that thanks for a payment: what arrived, what it paid, what is left. Asks for nothing.

    `receipt` is the snapshot the PDF receipt is made of; amounts in minor units.
    """
    language, currency, seller = str(receipt["language"]), str(receipt["currency"]), receipt["seller"]
    locale = formats.locale_for(language, seller.get("country", ""))
    with translation.override(language):
        money = formats.money(int(receipt["amount_minor"]), currency, locale)
        day = formats.day(date.fromisoformat(receipt["received_on"]), locale)
        method = str(receipt.get("method") or "")
        name = _("Receipt %(number)s") % {"number": receipt["number"]}
        parts = list(receipt.get("allocations") or ())
        rows = [
            (
                _("Invoice %(number)s") % {"number": part["number"]},
                _amount(part["amount_minor"], currency, locale),
                False,
            )
            for part in parts
        ]
        kept = int(receipt.get("unapplied_minor") or 0)
        if kept:
            rows.append((_("Kept as credit on your account"), _amount(kept, currency, locale), False))
        rows.append((_("Received"), money, True))
        left = [part for part in parts if int(part["open_minor"]) > 0]
        rows += [
            (_("Left to pay on %(number)s") % part, formats.money(int(part["open_minor"]), currency, locale), False)
            for part in left
        ]
        label = _("Received on %(day)s") % {"day": day}
        email = _Email(
            seller=seller,
            language=language,
            title=_("%(document)s from %(seller)s") % {"document": name, "seller": seller["name"]},
            preheader=_("Thank you. We received %(amount)s.") % {"amount": money},
            body=body,
            label=label,
            amount=money,
            status=_("Paid by: %(method)s") % {"method": method} if method else "",
            button_url=page_url,
            button_text=button_text if page_url else "",
            rows=rows,
            about=f"{name}.",
        )
        return _compose(email, logo_cid)


@dataclass(frozen=True, slots=True)
class Note:
    """What a letter about money shows beside its words: an amount under its label, rows (label, amount, is strong), a button."""

    title: str
    label: str = ""
    amount: str = ""
    status: str = ""
    rows: tuple[tuple[str, str, bool], ...] = ()
    button_url: str = ""
    button_text: str = ""
    under: str = ""
    about: str = ""
    more: tuple[Note, ...] = ()
    """Another amount with its rows and its button, in the same letter: what is open in another currency."""


def render_note(note: Note, *, seller: Mapping[str, Any], language: str, body: str, logo_cid: str = "") -> Composed:
    """A letter about money that is no document of its own: a notice, a failure, a refund, several invoices at once.

    `body` is already filled and shown as typed; the button is left out without an address.
    """
    with translation.override(language):
        email = _email_of(note, seller, language, body)
        email.more = [_email_of(each, seller, language, "") for each in note.more]
        return _compose(email, logo_cid)


def _email_of(note: Note, seller: Mapping[str, Any], language: str, body: str) -> _Email:
    return _Email(
        seller=seller,
        language=language,
        title=note.title,
        preheader=f"{note.label} {note.amount}".strip() or note.title,
        body=body,
        label=note.label,
        amount=note.amount,
        status=note.status,
        button_url=note.button_url,
        button_text=note.button_text if note.button_url else "",
        under=note.under,
        rows=list(note.rows),
        about=note.about,
    )


def render_notice(
    *,
    seller: Mapping[str, Any],
    language: str,
    title: str,
    body: str,
    button_url: str = "",
    button_text: str = "",
    under: str = "",
    logo_cid: str = "",
    leave_url: str = "",
) -> Composed:
    """A plain letter with at most one button: an invitation, a log-in link, a word to staff; one to many customers, which
    says at `leave_url` how to get no more of them."""
    with translation.override(language):
        email = _Email(
            seller=seller,
            language=language,
            title=title,
            preheader=under or title,
            body=body,
            button_url=button_url,
            button_text=button_text,
            under=under,
            leave_url=leave_url,
        )
        return _compose(email, logo_cid)


def _status(kind: str, is_credit: bool, asks: bool, day: date | None, locale: Locale) -> str:
    if is_credit:
        return _("Credit to your account")
    if not asks:
        return _("Paid in full") if kind == "thank_you" else _("Nothing to pay")
    if kind == "late_reminder" and day:
        return _("Overdue since %(day)s") % {"day": formats.day(day, locale)}
    return _("To pay by %(day)s") % {"day": formats.day(day, locale)} if day else _("To pay")


def _button(is_credit: bool, asks: bool) -> str:
    if asks:
        return _("Make Payment")
    return _("View credit note") if is_credit else _("View invoice")


def _amount(minor: int, currency: str, locale: Locale) -> str:
    return formats.amount(int(minor), currency, locale)


def _rows(document: Mapping[str, Any], locale: Locale, asked: int | None) -> list[tuple[str, str, bool]]:
    """The first lines, what was added or taken off, tax and total; and what is asked now when that is less."""
    currency, totals, lines = str(document["currency"]), document["totals"], list(document["lines"])
    shown = lines if len(lines) <= MOST_LINES else lines[:MOST_LINES]
    rows = [(cut(str(line["description"]), 90), _amount(line["net_minor"], currency, locale), False) for line in shown]
    rest = lines[len(shown) :]
    if rest:
        more = ngettext("and %(count)s more", "and %(count)s more", len(rest)) % {"count": len(rest)}
        rows.append((more, _amount(sum(int(line["net_minor"]) for line in rest), currency, locale), False))
    for adjustment in document.get("adjustments") or ():
        minor = int(adjustment["amount_minor"]) * (1 if adjustment["is_charge"] else -1)
        rows.append((cut(str(adjustment["label"]), 90), _amount(minor, currency, locale), False))
    rows.append((tax_word(document["seller"]), _amount(totals["tax_minor"], currency, locale), False))
    if totals.get("rounding_minor"):
        rows.append((_("Rounding"), _amount(totals["rounding_minor"], currency, locale), False))
    total = int(totals["total_minor"])
    rows.append((_("Total"), formats.money(total, currency, locale), True))
    if asked is not None and asked != total:
        rows.append((_("To pay now"), formats.money(asked, currency, locale), True))
    return rows


def _transfer(document: Mapping[str, Any], money: str) -> list[tuple[str, bool]]:
    """The sentence about a bank transfer in pieces, the ones to copy marked."""
    banks = [bank for bank in document["seller"].get("banks") or () if bank.get("iban")]
    if not banks:
        return []
    bank = next((one for one in banks if one.get("currency") == document["currency"]), banks[0])
    iban = "".join(str(bank["iban"]).split())
    marks = {
        "{iban}": " ".join(iban[at : at + 4] for at in range(0, len(iban), 4)),
        "{reference}": str(document.get("reference") or "") or str(document["number"]),
        "{amount}": money,
        "{holder}": str(bank["holder"]),
    }
    sentence = _("Prefer a transfer? Send {amount} to {holder}, {iban}, reference {reference}.")
    pieces = re.split(r"(\{[a-z]+\})", sentence)
    return [(marks.get(piece, piece), piece in ("{iban}", "{reference}")) for piece in pieces if piece]


def _compose(email: _Email, logo_cid: str) -> Composed:
    rtl = formats.is_right_to_left(email.language)
    body = re.sub(r"\r\n?", "\n", email.body).strip()
    context = {
        "email": email,
        "paragraphs": [paragraph.split("\n") for paragraph in re.split(r"\n{2,}", body)] if body else [],
        "seller_name": cut(str(email.seller.get("name") or ""), 90),
        "seller_line": seller_line(email.seller),
        "light": derive_or_house(email.seller.get("brand")),
        "dark": derive_or_house(email.seller.get("brand"), True),
        "logo_cid": logo_cid,
        "dir": "rtl" if rtl else "ltr",
        "start": "right" if rtl else "left",
        "end": "left" if rtl else "right",
        "questions": _("Questions? Just reply to this email."),
        "or_word": _("Or"),
        "leave_text": _("Unsubscribe from such emails"),
        "body": body,
    }
    engine = _engine()
    html = engine.get_template("messages/email.html").render(Context(context))
    text = engine.get_template("messages/email.txt").render(Context(context, autoescape=False))
    return Composed(_inliner().inline(html), re.sub(r"\n{3,}", "\n\n", text).strip() + "\n")


@lru_cache(maxsize=1)
def _engine() -> Engine:
    return Engine(dirs=[str(_TEMPLATES)], autoescape=True, debug=False)


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
