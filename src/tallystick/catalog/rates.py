"""Keeping the tax rates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tallystick.base import direct, tenant
from tallystick.base.ids import new_id
from tallystick.catalog.errors import DefaultRate, NoSuchRate
from tallystick.catalog.models import TaxRate
from tallystick.core.document import Tax

STANDARD_AND_REDUCED: Mapping[str, tuple[str, str]] = {
    "AT": ("USt", "20 13 10"),
    "BE": ("BTW", "21 12 6"),
    "BG": ("ДДС", "20 9"),
    "CH": ("MWST", "8.1 3.8 2.6"),
    "CY": ("ΦΠΑ", "19 9 5"),
    "CZ": ("DPH", "21 12"),
    "DE": ("USt", "19 7"),
    "DK": ("Moms", "25"),
    "EE": ("KM", "24 13 9"),
    "ES": ("IVA", "21 10 4"),
    "FI": ("ALV", "25.5 14 10"),
    "FR": ("TVA", "20 10 5.5"),
    "GB": ("VAT", "20 5"),
    "GR": ("ΦΠΑ", "24 13 6"),
    "HR": ("PDV", "25 13 5"),
    "HU": ("ÁFA", "27 18 5"),
    "IE": ("VAT", "23 13.5 9"),
    "IT": ("IVA", "22 10 5 4"),
    "LT": ("PVM", "21 9 5"),
    "LU": ("TVA", "17 14 8 3"),
    "LV": ("PVN", "21 12 5"),
    "MT": ("VAT", "18 12 7 5"),
    "NL": ("BTW", "21 9"),
    "NO": ("MVA", "25 15 12"),
    "PL": ("VAT", "23 8 5"),
    "PT": ("IVA", "23 13 6"),
    "RO": ("TVA", "21 11"),
    "SE": ("Moms", "25 12 6"),
    "SI": ("DDV", "22 9.5 5"),
    "SK": ("DPH", "23 19 5"),
}
"""What a tax is called and its rates by country, the standard one first. A start: sellers edit them."""

_OUTSIDE_EU = frozenset({"CH", "GB", "NO"})
_EU_RATES = (
    ("Reverse charge", "AE", "Reverse charge: VAT to be accounted for by the recipient"),
    ("Intra-community supply", "K", "VAT-exempt intra-community supply"),
)


def save_tax_rate(
    *,
    seller_id: UUID,
    rate_id: UUID,
    name: str,
    category: str,
    percent: Decimal,
    note: str = "",
    is_default: bool = False,
    actor_id: UUID | None = None,
) -> None:
    """Create or change a rate; issued documents keep theirs. Idempotent by id. Raises core's InvalidTax, InvalidAmount.

    `is_default` makes it the one that new lines start with; a default stays one until another takes its place.
    """
    Tax(category, percent, name, note)
    with tenant.tx(seller_id, actor_id=actor_id):
        _in_turn(seller_id)
        if is_default:
            TaxRate.objects.filter(is_default=True).exclude(id=rate_id).update(is_default=False)
        values = {"name": name, "category": category, "percent": percent, "note": note, "archived_at": None}
        values.update({"is_default": True} if is_default else {})
        TaxRate.objects.update_or_create(
            id=rate_id, defaults=values, create_defaults={"seller_id": seller_id, **values}
        )


def make_default_rate(*, seller_id: UUID, rate_id: UUID, actor_id: UUID | None = None) -> None:
    """Let new lines start with this rate. Idempotent. Raises NoSuchRate."""
    with tenant.tx(seller_id, actor_id=actor_id):
        _in_turn(seller_id)
        if not TaxRate.objects.filter(id=rate_id, archived_at__isnull=True).exists():
            raise NoSuchRate(str(rate_id))
        TaxRate.objects.filter(is_default=True).exclude(id=rate_id).update(is_default=False)
        TaxRate.objects.filter(id=rate_id, is_default=False).update(is_default=True)


def archive_tax_rate(*, seller_id: UUID, rate_id: UUID, now: datetime, actor_id: UUID | None = None) -> None:
    """Offer a rate no more; drafts and documents that carry it keep it. Idempotent. Raises NoSuchRate, DefaultRate."""
    with tenant.tx(seller_id, actor_id=actor_id):
        _in_turn(seller_id)
        rate = direct.find(TaxRate, rate_id)
        if rate is None:
            raise NoSuchRate(str(rate_id))
        if rate.is_default:
            raise DefaultRate(rate.name)
        TaxRate.objects.filter(id=rate_id, archived_at__isnull=True).update(archived_at=now)


def start_tax_rates(*, seller_id: UUID, country: str, actor_id: UUID | None = None) -> None:
    """Give a new seller the rates of its country, the standard one as default. A seller with rates keeps its own."""
    with tenant.tx(seller_id, actor_id=actor_id):
        _in_turn(seller_id)
        if TaxRate.objects.exists():
            return
        word, percents = STANDARD_AND_REDUCED.get(country, ("", ""))
        rows = [(f"{word} {percent}%", "S", Decimal(percent), "") for percent in percents.split()]
        rows.append((f"{word} 0%" if word else "No tax", "Z", Decimal(0), ""))
        if word and country not in _OUTSIDE_EU:
            rows += [(name, category, Decimal(0), note) for name, category, note in _EU_RATES]
        if word:
            rows.append(("Export", "G", Decimal(0), "VAT-exempt export"))
        TaxRate.objects.bulk_create(
            TaxRate(
                id=new_id(),
                seller_id=seller_id,
                name=name,
                category=category,
                percent=percent,
                note=note,
                is_default=at == 0,
            )
            for at, (name, category, percent, note) in enumerate(rows)
        )


def _in_turn(seller_id: UUID) -> None:
    """Two people changing rates go one after the other, so that exactly one stays the default."""
    list(TaxRate.objects.filter(seller_id=seller_id).order_by("id").select_for_update().values_list("id"))
