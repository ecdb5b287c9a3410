"""The email as its reader, a mail client and an attacker see it."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import date
from html import unescape
from typing import Any

import pytest

from tallystick.messages.email import Composed, render_email, render_notice, render_receipt

PAY_URL = "https://pay.lindenpress.example/p/7QK2?a=1&b=2"
SELLER: dict[str, Any] = {
    "name": "Linden Press",
    "legal_name": "Linden Press Ltd",
    "address": ["14 Copley Street", "Cork T12 X8N4"],
    "country": "IE",
    "tax_id": "IE 9761 204L",
    "company_no": "481 207",
    "brand": "#17694a",
    "banks": [{"holder": "Linden Press Ltd", "iban": "IE29AIBK93115212345678", "bic": "", "currency": "EUR"}],
}
INVOICE: dict[str, Any] = {
    "kind": "invoice",
    "number": "LP-10482",
    "language": "en",
    "currency": "EUR",
    "issued_on": "2026-11-19",
    "po_number": "KR-2291",
    "seller": SELLER,
    "customer": {"name": "Kestrel & Rowe"},
    "lines": [{"description": "Planning drawings", "net_minor": 100000}, {"description": "Courier", "net_minor": 2400}],
    "adjustments": [{"label": "Autumn discount", "is_charge": False, "amount_minor": 1000, "tax_label": "23%"}],
    "totals": {"tax_minor": 23322, "rounding_minor": 0, "total_minor": 124722},
    "due": [{"due_on": "2026-11-24", "amount_minor": 124722, "kind": "balance"}],
    "reference": "RF18 5390 0754 7034",
}
RECEIPT: dict[str, Any] = {
    "number": "R-1001",
    "language": "en",
    "currency": "EUR",
    "received_on": "2026-11-22",
    "amount_minor": 400000,
    "method": "Card ···· 4242",
    "seller": SELLER,
    "customer": {"name": "Kestrel & Rowe"},
    "allocations": [
        {"number": "LP-10503", "amount_minor": 209225, "open_minor": 418450},
        {"number": "LP-10499", "amount_minor": 180775, "open_minor": 0},
    ],
    "unapplied_minor": 10000,
}


def invoice(**changes: Any) -> dict[str, Any]:
    return deepcopy({**INVOICE, **changes})


def compose(document: dict[str, Any] | None = None, **changes: Any) -> Composed:
    given: dict[str, Any] = {
        "kind": "invoice",
        "body": "Hello Aoife,\n\nhere it is.\nMaeve",
        "amount_minor": 124722,
        "pay_url": PAY_URL,
        "logo_cid": "logo@tallystick",
    }
    return render_email(document or invoice(), **{**given, **changes})


def shown(html: str) -> str:
    body = html[html.index("<body") :]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def links(html: str) -> list[tuple[str, str]]:
    found = re.findall(r'<a[^>]*href="([^"]*)"[^>]*>(.*?)</a>', html)
    return [(unescape(url), unescape(text)) for url, text in found]


def test_number_amount_due_date_and_two_links_to_the_same_page() -> None:
    made = compose()
    for words in ("LP-10482", "€1,247.22", "Tuesday 24 November 2026", "IE29 AIBK 9311 5212 3456 78", "−10.00"):
        assert words in shown(made.html)
        assert words in made.text
    assert links(made.html) == [(PAY_URL, "Make Payment"), (PAY_URL, "Review and pay")]
    assert made.text.count(PAY_URL) == 1


def test_the_amount_stands_above_the_button() -> None:
    words = shown(compose().html)
    assert words.rindex("€1,247.22", 0, words.index("Make Payment")) < words.index("Make Payment")


def test_staff_words_are_shown_as_typed() -> None:
    made = compose(body='<b>Hi</b> {{ number }} {% load x %}\n<script>alert("1")</script>')
    assert "<script>" not in made.html
    assert '<b>Hi</b> {{ number }} {% load x %} <script>alert("1")</script>' in shown(made.html)
    assert '<script>alert("1")</script>' in made.text


def test_hostile_fields_are_inert() -> None:
    hostile = '"><img src=x onerror=alert(1)></style><a href="javascript:1">'
    document = invoice(number=hostile, po_number=hostile, seller={**SELLER, "name": hostile, "brand": "red;}"})
    document["lines"][0]["description"] = hostile
    made = compose(document, button_text=hostile)
    assert not re.search(r"<img src=x|</style><a|<a [^>]*javascript:", made.html)


def test_nothing_is_loaded_from_elsewhere() -> None:
    html = compose().html
    assert re.findall(r'src="([^"]*)"', html) == ["cid:logo@tallystick"]
    assert not re.search(r"url\(|@import|<link|<script", html)
    assert "<img" not in compose(logo_cid="").html


def test_styles_are_inline_and_dark_mode_stays() -> None:
    html = compose().html
    assert re.search(r'class="key"[^>]*style="[^"]*background: ?#17694a', html)
    assert "prefers-color-scheme: dark" in html
    assert len(html.encode()) < 60_000


def test_at_most_eight_lines_and_how_many_more() -> None:
    lines = [{"description": f"Item {number}", "net_minor": 100} for number in range(30)]
    words = shown(compose(invoice(lines=lines)).html)
    assert "Item 7" in words
    assert "Item 8" not in words
    assert "and 22 more 22.00" in words


def test_an_instalment_asks_for_its_part_and_shows_the_total() -> None:
    made = compose(amount_minor=50000, due_on=date(2026, 12, 3))
    words = shown(made.html)
    assert "Thursday 3 December 2026" in words
    assert "Total €1,247.22" in words
    assert "To pay now €500.00" in words


def test_without_a_link_there_is_no_button() -> None:
    made = compose(pay_url=None)
    assert links(made.html) == []
    assert "€1,247.22" in shown(made.html)


def test_nothing_to_pay_asks_for_nothing() -> None:
    made = compose(amount_minor=0)
    assert [text for _, text in links(made.html)] == ["View invoice"]
    assert "Prefer a transfer" not in shown(made.html)


def test_a_credit_note() -> None:
    made = compose(invoice(kind="credit_note", number="CN-3"), kind="credit_note")
    assert [text for _, text in links(made.html)] == ["View credit note"]
    assert "Credit note CN-3" in shown(made.html)
    assert "Prefer a transfer" not in made.text


def test_a_receipt_thanks_and_asks_for_nothing() -> None:
    made = render_receipt(RECEIPT, body="Hello,\n\nthank you.")
    words = shown(made.html)
    for fact in ("€4,000.00", "LP-10503", "2,092.25", "Left to pay on LP-10503", "€4,184.50", "Card ···· 4242"):
        assert fact in words
        assert fact in made.text
    assert "Left to pay on LP-10499" not in words
    assert "Kept as credit on your account 100.00" in words
    assert links(made.html) == []


def test_a_notice_has_one_button() -> None:
    made = render_notice(
        seller=SELLER, language="en", title="Join", body="Hello,", button_url=PAY_URL, button_text="Choose a password"
    )
    assert links(made.html) == [(PAY_URL, "Choose a password")]
    assert PAY_URL in made.text


def test_right_to_left() -> None:
    html = compose(invoice(language="ar")).html
    assert '<html lang="ar" dir="rtl"' in html
    assert 'align="left"' in html


@pytest.mark.parametrize("currency", ["JPY", "USD", "KWD"])
def test_other_currencies(currency: str) -> None:
    expected = {"JPY": "¥124,722", "USD": "US$1,247.22", "KWD": "KWD\xa0124.722"}[currency]
    assert expected in compose(invoice(currency=currency)).text
