"""An invoice or a credit note, as everything its page shows: words, dates and amounts in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from babel import Locale
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tallystick.core.money import to_decimal
from tallystick.pdf import formats
from tallystick.pdf._clean import tidy
from tallystick.pdf._epc import epc_text
from tallystick.pdf._frame import checked_url, customer_lines, frame, short_url
from tallystick.pdf.jobs import PaidState, PdfTooLarge
from tallystick.pdf.parties import cut, tax_word

MOST_LINES = 500


def document_page(
    document: Mapping[str, Any], *, pay_url: str | None, logo: bytes | None, state: PaidState | None
) -> dict[str, Any]:
    """The page of a document. Raises PdfTooLarge beyond 500 lines and ValueError on a bad URL."""
    if len(document["lines"]) > MOST_LINES:
        raise PdfTooLarge(f"a PDF holds {MOST_LINES} lines at most, this document has {len(document['lines'])}")
    url = checked_url(pay_url) if pay_url else None
    doc: dict[str, Any] = tidy(dict(document))
    locale = formats.locale_for(doc["language"], doc["seller"].get("country", ""))
    with translation.override(doc["language"]):
        return _Page(doc, locale, url, state).build(logo)


class _Page:
    """One document being laid out; a class only so that its parts share the snapshot and the locale."""

    def __init__(self, doc: dict[str, Any], locale: Locale, url: str | None, state: PaidState | None) -> None:
        self.doc = doc
        self.locale = locale
        self.state = state
        self.currency: str = doc["currency"]
        self.is_credit: bool = doc["kind"] == "credit_note"
        self.is_closed = self.is_credit or (state is not None and state.kind in ("paid", "void"))
        self.due: list[dict[str, Any]] = list(doc.get("due") or [])
        self.tax = tax_word(doc["seller"])
        self.url = url

    def build(self, logo: bytes | None) -> dict[str, Any]:
        doc = self.doc
        name = _("Credit note %(number)s") if self.is_credit else _("Invoice %(number)s")
        page = frame(
            seller=doc["seller"],
            language=doc["language"],
            title=name % {"number": cut(str(doc["number"]), 40)},
            number=doc["number"],
            date_text=self.day(doc["issued_on"]),
            logo=logo,
        )
        page.update(
            layout="document",
            mark=self.mark(),
            meta=self.meta(),
            ask=self.ask(),
            head=self.head(),
            rows=[self.row(line) for line in doc["lines"]],
            sums=self.sums(),
            total=[_("Total credit") if self.is_credit else _("Total"), self.money(doc["totals"]["total_minor"])],
            blocks=[block for block in (self.instalments(), self.taxes(), self.bank(), *self.notes()) if block],
        )
        return page

    # Small conveniences

    def money(self, minor: int) -> str:
        return formats.money(minor, self.currency, self.locale)

    def amount(self, minor: int) -> str:
        return formats.amount(minor, self.currency, self.locale)

    def day(self, iso: str) -> str:
        return formats.day(date.fromisoformat(iso), self.locale)

    def plain(self, iso: str) -> str:
        return formats.plain_day(date.fromisoformat(iso), self.locale)

    def short(self, iso: str) -> str:
        return formats.short_day(date.fromisoformat(iso), self.locale)

    @property
    def has_discount(self) -> bool:
        return any(line.get("discount") for line in self.doc["lines"])

    def ask_minor(self) -> int:
        """What this copy asks for: the rest of a part-paid one, else the first due item, else the total."""
        if self.state is not None and self.state.kind == "part" and self.state.open_minor is not None:
            return self.state.open_minor
        return int(self.due[0]["amount_minor"]) if self.due else int(self.doc["totals"]["total_minor"])

    # The parts, from the top of the page to its foot

    def mark(self) -> dict[str, str] | None:
        if self.state is None or self.state.kind == "part":
            return None
        on = formats.plain_day(self.state.on, self.locale) if self.state.on else ""
        if self.state.kind == "paid":
            return {"kind": "paid", "text": _("Paid %(day)s") % {"day": on} if on else _("Paid")}
        return {"kind": "void", "text": _("Cancelled %(day)s") % {"day": on} if on else _("Cancelled")}

    def meta(self) -> list[list[dict[str, Any]]]:
        doc = self.doc
        contact = str(doc.get("contact_name") or "")
        facts = [
            (_("Delivered"), self.plain(doc["delivered_on"]) if doc.get("delivered_on") else ""),
            (_("Corrects invoice") if self.is_credit else _("Replaces"), str(doc.get("credits_number") or "")),
            (_("Your PO"), str(doc.get("po_number") or "")),
            (_("Customer no."), str(doc.get("customer_number") or "")),
            (_("Terms"), "" if self.is_credit else str(doc.get("terms_label") or "")),
            (_("Looked after by"), contact),
        ]
        shown = [{"label": label, "lines": [value], "strong": False} for label, value in facts if value]
        to_label = _("Credited to") if self.is_credit else _("Billed to")
        columns = [[{"label": to_label, "lines": customer_lines(doc["customer"]), "strong": True}]]
        per_column = max(1, -(-len(shown) // 3))
        return columns + [shown[at : at + per_column] for at in range(0, len(shown), per_column)]

    def ask(self) -> dict[str, Any] | None:
        doc, total = self.doc, int(self.doc["totals"]["total_minor"])
        if self.is_credit:
            label = _("Credit to your account")
            below = _("For invoice %(number)s") % {"number": doc["credits_number"]} if doc.get("credits_number") else ""
            return self.asking(label, total, below, None)
        if self.state is not None and self.state.kind == "void":
            return self.asking(_("Cancelled, nothing to pay"), 0, "", None)
        if self.state is not None and self.state.kind == "paid":
            return self.asking(_("Paid in full, thank you"), total, "", None)
        asked = self.ask_minor()
        below = _("Whole invoice %(amount)s") % {"amount": self.money(total)} if asked != total else ""
        return self.asking(self.ask_label(asked), asked, below, self.url if asked > 0 else None)

    def ask_label(self, asked: int) -> str:
        if asked <= 0:
            return _("Nothing to pay")
        if self.state is not None and self.state.kind == "part":
            return _("Left to pay")
        if not self.due:
            return _("To pay")
        first = self.due[0]
        if len(self.due) == 1:
            return _("To pay by %(day)s") % {"day": self.day(first["due_on"])}
        words = {"deposit": _("Deposit, due %(day)s"), "instalment": _("First instalment, due %(day)s")}
        return words.get(str(first.get("kind")), _("First payment, due %(day)s")) % {"day": self.short(first["due_on"])}

    def asking(self, label: str, minor: int, below: str, url: str | None) -> dict[str, Any]:
        pay = None
        if url:
            pay = {"url": url, "button": _("Pay online"), "url_text": short_url(url)}
            pay["alt"] = _("QR code of the payment page")
        parts = [list(part) for part in formats.money_parts(minor, self.currency, self.locale)]
        return {"label": label, "amount": parts, "below": below, "pay": pay}

    def head(self) -> list[str]:
        discount = [_("Discount")] if self.has_discount else []
        net = _("Net %(currency)s") % {"currency": self.currency}
        return [_("Description"), _("Qty"), _("Price"), *discount, self.tax, net]

    def row(self, line: dict[str, Any]) -> dict[str, Any]:
        unit = str(line.get("unit") or "")[:16]
        cells = [
            f"{formats.quantity(str(line['quantity']), self.locale)} {unit}".strip(),
            formats.unit_price(str(line["unit_price"]), self.currency, self.locale),
        ]
        if self.has_discount:
            cells.append(formats.percent(str(line["discount"]), self.locale) if line.get("discount") else "")
        cells += [str(line.get("tax_label") or "")[:24], self.amount(line["net_minor"])]
        detail = " · ".join(str(part) for part in (line.get("item"), line.get("detail")) if part)
        text = str(line.get("description") or "")
        return {"text": text, "detail": detail, "cells": cells, "long": len(text) + len(detail) > 600}

    def sums(self) -> list[list[str]]:
        totals = self.doc["totals"]
        rows = [[_("Subtotal"), self.amount(totals["lines_minor"])]]
        for adjustment in self.doc.get("adjustments") or ():
            minor = int(adjustment["amount_minor"]) * (1 if adjustment["is_charge"] else -1)
            rows.append([str(adjustment["label"]), self.amount(minor)])
        if self.doc.get("adjustments"):
            rows.append([_("Net total"), self.amount(totals["net_minor"])])
        rows.append([self.tax, self.amount(totals["tax_minor"])])
        if totals.get("rounding_minor"):
            rows.append([_("Rounding"), self.amount(totals["rounding_minor"])])
        return rows

    def instalments(self) -> dict[str, Any] | None:
        if self.is_credit or len(self.due) < 2:
            return None
        plain = [item for item in self.due if item.get("kind") == "instalment"]
        words = {"deposit": _("Deposit"), "balance": pgettext("last part of an invoice", "Balance")}
        rows = []
        for at, item in enumerate(self.due):
            share = words.get(str(item.get("kind")), "")
            if not share:
                share = _("%(at)s of %(count)s") % {"at": plain.index(item) + 1, "count": len(plain)}
            mark = "" if self.is_closed else "open" if at == 0 else "later"
            rows.append({"tick": mark, "cells": [self.short(item["due_on"]), share, self.amount(item["amount_minor"])]})
        title = _("Instalments") if len(plain) > 1 else _("Payments")
        return {"kind": "table", "title": title, "head": [_("Due"), _("Share"), _("Amount")], "rows": rows, "notes": []}

    def taxes(self) -> dict[str, Any] | None:
        taxes = self.doc.get("taxes") or []
        if not taxes:
            return None
        rows = []
        for tax in taxes:
            net, due = int(tax["taxable_minor"]), int(tax["tax_minor"])
            label = str(tax.get("label") or formats.percent(str(tax["percent"]), self.locale))[:40]
            rows.append({"tick": "", "cells": [label, self.amount(net), self.amount(due), self.amount(net + due)]})
        with_tax = _("With %(tax)s") % {"tax": self.tax}
        return {
            "kind": "table",
            "title": self.tax,
            "head": [_("Rate"), _("Net"), self.tax, with_tax],
            "rows": rows,
            "notes": list(dict.fromkeys(str(tax["note"]) for tax in taxes if tax.get("note"))),
        }

    def bank(self) -> dict[str, Any] | None:
        asked = self.ask_minor()
        banks = [bank for bank in self.doc["seller"].get("banks") or [] if bank.get("iban")]
        if self.is_closed or asked <= 0 or not banks:
            return None
        bank = next((bank for bank in banks if bank.get("currency") == self.currency), banks[0])
        reference = str(self.doc.get("reference") or "") or str(self.doc["number"])
        code = None
        if self.currency == "EUR":
            code = epc_text(
                holder=str(bank["holder"]),
                iban=str(bank["iban"]),
                bic=str(bank.get("bic") or ""),
                amount=Decimal(to_decimal(asked, "EUR")),
                reference=reference,
                message=reference,
            )
        iban = "".join(str(bank["iban"]).split())
        return {
            "kind": "bank",
            "title": _("By bank transfer"),
            "code": code,
            "alt": _("QR code for banking apps"),
            "caption": _("This code is for banking apps") if code else "",
            "facts": [
                [_("Account"), str(bank["holder"]), False],
                ["", " ".join(iban[at : at + 4] for at in range(0, len(iban), 4)), True],
                *([["BIC", str(bank["bic"]), False]] if bank.get("bic") else []),
                [_("Reference"), reference, True],
            ],
        }

    def notes(self) -> list[dict[str, Any]]:
        terms = "" if self.is_credit else str(self.doc.get("terms_note") or "")
        pairs = [(_("Payment terms"), terms), (_("Notes"), str(self.doc.get("notes") or ""))]
        return [{"kind": "text", "title": title, "text": text.split("\n")} for title, text in pairs if text]
