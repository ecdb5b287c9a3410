"""What a draft is, as the caller hands it over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line as typed. `unit_price` in major units with any decimals; `discount_percent` 0 to 100."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    tax_rate_id: UUID
    item_code: str = ""
    detail: str = ""
    unit: str = ""
    discount_percent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class DraftAdjustment:
    """An allowance or charge on the whole document: a percent of the lines' sum, or an amount in minor units."""

    label: str
    is_charge: bool
    tax_rate_id: UUID
    percent: Decimal | None = None
    amount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A document before it is issued. The id is made by the caller: saving the same id twice edits one draft.

    `terms` holds the fields of `core.schedule.Terms` as JSON; `issue_on` keeps a future date back from being issued early.
    """

    id: UUID
    customer_id: UUID
    currency: str
    language: str
    lines: tuple[DraftLine, ...] = ()
    adjustments: tuple[DraftAdjustment, ...] = ()
    kind: str = "invoice"
    credits_id: UUID | None = None
    po_number: str = ""
    delivered_on: date | None = None
    issue_on: date | None = None
    notes: str = ""
    terms: dict[str, Any] = field(default_factory=dict)
    terms_note: str = ""
