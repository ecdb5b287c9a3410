"""A payment request, as everything its page shows: several invoices of one customer, and one way to pay them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.pdf import formats
from tallystick.pdf._clean import tidy
from tallystick.pdf._frame import checked_url, customer_lines, frame, short_url


def request_page(request: Mapping[str, Any], *, pay_url: str, logo: bytes | None) -> dict[str, Any]:
    """The request's page: the sum with its button and code, then a row for each invoice. Amounts are in minor units."""
    doc: dict[str, Any] = tidy(dict(request))
    seller, currency = doc["seller"], str(doc["currency"])
    locale = formats.locale_for(doc["language"], seller.get("country", ""))
    asked = date.fromisoformat(doc["asked_on"])
    url = checked_url(pay_url)
    with translation.override(doc["language"]):
        page = frame(
            seller=seller,
            language=doc["language"],
            title=_("Payment request"),
            number=_("Payment request"),
            date_text=formats.day(asked, locale),
            logo=logo,
        )
        page.update(
            layout="receipt",
            mark=None,
            meta=[[{"label": _("For"), "lines": customer_lines(doc["customer"]), "strong": True}]],
            ask={
                "label": _("To pay"),
                "amount": [list(part) for part in formats.money_parts(doc["open_minor"], currency, locale)],
                "below": "",
                "pay": {
                    "url": url,
                    "button": _("Make Payment"),
                    "url_text": short_url(url),
                    "alt": _("QR code of the payment page"),
                },
            },
            head=[_("Invoice"), _("Due"), _("To pay, %(currency)s") % {"currency": currency}],
            rows=[
                {
                    "text": str(row["number"]),
                    "detail": "",
                    "cells": [
                        formats.plain_day(date.fromisoformat(row["due_on"]), locale) if row["due_on"] else "",
                        formats.amount(row["open_minor"], currency, locale),
                    ],
                    "long": False,
                }
                for row in doc["rows"]
            ],
            sums=[],
            total=[_("To pay"), formats.money(doc["open_minor"], currency, locale)],
            blocks=[],
        )
    return page
