"""Money, numbers and dates in the reader's language."""

from __future__ import annotations

from datetime import date

import pytest

from tallystick.pdf import formats


@pytest.mark.parametrize(
    ("language", "country", "currency", "minor", "expected"),
    [
        ("en", "IE", "EUR", 303316, "€3,033.16"),
        ("en", "US", "USD", 345550, "US$3,455.50"),
        ("en", "", "GBP", -18000, "−£180.00"),
        ("ro", "RO", "RON", 588575, "5.885,75\xa0lei"),
        ("de", "DE", "EUR", 100000, "1.000,00\xa0€"),
        ("en", "GB", "JPY", 12345, "¥12,345"),
        ("en", "GB", "KWD", 12345, "KWD\xa012.345"),
        ("xx", "", "EUR", 100, "€1.00"),
    ],
)
def test_money(language: str, country: str, currency: str, minor: int, expected: str) -> None:
    assert formats.money(minor, currency, formats.locale_for(language, country)) == expected


@pytest.mark.parametrize(
    ("language", "currency"), [("en", "EUR"), ("ro", "RON"), ("de", "EUR"), ("ja", "JPY"), ("en", "KWD")]
)
@pytest.mark.parametrize("minor", [0, 5, 209225, -209225])
def test_the_parts_are_the_whole(language: str, currency: str, minor: int) -> None:
    locale = formats.locale_for(language)
    assert "".join(part.text for part in formats.money_parts(minor, currency, locale)) == formats.money(
        minor, currency, locale
    )


def test_numbers_keep_the_decimals_they_have() -> None:
    english, german = formats.locale_for("en"), formats.locale_for("de")
    assert formats.unit_price("0.145", "EUR", english) == "0.145"
    assert formats.unit_price("3.8", "EUR", german) == "3,80"
    assert formats.unit_price("1E+3", "JPY", english) == "1,000"
    assert formats.quantity("1234567.500", english) == "1,234,567.5"
    assert formats.quantity("-2", english) == "−2"
    assert formats.percent("23", english) == "23%"
    assert formats.percent("7.5", german) == "7,5\xa0%"


def test_days() -> None:
    on = date(2026, 12, 3)
    irish, british, american = (formats.locale_for("en", country) for country in ("IE", "GB", "US"))
    assert formats.day(on, irish) == formats.day(on, british) == "Thursday 3 December 2026"
    assert formats.short_day(on, british) == "Thu 3 December 2026"
    assert formats.day(on, american) == "Thursday, December 3, 2026"
    assert formats.plain_day(on, formats.locale_for("ro")) == "3 decembrie 2026"
