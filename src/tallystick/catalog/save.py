"""Keeping what is sold."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tallystick.base import tenant
from tallystick.catalog.errors import CodeTaken, NoSuchItem, NoSuchRate
from tallystick.catalog.models import Item, TaxRate
from tallystick.core.errors import InvalidLine
from tallystick.core.money import exponent, require_exact


def save_item(
    *,
    seller_id: UUID,
    item_id: UUID,
    code: str,
    name: str,
    unit_price: Decimal,
    currency: str,
    tax_rate_id: UUID | None = None,
    detail: str = "",
    unit: str = "",
    actor_id: UUID | None = None,
) -> None:
    """Create or change an item; what is on documents already stays as it is. Idempotent by id.

    `unit_price` in major units, up to six decimals. Raises CodeTaken, NoSuchRate, core's InvalidAmount, InvalidLine
    (negative price), UnknownCurrency.
    """
    exponent(currency)
    require_exact(unit_price)
    if unit_price < 0:
        raise InvalidLine("a price is never negative")
    with tenant.tx(seller_id, actor_id=actor_id):
        if Item.objects.filter(code=code).exclude(id=item_id).exists():
            raise CodeTaken(code)
        if tax_rate_id and not TaxRate.objects.filter(id=tax_rate_id, archived_at__isnull=True).exists():
            raise NoSuchRate(str(tax_rate_id))
        values = {
            "code": code,
            "name": name,
            "detail": detail,
            "unit": unit,
            "unit_price": unit_price,
            "currency": currency,
            "tax_rate_id": tax_rate_id,
        }
        Item.objects.update_or_create(id=item_id, defaults=values, create_defaults={"seller_id": seller_id, **values})


def archive_item(*, seller_id: UUID, item_id: UUID, now: datetime, actor_id: UUID | None = None) -> None:
    """Take an item off sale. Idempotent. Raises NoSuchItem."""
    with tenant.tx(seller_id, actor_id=actor_id):
        if not Item.objects.filter(id=item_id).exists():
            raise NoSuchItem(str(item_id))
        Item.objects.filter(id=item_id, archived_at__isnull=True).update(archived_at=now)


def restore_item(*, seller_id: UUID, item_id: UUID, actor_id: UUID | None = None) -> None:
    """Put an archived item back on sale. Idempotent. Raises NoSuchItem."""
    with tenant.tx(seller_id, actor_id=actor_id):
        if not Item.objects.filter(id=item_id).update(archived_at=None):
            raise NoSuchItem(str(item_id))
