"""Money, numbers and dates the way the reader's language writes them.

The PDF, the email and their texts all format here, so that they show the same characters.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.numbers import format_currency, format_decimal, get_currency_symbol

from tallystick.core.money import exponent, to_decimal

MINUS = "\u2212"
_BARE_DOLLARS = {"USD": "US$", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$", "HKD": "HK$", "SGD": "S$", "MXN": "MX$"}
_OWN_SYMBOLS = {("ro", "RON"): "lei", ("ro", "EUR"): "€", ("en", "JPY"): "¥"}
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})


class MoneyPart(NamedTuple):
    """A piece of a formatted amount: `kind` is sign, cur (currency), int or dec (with its separator)."""

    kind: str
    text: str


@lru_cache(maxsize=256)
def locale_for(language: str, country: str = "") -> Locale:
    """The locale of a language as it is written in a country; English outside its own countries is British.

    An unknown language reads as English, so that a document can always be made.
    """
    parts = language.replace("_", "-").split("-")
    base = parts[0].lower()
    regions = [part.upper() for part in parts[1:] if len(part) == 2] + ([country.upper()] if country else [])
    for region in regions:
        try:
            return Locale.parse(f"{base}_{region}")
        except (UnknownLocaleError, ValueError):
            continue
    try:
        return Locale.parse("en_GB" if base == "en" else base)
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


def is_right_to_left(language: str) -> bool:
    """Whether the language is written from right to left."""
    return re.split("[-_]", language.lower())[0] in _RIGHT_TO_LEFT


def symbol(currency: str, locale: Locale) -> str:
    """The currency as payers see it: `€`, `US$` (never a bare `$`), `lei`."""
    own = _OWN_SYMBOLS.get((locale.language, currency))
    if own:
        return own
    found = get_currency_symbol(currency, locale)
    return _BARE_DOLLARS.get(currency, found) if found == "$" else found


def money(amount_minor: int, currency: str, locale: Locale) -> str:
    """An amount in minor units with its currency: `€3,033.16`, `5.885,75 lei`, `−€180.00`."""
    text = _with_symbol(abs(to_decimal(amount_minor, currency)), currency, locale)
    return MINUS + text if amount_minor < 0 else text


def money_parts(amount_minor: int, currency: str, locale: Locale) -> list[MoneyPart]:
    """`money`, in pieces, so that the currency and the cents can be set quieter than the number."""
    text = _with_symbol(abs(to_decimal(amount_minor, currency)), currency, locale)
    digits = re.search(r"\d(?:.*\d)?", text)
    if digits is None:
        return [MoneyPart("int", text)]
    places = exponent(currency)
    cut = digits.end() - places - 1 if places else digits.end()
    parts = [
        MoneyPart("sign", MINUS if amount_minor < 0 else ""),
        MoneyPart("cur", text[: digits.start()]),
        MoneyPart("int", text[digits.start() : cut]),
        MoneyPart("dec", text[cut : digits.end()]),
        MoneyPart("cur", text[digits.end() :]),
    ]
    return [part for part in parts if part.text]


def amount(amount_minor: int, currency: str, locale: Locale) -> str:
    """An amount in minor units without its currency, for columns that name it once: `1,312.00`."""
    value = to_decimal(amount_minor, currency)
    text = _plain(abs(value), exponent(currency), exponent(currency), locale)
    return MINUS + text if amount_minor < 0 else text


def unit_price(price: str, currency: str, locale: Locale) -> str:
    """A unit price with the decimals it has, at least the currency's own: `3.80`, `0.145`."""
    return _number(Decimal(price), exponent(currency), locale)


def quantity(value: str, locale: Locale) -> str:
    """A quantity or a percentage with no more decimals than it needs: `240`, `1.5`."""
    return _number(Decimal(value), 0, locale)


def percent(value: str, locale: Locale) -> str:
    """A percentage given in points: `23%`, `19 %`."""
    pattern = locale.percent_formats[None].pattern
    sign = re.sub(r"[#,.0\u200e\u200f]", "", pattern)
    return quantity(value, locale) + sign


def day(on: date, locale: Locale) -> str:
    """A date in full with its weekday: `Thursday 19 November 2026`."""
    return _full(on, locale, "EEEE")


def month(on: date, locale: Locale) -> str:
    """A month with its year: November 2026."""
    return str(format_skeleton("yMMMM", on, locale=locale))


def short_day(on: date, locale: Locale) -> str:
    """A date with its weekday cut short, where a language does that: `Thu 3 December 2026`."""
    return _full(on, locale, "EEEE" if locale.language in ("ja", "ko", "zh") else "EEE")


def plain_day(on: date, locale: Locale) -> str:
    """A date without its weekday: `18 November 2026`."""
    return str(format_date(on, "long", locale=locale))


def _full(on: date, locale: Locale, weekday: str) -> str:
    pattern = locale.date_formats["full"].pattern.replace("EEEE", weekday)
    if locale.language == "en" and locale.territory != "US":
        pattern = pattern.replace(f"{weekday},", weekday)
    return str(format_date(on, pattern, locale=locale))


def _with_symbol(value: Decimal, currency: str, locale: Locale) -> str:
    pattern = locale.currency_formats["standard"].pattern.split(";")[0]
    text = str(format_currency(value, currency, pattern, locale=locale, currency_digits=True))
    shown = str(get_currency_symbol(currency, locale))
    text = text.replace(shown, symbol(currency, locale)).strip("\u200e\u200f\u061c")
    return re.sub(r"^([^\W\d]+)(?=\d)", "\\1\u00a0", text)


def _number(value: Decimal, least: int, locale: Locale) -> str:
    value = value.normalize()
    places = max(least, -int(value.as_tuple().exponent))
    text = _plain(abs(value), least, places, locale)
    return MINUS + text if value < 0 else text


def _plain(value: Decimal, least: int, most: int, locale: Locale) -> str:
    pattern = "#,##0" + ("." + "0" * least + "#" * (most - least) if most > 0 else "")
    return str(format_decimal(value, pattern, locale=locale))
