"""The document as the customer sees it, as JSON. One shape for page, email, PDF and e-invoice."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from tallystick.core.document import Tax
from tallystick.core.money import exponent
from tallystick.core.totals import Totals
from tallystick.invoices.draft import Draft


def compose_content(draft: Draft, totals: Totals | None, rates: Mapping[UUID, Tax]) -> dict[str, Any]:
    """Return everything of the document that is known before it is issued; parties, dates and number join at issue."""
    return {
        "kind": draft.kind,
        "language": draft.language,
        "currency": draft.currency,
        "delivered_on": draft.delivered_on.isoformat() if draft.delivered_on else None,
        "po_number": draft.po_number,
        "notes": draft.notes,
        "terms": draft.terms,
        "terms_note": draft.terms_note,
        "lines": _lines(draft, totals, rates),
        "adjustments": _adjustments(draft, totals, rates),
        "taxes": [
            {
                "category": t.tax.category,
                "percent": plain(t.tax.percent),
                "label": t.tax.label,
                "note": t.tax.note,
                "taxable_minor": t.taxable_minor,
                "tax_minor": t.tax_minor,
            }
            for t in (totals.taxes if totals else ())
        ],
        "totals": {
            name: getattr(totals, name) if totals else 0
            for name in (
                "lines_minor",
                "allowances_minor",
                "charges_minor",
                "net_minor",
                "tax_minor",
                "rounding_minor",
                "total_minor",
            )
        },
    }


def plain(value: Decimal) -> str:
    """Return a decimal without exponent or trailing zeros: `3.80` stays readable as `3.8`, `1E+2` becomes `100`."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _price(value: Decimal, currency: str) -> str:
    """Return a price with the decimals it has, and at least the currency's own: `3.80`, `0.145`, `1200` yen."""
    whole, _, decimals = plain(value).partition(".")
    digits = decimals.ljust(exponent(currency), "0")
    return f"{whole}.{digits}" if digits else whole


def _lines(draft: Draft, totals: Totals | None, rates: Mapping[UUID, Tax]) -> list[dict[str, Any]]:
    return [
        {
            "item": line.item_code,
            "description": line.description,
            "detail": line.detail,
            "quantity": plain(line.quantity),
            "unit": line.unit,
            "unit_price": _price(line.unit_price, draft.currency),
            "discount": plain(line.discount_percent) if line.discount_percent else "",
            "tax_label": rates[line.tax_rate_id].label,
            "tax_percent": plain(rates[line.tax_rate_id].percent),
            "tax_category": rates[line.tax_rate_id].category,
            "net_minor": amounts.net_minor,
        }
        for line, amounts in zip(draft.lines, totals.lines if totals else (), strict=True)
    ]


def _adjustments(draft: Draft, totals: Totals | None, rates: Mapping[UUID, Tax]) -> list[dict[str, Any]]:
    return [
        {
            "label": a.label,
            "is_charge": a.is_charge,
            "percent": plain(a.percent) if a.percent is not None else "",
            "amount_minor": amount.amount_minor,
            "tax_label": rates[a.tax_rate_id].label,
        }
        for a, amount in zip(draft.adjustments, totals.adjustments if totals else (), strict=True)
    ]
