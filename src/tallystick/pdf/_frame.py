"""What every page has: the masthead, the foot and the words around a seller and a customer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tallystick.base.brand import derive_or_house
from tallystick.pdf._logo import logo_bytes
from tallystick.pdf.formats import is_right_to_left
from tallystick.pdf.parties import cut, seller_line, tax_number


def frame(
    *, seller: Mapping[str, Any], language: str, title: str, number: str, date_text: str, logo: bytes | None
) -> dict[str, Any]:
    """The parts that are the same on every kind of page."""
    picture = logo_bytes(logo) if logo else None
    name = cut(str(seller.get("name") or seller.get("legal_name") or ""), 90)
    return {
        "lang": re.split("[-_]", language.lower())[0],
        "rtl": is_right_to_left(language),
        "colors": asdict(derive_or_house(seller.get("brand"))),
        "seller_name": name,
        "logo": picture,
        "title": title,
        "title_plain": title,
        "date": date_text,
        "foot": seller_line(seller),
        "page_words": _page_words(number),
    }


def _page_words(number: str) -> list[str]:
    """Text, then @page or @pages where the numbers go: the language decides the order."""
    words = pgettext("footer of a PDF", "page {page} of {pages}")
    pieces = re.split(r"(\{pages?\})", words)
    marks = {"{page}": "@page", "{pages}": "@pages"}
    return [f"{cut(number, 40)} · ", *(marks.get(piece, piece) for piece in pieces if piece)]


def customer_lines(customer: Mapping[str, Any]) -> list[str]:
    """The customer's name first, then who it is for, the address and the tax number."""
    attention = str(customer.get("attention") or "")
    lines = [
        str(customer.get("name") or ""),
        _("Attn. %(name)s") % {"name": attention} if attention else "",
        *(str(line) for line in customer.get("address", ())),
        tax_number(customer),
    ]
    return [line for line in lines if line]


def checked_url(url: str) -> str:
    """The URL itself. Raises ValueError when it isn't an absolute http(s) address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or re.search(r"[\s\x00-\x1f]", url):
        raise ValueError("a payment link must be an absolute http or https address")
    return url


def short_url(url: str) -> str:
    """The address to show under a button: whole when short, else the host, which is what a reader checks."""
    whole = re.sub("^https?://", "", url)
    return whole if len(whole) <= 40 else urlsplit(url).netloc
