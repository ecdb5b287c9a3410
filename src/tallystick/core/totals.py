"""From a document to its totals, as EN 16931 computes them. Screen, PDF, email, ledger and e-invoice all read these.

Computed once, at issue, and stored. All results are minor units. What is rounded, each once, halves away from zero:
a line's gross, every allowance and charge, the tax of every group, and at the end the payable amount.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tallystick.core.document import Adjustment, Document, Line, Tax
from tallystick.core.errors import BrokenIdentity, EmptyDocument
from tallystick.core.money import exponent, require_bounded, round_ratio

__all__ = [
    "Adjustment",
    "AdjustmentAmount",
    "Document",
    "Line",
    "LineAmounts",
    "Tax",
    "TaxTotal",
    "Totals",
    "total_document",
]


@dataclass(frozen=True, slots=True)
class AdjustmentAmount:
    """What an allowance or charge came to. `base_minor` is what the percentage was taken of; None if it was fixed."""

    adjustment: Adjustment
    amount_minor: int
    base_minor: int | None = None


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """A line in minor units: net = gross - allowances + charges (BT-131)."""

    gross_minor: int
    allowances_minor: int
    charges_minor: int
    net_minor: int
    adjustments: tuple[AdjustmentAmount, ...] = ()


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """One group of the tax breakdown (BG-23): all that shares a category and a rate."""

    tax: Tax
    taxable_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Totals:
    """A document's totals (BG-22), in minor units; total = net + tax + rounding."""

    lines: tuple[LineAmounts, ...]
    adjustments: tuple[AdjustmentAmount, ...]
    lines_minor: int
    """BT-106"""
    allowances_minor: int
    """BT-107"""
    charges_minor: int
    """BT-108"""
    net_minor: int
    """BT-109"""
    taxes: tuple[TaxTotal, ...]
    tax_minor: int
    """BT-110"""
    rounding_minor: int
    """BT-114"""
    total_minor: int
    """BT-112 plus BT-114: what is asked for"""


def total_document(document: Document) -> Totals:
    """Return the totals of `document`, in minor units of its currency, proven to add up.

    A document's percentage is taken of the lines that share the adjustment's category and rate (BT-93, BT-100): a
    discount over several rates is one adjustment per rate. Raises EmptyDocument without lines; AmountTooLarge.
    """
    if not document.lines:
        raise EmptyDocument("a document has at least one line (BR-16)")
    scale = 10 ** exponent(document.currency)
    lines = tuple([_total_line(line, scale) for line in document.lines])
    breakdown = _Breakdown()
    for line, amounts in zip(document.lines, lines, strict=True):
        breakdown.add(line.tax, amounts.net_minor)
    adjustments = _adjust_document(document.adjustments, breakdown) if document.adjustments else ()
    allowances_minor, charges_minor = _sum_adjustments(adjustments)
    taxes = breakdown.totals()

    lines_minor = sum([line.net_minor for line in lines])
    net_minor = lines_minor - allowances_minor + charges_minor
    tax_minor = sum([tax.tax_minor for tax in taxes])
    rounding_minor = _cash_rounding(net_minor + tax_minor, step=document.cash_rounding_minor)
    totals = Totals(
        lines=lines,
        adjustments=adjustments,
        lines_minor=require_bounded(lines_minor),
        allowances_minor=require_bounded(allowances_minor),
        charges_minor=require_bounded(charges_minor),
        net_minor=require_bounded(net_minor),
        taxes=taxes,
        tax_minor=require_bounded(tax_minor),
        rounding_minor=rounding_minor,
        total_minor=require_bounded(net_minor + tax_minor + rounding_minor),
    )
    _prove(document, totals)
    return totals


class _Breakdown:
    """The tax breakdown (BG-23) as it fills: a group is a category and a rate, whatever the labels say (BR-CO-18)."""

    __slots__ = ("_taxable", "_taxes")

    def __init__(self) -> None:
        """Start without groups."""
        self._taxable: dict[tuple[str, Decimal], int] = {}
        self._taxes: dict[tuple[str, Decimal], Tax] = {}

    def add(self, tax: Tax, amount_minor: int) -> None:
        """Add to the taxable amount of the group; its first tax gives the label and the note."""
        group = (tax.category, tax.percent)
        if group in self._taxable:
            self._taxable[group] += amount_minor
        else:
            self._taxable[group] = amount_minor
            self._taxes[group] = tax

    def taxable(self, tax: Tax) -> int:
        """Return what the group holds so far (minor units)."""
        return self._taxable.get((tax.category, tax.percent), 0)

    def totals(self) -> tuple[TaxTotal, ...]:
        """Return the groups in order of appearance, taxed per group, not per line (BR-CO-17)."""
        return tuple(
            [
                TaxTotal(tax, taxable, _percentage(tax.percent, taxable))
                for tax, taxable in zip(self._taxes.values(), self._taxable.values(), strict=True)
            ]
        )


