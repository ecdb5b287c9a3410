"""Amounts as payers type them: `1,500`, `1.500,00`, `€ 1 500.5`."""

from __future__ import annotations

import re
from decimal import Decimal

from babel import Locale
from babel.numbers import get_group_symbol

from tallystick.core.money import exponent, to_minor

_SPACES = re.compile(r"[\s\u00a0\u202f'’]")
_NUMBER = re.compile(r"\d{1,15}(?:[.,]\d+)*")


def read_amount(text: str, currency: str, locale: Locale) -> int | None:
    """Return a typed amount in minor units, or None when it can't be read for sure.

    With both separators the last one is the decimal one; a lone one before exactly three digits is what the language
    says it is, unless the currency has three decimals; more decimals than the currency has are refused.
    """
    found = _NUMBER.fullmatch(re.sub(r"^[^\d.,-]+|[^\d.,]+$", "", _SPACES.sub("", text)))
    if found is None:
        return None
    whole, mark, decimals = _cut(found.group(), exponent(currency), str(get_group_symbol(locale)))
    groups = re.split("[.,]", whole)
    is_grouped = all(len(group) == 3 for group in groups[1:]) and (len(groups) == 1 or len(groups[0]) <= 3)
    if not is_grouped or mark in _marks(whole) or len(_marks(whole)) > 1 or len(decimals) > exponent(currency):
        return None
    return to_minor(Decimal(f"{''.join(groups)}.{decimals or '0'}"), currency)


def _marks(text: str) -> set[str]:
    return set(re.findall("[.,]", text))


def _cut(number: str, places: int, group: str) -> tuple[str, str, str]:
    """Split at the decimal separator, if there is one."""
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return number, "", ""
    mark, tail = number[last], number[last + 1 :]
    is_only_kind = len(_marks(number)) == 1
    repeats = number.count(mark) > 1
    if is_only_kind and (repeats or (len(tail) == 3 and places != 3 and mark == group)):
        return number, "", ""
    return number[:last], mark, tail
