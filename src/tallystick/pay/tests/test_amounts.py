"""Typed amounts: read for sure, or not at all."""

from __future__ import annotations

import pytest
from babel import Locale

from tallystick.pay.amounts import read_amount

EN, RO = Locale.parse("en_IE"), Locale.parse("ro_RO")


@pytest.mark.parametrize(
    ("text", "locale", "minor"),
    [
        ("1500", EN, 150_000),
        ("1,500", EN, 150_000),
        ("1.500", RO, 150_000),
        ("1,500.00", EN, 150_000),
        ("1.500,00", EN, 150_000),
        ("€ 1 500.5", EN, 150_050),
        ("1.234.567,8 lei", RO, 123_456_780),
        ("12,5", EN, 1_250),
        ("12.50", RO, 1_250),
        (".5", EN, None),
        ("12,5,0", EN, None),
        ("1.500", EN, None),
        ("1,500", RO, None),
        ("1,50.00", EN, None),
        ("12.345", EN, None),
        ("-5", EN, None),
        ("", EN, None),
        ("five", EN, None),
        ("1e9", EN, None),
    ],
)
def test_read(text: str, locale: Locale, minor: int | None) -> None:
    assert read_amount(text, "EUR", locale) == minor


def test_currency_decides_the_decimals() -> None:
    assert read_amount("1.500", "JPY", EN) is None
    assert read_amount("1500", "JPY", EN) == 1500
    assert read_amount("1.500", "KWD", EN) == 1500
