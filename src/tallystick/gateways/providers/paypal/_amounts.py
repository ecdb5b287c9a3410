"""Amounts as PayPal writes them: decimal texts, without a fraction for three currencies that have one elsewhere."""

from __future__ import annotations

import re
from decimal import Decimal

from tallystick.core.money import exponent

CURRENCIES = frozenset(
    {
        "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "MXN", "MYR", "NOK",
        "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
    }
)  # fmt: skip
"""What PayPal takes. RON isn't among them."""
_VALUE = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,3})?")
_WHOLE = frozenset({"HUF", "JPY", "TWD"})


class Unrepresentable(ValueError):
    """PayPal can't take, or can't have sent, this amount. The text says why; nothing is ever rounded to fit."""


def to_paypal(amount_minor: int, currency: str) -> dict[str, str]:
    """Return minor units as PayPal's money object. Raises Unrepresentable."""
    if currency not in CURRENCIES:
        raise Unrepresentable(f"PayPal doesn't take {currency}.")
    digits = exponent(currency)
    if currency in _WHOLE:
        amount, rest = divmod(amount_minor, 10**digits)
        if rest:
            raise Unrepresentable(f"PayPal takes {currency} in whole units only.")
        return {"currency_code": currency, "value": str(amount)}
    whole, fraction = divmod(amount_minor, 10**digits)
    return {"currency_code": currency, "value": f"{whole}.{fraction:0{digits}d}"}


def from_paypal(money: object) -> tuple[int, str]:
    """Return PayPal's money object as minor units and currency. Raises Unrepresentable."""
    if not isinstance(money, dict):
        raise Unrepresentable("an amount that isn't an object")
    currency, value = money.get("currency_code"), money.get("value")
    if currency not in CURRENCIES or not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise Unrepresentable("an amount that isn't written as PayPal does")
    minor = Decimal(value).scaleb(exponent(currency))
    amount = int(minor)
    if amount != minor:
        raise Unrepresentable(f"{value} is not a whole amount of {currency}")
    return amount, currency
