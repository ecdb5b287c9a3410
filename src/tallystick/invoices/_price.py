"""From what was typed to the core's document, and its totals."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from tallystick.core.document import Adjustment, Document, Line, Tax
from tallystick.core.totals import Totals, total_document
from tallystick.invoices.draft import Draft


def price(draft: Draft, rates: Mapping[UUID, Tax]) -> Totals | None:
    """Return the draft's totals, or None while it has no lines. Raises KeyError for an unknown rate, core errors for amounts."""
    if not draft.lines:
        return None
    lines = tuple(
        Line(
            line.quantity,
            line.unit_price,
            rates[line.tax_rate_id],
            (Adjustment("", is_charge=False, percent=line.discount_percent, amount_minor=None),)
            if line.discount_percent
            else (),
        )
        for line in draft.lines
    )
    adjustments = tuple(
        Adjustment(
            a.label, is_charge=a.is_charge, percent=a.percent, amount_minor=a.amount_minor, tax=rates[a.tax_rate_id]
        )
        for a in draft.adjustments
    )
    return total_document(Document(draft.currency, lines, adjustments))
