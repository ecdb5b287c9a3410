"""Amounts in Stripe's units: its minor units aren't ISO's for a few currencies."""

from __future__ import annotations

from tallystick.core.money import exponent

_NONE, _THREE, _ALWAYS_00 = (
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF",
    "BHD JOD KWD OMR TND",
    "ISK UGX",
)
_DIGITS = {code: digits for codes, digits in ((_NONE, 0), (_THREE, 3), (_ALWAYS_00, 2)) for code in codes.split()}
"""Where Stripe's digits are special. ISK and UGX have none in ISO 4217, two here, always 00. MGA is the other way round.

Every other currency has two; what ISO says has none, three or four and isn't listed here isn't taken by Stripe.
"""
_WHOLE = {code: step for codes, step in ((_THREE, 10), (_ALWAYS_00, 100)) for code in codes.split()}
"""What a charge must be a multiple of, in Stripe's units: the last digit of three is always 0."""


class Unrepresentable(ValueError):
    """Stripe can't take, or can't have sent, this amount. The text says why; nothing is ever rounded to fit."""


def to_stripe(amount_minor: int, currency: str) -> int:
    """Return ISO minor units as Stripe's. Raises Unrepresentable, core.errors.UnknownCurrency."""
    ours, theirs = exponent(currency), _digits(currency)
    amount, rest = _shift(amount_minor, theirs - ours)
    if rest or amount % _WHOLE.get(currency, 1):
        raise Unrepresentable(f"Stripe can't take this amount of {currency}: its last digits must be 0.")
    return amount


def from_stripe(amount: int, currency: str) -> int:
    """Return Stripe's units as ISO minor units; any case of `currency`. Raises Unrepresentable, UnknownCurrency."""
    code = currency.upper()
    ours, theirs = exponent(code), _digits(code)
    minor, rest = _shift(amount, ours - theirs)
    if rest:
        raise Unrepresentable(f"{amount} is not a whole amount of {code}")
    return minor


def _shift(amount: int, digits: int) -> tuple[int, int]:
    """The amount with so many digits more (or fewer), and what would be lost."""
    factor: int = 10 ** abs(digits)
    return (amount * factor, 0) if digits >= 0 else divmod(amount, factor)


def _digits(currency: str) -> int:
    digits = _DIGITS.get(currency, 2)
    if currency not in _DIGITS and exponent(currency) != 2:
        raise Unrepresentable(f"Stripe doesn't take {currency}.")
    return digits
