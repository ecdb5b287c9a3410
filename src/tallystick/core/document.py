"""What is billed: taxes, allowances and charges, lines, and the document around them. Each value is valid once made.

Terms in capitals (BT-.., BR-..) are those of EN 16931-1. Prices are Decimals in major units, fixed amounts are minor
units, percentages are plain (20 means 20 %).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tallystick.core.errors import InvalidAdjustment, InvalidDocument, InvalidLine, InvalidTax
from tallystick.core.money import exponent, require_bounded, require_exact

ZERO_RATED = frozenset({"Z", "E", "AE", "K", "G", "O"})
"""Zero rated, exempt, reverse charge, intra-community, export, out of scope (UNCL5305): the rate is 0."""

CATEGORIES = ZERO_RATED | {"S", "L", "M"}
"""And standard, Canary Islands (IGIC), Ceuta and Melilla (IPSI)."""

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax rate: category (UNCL5305), percent, the label people see, and the note the law asks for (BT-120)."""

    category: str
    percent: Decimal
    label: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        """Check BR-CL-18 (category), BR-S-05 (above 0) and BR-Z/E/AE/IC/G-05, BR-O-05 (0); raises InvalidTax."""
        if self.category not in CATEGORIES:
            raise InvalidTax(f"{self.category!r} is not a tax category")
        require_exact(self.percent)
        if not 0 <= self.percent <= 100:
            raise InvalidTax(f"{self.percent} % is not a tax rate")
        if self.percent and self.category in ZERO_RATED:
            raise InvalidTax(f"category {self.category} has a rate of 0, not {self.percent}")
        if not self.percent and self.category == "S":
            raise InvalidTax("the standard category needs a rate above 0; use Z, E or O")


@dataclass(frozen=True, slots=True)
class Adjustment:
    """An allowance (discount) or a charge (surcharge, shipping): a percentage or a fixed amount, never both.

    A line's adjustment shares the line's tax; a document's (BG-20, BG-21) names its own (BR-32, BR-37).
    Both kinds are positive numbers: what lowers the sum is an allowance, what raises it a charge.
    """

    label: str
    is_charge: bool
    percent: Decimal | None
    amount_minor: int | None
    tax: Tax | None = None

    def __post_init__(self) -> None:
        """Refuse neither or both, a negative, and an allowance above 100 %; raises InvalidAdjustment."""
        if (self.percent is None) == (self.amount_minor is None):
            raise InvalidAdjustment("give a percentage or an amount, one of the two")
        if self.amount_minor is not None and require_bounded(self.amount_minor) < 0:
            raise InvalidAdjustment("a negative allowance is a charge, and the reverse")
        if self.percent is not None:
            require_exact(self.percent)
            if self.percent < 0 or (self.percent > 100 and not self.is_charge):
                raise InvalidAdjustment(f"{self.percent} % is out of range")


@dataclass(frozen=True, slots=True)
class Line:
    """A line: `quantity` (negative for returns) at `unit_price`, in major units, per `base_quantity` (BT-149)."""

    quantity: Decimal
    unit_price: Decimal
    tax: Tax
    adjustments: tuple[Adjustment, ...] = ()
    base_quantity: Decimal = _ONE

    def __post_init__(self) -> None:
        """Check BR-27 (price not negative; InvalidLine) and that the numbers are finite (InvalidAmount)."""
        require_exact(self.quantity)
        require_exact(self.unit_price)
        if self.unit_price < 0:
            raise InvalidLine("a price is never negative (BR-27); make the quantity negative")
        if self.base_quantity is not _ONE:
            require_exact(self.base_quantity)
            if self.base_quantity <= 0:
                raise InvalidLine("a price is per a positive quantity")
        for adjustment in self.adjustments:
            if adjustment.tax is not None:
                raise InvalidAdjustment("a line's adjustment is taxed like its line")


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice, estimate or credit note: all in one currency.

    `cash_rounding_minor` is the smallest payable step, in minor units: 5 rounds CHF to 0.05; 1 leaves it alone.
    """

    currency: str
    lines: tuple[Line, ...]
    adjustments: tuple[Adjustment, ...] = ()
    cash_rounding_minor: int = 1

    def __post_init__(self) -> None:
        """Refuse an unknown currency, a step below 1 (InvalidDocument), an untaxed adjustment (InvalidAdjustment)."""
        exponent(self.currency)
        if require_bounded(self.cash_rounding_minor) < 1:
            raise InvalidDocument("the smallest payable step is one minor unit")
        for adjustment in self.adjustments:
            if adjustment.tax is None:
                raise InvalidAdjustment("a document's adjustment needs a tax (BR-32, BR-37)")