def _total_line(line: Line, scale: int) -> LineAmounts:
    """BT-131: quantity x price / base quantity, in minor units, then allowances and charges of the line."""
    quantity, quantity_parts = line.quantity.as_integer_ratio()
    price, price_parts = line.unit_price.as_integer_ratio()
    base, base_parts = line.base_quantity.as_integer_ratio()
    gross = require_bounded(round_ratio(quantity * price * base_parts * scale, quantity_parts * price_parts * base))
    if not line.adjustments:
        return LineAmounts(gross, 0, 0, gross)
    adjustments = tuple([_adjust(each, gross) for each in line.adjustments])
    allowances, charges = _sum_adjustments(adjustments)
    return LineAmounts(gross, allowances, charges, require_bounded(gross - allowances + charges), adjustments)


def _adjust(adjustment: Adjustment, base_minor: int) -> AdjustmentAmount:
    """BT-92, BT-99, BT-136, BT-141: the fixed amount, or the percentage of the base."""
    if adjustment.percent is None:
        return AdjustmentAmount(adjustment, adjustment.amount_minor or 0)
    return AdjustmentAmount(adjustment, _percentage(adjustment.percent, base_minor), base_minor)


def _percentage(percent: Decimal, base_minor: int) -> int:
    parts, whole = percent.as_integer_ratio()
    return require_bounded(round_ratio(base_minor * parts, whole * 100))


def _sum_adjustments(amounts: tuple[AdjustmentAmount, ...]) -> tuple[int, int]:
    """Return the allowances (BR-CO-11) and the charges (BR-CO-12)."""
    allowances = sum([each.amount_minor for each in amounts if not each.adjustment.is_charge])
    charges = sum([each.amount_minor for each in amounts if each.adjustment.is_charge])
    return allowances, charges


def _adjust_document(adjustments: tuple[Adjustment, ...], breakdown: _Breakdown) -> tuple[AdjustmentAmount, ...]:
    """Price all adjustments on the lines alone, so that their order doesn't matter; then move the taxable amounts."""
    taxed = [(each, each.tax) for each in adjustments if each.tax is not None]
    priced = [(_adjust(each, breakdown.taxable(tax)), tax) for each, tax in taxed]
    for amount, tax in priced:
        breakdown.add(tax, amount.amount_minor if amount.adjustment.is_charge else -amount.amount_minor)
    return tuple([amount for amount, _ in priced])


def _cash_rounding(due_minor: int, *, step: int) -> int:
    """BT-114: what brings the amount due to the nearest payable step, halves away from zero."""
    return 0 if step == 1 else round_ratio(due_minor, step) * step - due_minor


def _prove(document: Document, totals: Totals) -> None:
    """Raise BrokenIdentity unless the totals add up, by other paths than they were computed on."""
    lines, taxes = totals.lines, totals.taxes
    line_parts = sum([line.gross_minor - line.allowances_minor + line.charges_minor for line in lines])
    net = totals.lines_minor - totals.allowances_minor + totals.charges_minor
    if not (
        len(lines) == len(document.lines)
        and len(totals.adjustments) == len(document.adjustments)
        and totals.lines_minor == line_parts  # BR-CO-10
        and totals.net_minor == net  # BR-CO-13
        and totals.net_minor == sum([tax.taxable_minor for tax in taxes])  # BR-S-08 and its sisters
        and totals.tax_minor == sum([tax.tax_minor for tax in taxes])  # BR-CO-14
        and totals.total_minor == net + totals.tax_minor + totals.rounding_minor  # BR-CO-15, BR-CO-16
        and totals.total_minor % document.cash_rounding_minor == 0
        and 2 * abs(totals.rounding_minor) <= document.cash_rounding_minor
    ):
        raise BrokenIdentity(f"totals don't add up: {totals}")
