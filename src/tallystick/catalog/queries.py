"""Reads of the catalog."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from tallystick.base import direct
from tallystick.catalog.models import Item, TaxRate
from tallystick.core.document import Tax


def tax_rates() -> dict[UUID, Tax]:
    """Return every rate of the current seller, archived ones too (old drafts may carry them), as the core's value."""
    return {row.id: Tax(row.category, row.percent.normalize(), row.name, row.note) for row in TaxRate.objects.all()}


def rates_on_offer() -> list[TaxRate]:
    """Return the rates one can choose, the default first."""
    return list(TaxRate.objects.filter(archived_at__isnull=True).order_by("-is_default", "-percent", "name", "id"))


def items_like(text: str, *, currency: str = "", most: int = 8) -> list[Item]:
    """Return items whose code starts with, or whose name contains, the text; code matches first."""
    found = Item.objects.filter(archived_at__isnull=True)
    if text:
        found = found.filter(Q(code__istartswith=text) | Q(name__icontains=text))
    if currency:
        found = found.filter(currency=currency)
    rows = sorted(found.order_by("code")[: most * 4], key=lambda item: not item.code.lower().startswith(text.lower()))
    return rows[:most]


def items(*, most: int = 500) -> list[Item]:
    """Return the items on sale by code."""
    return list(Item.objects.filter(archived_at__isnull=True).select_related("tax_rate").order_by("code")[:most])


def item(item_id: UUID) -> Item | None:
    """Return one item, or None."""
    return direct.find(Item, item_id)


def tax_rate(rate_id: UUID) -> TaxRate | None:
    """Return one rate, or None."""
    return direct.find(TaxRate, rate_id)
