"""The brake: how much may be charged by itself before a person is asked."""

from __future__ import annotations

from dataclasses import dataclass

from tallystick.core.money import exponent


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits on automatic charges in one business day. Minor units of a currency with two digits; 0 means no limit.

    `usual_minor` is the most that ran on one day in the last 30 days, in the same currency, and `planned_minor` what
    was agreed for this day at least a day ahead. A run may reach the larger of `floor_minor` and `factor` times either.
    """

    customer_charges: int
    customer_minor: int
    factor: int
    floor_minor: int


@dataclass(frozen=True, slots=True)
class Day:
    """What ran today already: of this customer, and of the seller in this currency. Minor units."""

    customer_charges: int
    customer_minor: int
    run_minor: int
    usual_minor: int
    planned_minor: int


def scaled(minor: int, currency: str) -> int:
    """Return an amount that was set in hundredths, in the minor units of `currency`: 5000 is 50 JPY or 50.000 KWD."""
    digits = exponent(currency)
    return minor * int(10 ** (digits - 2)) if digits >= 2 else minor // int(10 ** (2 - digits))


def in_hundredths(minor: int, currency: str) -> int:
    """Return minor units of `currency` as a limit is kept: the way back from `scaled`. Raises ValueError for what is finer."""
    digits = exponent(currency)
    if digits <= 2:
        return minor * int(10 ** (2 - digits))
    found, finer = divmod(minor, int(10 ** (digits - 2)))
    if finer:
        raise ValueError(f"{minor} {currency} isn't whole hundredths")
    return found


def why_stop(amount_minor: int, currency: str, *, caps: Caps, day: Day) -> str:
    """Return the cap that one more charge of `amount_minor` would break, or "".

    customer_charges, customer_amount: too much for one customer on one day. run: far more than was ever usual.
    """
    if caps.customer_charges and day.customer_charges >= caps.customer_charges:
        return "customer_charges"
    most = scaled(caps.customer_minor, currency)
    if most and day.customer_minor + amount_minor > most:
        return "customer_amount"
    allowed = max(scaled(caps.floor_minor, currency), caps.factor * max(day.usual_minor, day.planned_minor))
    return "run" if day.run_minor + amount_minor > allowed else ""
