"""Money: whole minor units and a currency code (EUR 12.34 is 1234). The one rounding rule lives here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import total_ordering

from tallystick.core.errors import AmountTooLarge, CurrencyMismatch, InvalidAmount, InvalidWeights, UnknownCurrency

MAX_MINOR = 10**15
"""The largest amount, in minor units: room to spare in a bigint, far beyond any invoice."""

_CURRENCIES_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""ISO 4217, table A.1, column "minor unit": every currency that doesn't have two digits."""

_DIGITS = {currency: digits for digits, currencies in _CURRENCIES_BY_DIGITS.items() for currency in currencies.split()}

_BOUNDED = Context(prec=40, Emax=30, Emin=-30, traps=[InvalidOperation, Inexact, Overflow])
"""The numbers we can keep exactly. A number outside is refused, never quietly shortened."""


def exponent(currency: str) -> int:
    """Return the digits of the minor unit (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD.

    Raises UnknownCurrency unless `currency` is three capital letters.
    """
    digits = _DIGITS.get(currency)
    if digits is not None:
        return digits
    if len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper():
        return 2
    raise UnknownCurrency(f"{currency!r} is not an ISO 4217 code")


def require_exact(number: Decimal) -> None:
    """Refuse what exact arithmetic can't carry.

    Raises InvalidAmount for NaN, infinity or more than 40 digits; AmountTooLarge from 10**31.
    """
    try:
        finite = _BOUNDED.plus(number).is_finite()
    except Overflow:
        raise AmountTooLarge(f"{number:.3e} is too large") from None
    except (Inexact, InvalidOperation):
        raise InvalidAmount("a number with too many digits, or none") from None
    if not finite:
        raise InvalidAmount(f"{number} is not a number")


def require_bounded(minor: int) -> int:
    """Return `minor` (minor units) as it is. Raises AmountTooLarge beyond MAX_MINOR."""
    if -MAX_MINOR <= minor <= MAX_MINOR:
        return minor
    raise AmountTooLarge(f"{minor} minor units is more than {MAX_MINOR}")


def round_ratio(numerator: int, denominator: int) -> int:
    """Return `numerator / denominator` as the nearest whole number, halves away from zero.

    This is commercial rounding, and the only rounding there is: 0.5 -> 1, -0.5 -> -1, so that a credit mirrors its
    invoice to the cent. In whole numbers, so that a quotient is never rounded twice. `denominator` is positive.
    """
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


def round_minor(amount: Decimal) -> int:
    """Return `amount`, a Decimal already in minor units, rounded by the rule of `round_ratio`.

    Raises InvalidAmount for NaN and infinity; AmountTooLarge beyond MAX_MINOR.
    """
    require_exact(amount)
    return require_bounded(round_ratio(*amount.as_integer_ratio()))


def to_minor(amount: Decimal, currency: str) -> int:
    """Return `amount` in major units as minor units: 12.345 EUR -> 1235.

    Raises InvalidAmount, AmountTooLarge, UnknownCurrency.
    """
    require_exact(amount)
    numerator, denominator = amount.as_integer_ratio()
    return require_bounded(round_ratio(numerator * 10 ** exponent(currency), denominator))


def to_decimal(minor: int, currency: str) -> Decimal:
    """Return minor units as major units with the currency's own digits: 1230 EUR -> 12.30. Raises UnknownCurrency."""
    digits = tuple(map(int, str(abs(minor))))
    return Decimal((int(minor < 0), digits, -exponent(currency)))


def split(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Split `total_minor` in proportion to `weights`, by the largest remainder; the parts sum exactly to the total.

    Ties go to the earlier part; a part of weight 0 gets 0; if all weights are 0 the parts are equal. A negative total
    mirrors the positive one. Raises InvalidWeights without weights or with a negative one.
    """
    if not weights or min(weights) < 0:
        raise InvalidWeights(f"cannot split by {list(weights)}")
    whole = sum(weights)
    if whole == 0:
        return split(total_minor, [1] * len(weights))
    magnitude, sign = abs(total_minor), -1 if total_minor < 0 else 1
    shares = [divmod(magnitude * weight, whole) for weight in weights]
    parts = [floor for floor, _ in shares]
    by_remainder = sorted(range(len(parts)), key=lambda at: -shares[at][1])
    for at in by_remainder[: magnitude - sum(parts)]:
        parts[at] += 1
    return [sign * part for part in parts]


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one ISO 4217 currency.

    Adding or ordering two currencies raises CurrencyMismatch; amounts of two currencies are never equal.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse an unknown currency (UnknownCurrency) and an absurd amount (AmountTooLarge)."""
        exponent(self.currency)
        require_bounded(self.minor)

    def __add__(self, other: Money) -> Money:
        """Return the sum."""
        return Money(self.minor + self._same_currency(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        """Return the difference."""
        return Money(self.minor - self._same_currency(other).minor, self.currency)

    def __neg__(self) -> Money:
        """Return the opposite amount."""
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        """Order by amount."""
        return self.minor < self._same_currency(other).minor

    def _same_currency(self, other: Money) -> Money:
        if other.currency == self.currency:
            return other
        raise CurrencyMismatch(f"{self.currency} and {other.currency} don't mix")
