"""The words around a seller and a customer: what their tax is called and how they sign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

_NO_VAT = {"US": "Sales tax", "AU": "GST", "NZ": "GST", "IN": "GST", "SG": "GST", "CA": "GST/HST", "JP": "Tax"}


def tax_word(seller: Mapping[str, Any]) -> str:
    """What the tax is called where the seller is: VAT nearly everywhere."""
    country = str(seller.get("country", "")).upper()
    return _NO_VAT.get(country) or _("VAT")


def tax_number(party: Mapping[str, Any]) -> str:
    """A party's tax number with its name, or nothing."""
    number = str(party.get("tax_id") or "")
    if not number:
        return ""
    if str(party.get("country", "")).upper() in _NO_VAT:
        return _("Tax ID %(number)s") % {"number": number}
    return _("VAT %(number)s") % {"number": number}


def seller_line(seller: Mapping[str, Any]) -> str:
    """Legal name, address, company and tax number: the small print at the foot."""
    company = str(seller.get("company_no") or "")
    parts = [
        cut(str(seller.get("legal_name") or seller.get("name") or ""), 90),
        ", ".join(str(line) for line in seller.get("address", ()) if line),
        _("Company no. %(number)s") % {"number": company} if company else "",
        tax_number(seller),
    ]
    return cut(" · ".join(part for part in parts if part), 240)


def cut(text: str, most: int) -> str:
    """The text, with an ellipsis for what goes beyond `most` characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
