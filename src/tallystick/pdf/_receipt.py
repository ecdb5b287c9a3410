"""A payment receipt, as everything its page shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from babel import Locale
from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.pdf import formats
from tallystick.pdf._clean import tidy
from tallystick.pdf._frame import customer_lines, frame


def receipt_page(receipt: Mapping[str, Any], *, logo: bytes | None) -> dict[str, Any]:
    """The receipt's own page: the amount, what it paid and what is left. Amounts are in minor units."""
    doc: dict[str, Any] = tidy(dict(receipt))
    seller, currency = doc["seller"], str(doc["currency"])
    locale = formats.locale_for(doc["language"], seller.get("country", ""))
    received = date.fromisoformat(doc["received_on"])
    with translation.override(doc["language"]):
        page = frame(
            seller=seller,
            language=doc["language"],
            title=_("Receipt %(number)s") % {"number": doc["number"]},
            number=doc["number"],
            date_text=formats.day(received, locale),
            logo=logo,
        )
        facts = [(_("Received"), formats.plain_day(received, locale)), (_("Paid by"), str(doc.get("method") or ""))]
        page.update(
            layout="receipt",
            mark=None,
            meta=[
                [{"label": _("Received from"), "lines": customer_lines(doc["customer"]), "strong": True}],
                *([{"label": label, "lines": [value], "strong": False}] for label, value in facts if value),
            ],
            ask={
                "label": _("We received your payment, thank you"),
                "amount": [list(part) for part in formats.money_parts(doc["amount_minor"], currency, locale)],
                "below": "",
                "pay": None,
            },
            head=[_("Invoice"), _("Paid now"), _("Left to pay, %(currency)s") % {"currency": currency}],
            rows=[
                {
                    "text": str(part["number"]),
                    "detail": "",
                    "cells": [
                        formats.amount(part["amount_minor"], currency, locale),
                        formats.amount(part["open_minor"], currency, locale),
                    ],
                    "long": False,
                }
                for part in doc.get("allocations") or ()
            ],
            sums=_kept(doc, currency, locale),
            total=[_("Received"), formats.money(doc["amount_minor"], currency, locale)],
            blocks=[],
        )
    return page


def _kept(doc: Mapping[str, Any], currency: str, locale: Locale) -> list[list[str]]:
    kept = int(doc.get("unapplied_minor") or 0)
    return [[_("Kept as credit on your account"), formats.amount(kept, currency, locale)]] if kept else []
