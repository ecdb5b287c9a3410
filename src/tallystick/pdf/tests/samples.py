"""Linden Press bills Kestrel & Rowe: the invoice of the design, as a snapshot."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

PAY_URL = "https://pay.lindenpress.example/p/7QK2mXz"

_LINES = [
    ("Competition boards, A0 on Dibond 3 mm", "Matt laminate, drilled and numbered", "8", "164.00", "23%", 131200),
    ("Planning drawings, A1 colour", "90 gsm, folded to A4", "310", "3.80", "23%", 117800),
    ("Presentation boxes, linen", "Debossed logo, 420 × 300 × 60 mm", "12", "58.5", "23%", 70200),
    ("“Rooms for Rain” monograph", "96 pages, casebound, reprint", "120", "17.20", "0%", 206400),
    ("Artwork corrections", "Two rounds, agreed 11 November", "3", "65.00", "23%", 19500),
    ("Courier to Dublin 2", "", "1", "38", "23%", 3800),
]

SELLER: dict[str, Any] = {
    "name": "Linden Press",
    "legal_name": "Linden Press Ltd",
    "address": ["14 Copley Street", "Cork T12 X8N4", "Ireland"],
    "country": "IE",
    "tax_id": "IE 9761 204L",
    "company_no": "481 207",
    "email": "hello@lindenpress.example",
    "phone": "+353 21 555 0101",
    "brand": "#17694a",
    "banks": [{"holder": "Linden Press Ltd", "iban": "IE29AIBK93115212345678", "bic": "AIBKIE2D", "currency": "EUR"}],
}

CUSTOMER: dict[str, Any] = {
    "name": "Kestrel & Rowe Architects Ltd",
    "attention": "Aoife Kestrel",
    "address": ["31 Fitzwilliam Place", "Dublin 2, D02 X283"],
    "country": "IE",
    "tax_id": "IE 8255 012K",
    "email": "accounts@kestrelrowe.example",
}


def line(description: str, detail: str, quantity: str, price: str, tax: str, net_minor: int) -> dict[str, Any]:
    return {
        "item": "",
        "description": description,
        "detail": detail,
        "quantity": quantity,
        "unit": "",
        "unit_price": price,
        "discount": "",
        "tax_label": tax,
        "tax_percent": tax.rstrip("%"),
        "net_minor": net_minor,
    }


def invoice(**changes: Any) -> dict[str, Any]:
    """LP-10503: €6,276.75 in three instalments, with any key replaced."""
    document: dict[str, Any] = {
        "kind": "invoice",
        "number": "LP-10503",
        "language": "en",
        "currency": "EUR",
        "issued_on": "2026-11-19",
        "delivered_on": "2026-11-18",
        "po_number": "KR-2304",
        "customer_number": "10073",
        "contact_name": "Maeve Doyle",
        "seller": SELLER,
        "customer": CUSTOMER,
        "lines": [line(*values) for values in _LINES],
        "adjustments": [],
        "taxes": [
            {"category": "S", "percent": "23", "label": "23%", "note": "", "taxable_minor": 342500, "tax_minor": 78775},
            {
                "category": "Z",
                "percent": "0",
                "label": "0%, books",
                "note": "",
                "taxable_minor": 206400,
                "tax_minor": 0,
            },
        ],
        "totals": {
            "lines_minor": 548900,
            "allowances_minor": 0,
            "charges_minor": 0,
            "net_minor": 548900,
            "tax_minor": 78775,
            "rounding_minor": 0,
            "total_minor": 627675,
        },
        "terms_label": "Three instalments",
        "terms_note": "Three equal instalments on the dates shown.",
        "notes": "",
        "due": [
            {"due_on": "2026-12-03", "amount_minor": 209225, "kind": "instalment"},
            {"due_on": "2027-01-04", "amount_minor": 209225, "kind": "instalment"},
            {"due_on": "2027-02-03", "amount_minor": 209225, "kind": "instalment"},
        ],
        "reference": "RF18 5390 0754 7034",
        "credits_number": None,
    }
    return deepcopy({**document, **changes})


def customer(**changes: Any) -> dict[str, Any]:
    return {**CUSTOMER, **changes}


def seller(**changes: Any) -> dict[str, Any]:
    return {**SELLER, **changes}


def receipt(**changes: Any) -> dict[str, Any]:
    """R-1001: €4,000 for two invoices, €100 kept."""
    document: dict[str, Any] = {
        "number": "R-1001",
        "language": "en",
        "currency": "EUR",
        "received_on": "2026-11-22",
        "amount_minor": 400000,
        "method": "Card ···· 4242",
        "seller": SELLER,
        "customer": CUSTOMER,
        "allocations": [
            {"number": "LP-10503", "amount_minor": 209225, "open_minor": 418450},
            {"number": "LP-10499", "amount_minor": 180775, "open_minor": 0},
        ],
        "unapplied_minor": 10000,
    }
    return deepcopy({**document, **changes})
