"""What a draft would come to, without saving it: the editor's live figures come from the one engine."""

from __future__ import annotations

from datetime import date

from tallystick.catalog.queries import tax_rates
from tallystick.core.schedule import DueItem, due_items
from tallystick.core.totals import Totals
from tallystick.invoices._price import price
from tallystick.invoices._terms import read_terms
from tallystick.invoices.draft import Draft


def price_draft(draft: Draft) -> Totals | None:
    """Return the totals the draft would be saved with, or None without lines. Inside `tenant.tx`. Raises as `save_drafts`."""
    return price(draft, tax_rates())


def due_of(draft: Draft, *, total_minor: int, issued_on: date) -> tuple[DueItem, ...]:
    """Return the due items the draft would have if it were issued on that day. Raises core errors for impossible terms."""
    if draft.kind == "credit_note" or total_minor <= 0:
        return ()
    return due_items(read_terms(draft.terms), issued_on=issued_on, total_minor=total_minor)
