"""Everything a new seller needs to issue its first invoice."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from tallystick.base import tenant
from tallystick.catalog.rates import start_tax_rates
from tallystick.invoices.queries import number_series
from tallystick.invoices.series import set_series
from tallystick.sellers.found import found_seller

PATTERNS = {"invoice": "INV-{number}", "credit_note": "CN-{number}", "payment": "R-{number}"}


def found_business(*, seller_id: UUID, country: str, now: datetime, **seller: Any) -> UUID:
    """Create a seller that can sell at once: its admin, its country's tax rates, its number series.

    Takes the arguments of `sellers.found.found_seller` and returns the admin's id. One transaction, idempotent.
    Raises SlugTaken.
    """
    with tenant.tx(seller_id):
        admin_id = found_seller(seller_id=seller_id, country=country, now=now, **seller)
        start_tax_rates(seller_id=seller_id, country=country)
        numbered = {series.kind for series in number_series()}
        for kind in PATTERNS.keys() - numbered:
            set_series(seller_id=seller_id, kind=kind, pattern=PATTERNS[kind])
        return admin_id
