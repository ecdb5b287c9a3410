"""Changing how a seller presents itself and does business."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tallystick.base import events, tenant
from tallystick.base.brand import derive
from tallystick.base.inputs import is_email, tidy_phone
from tallystick.sellers import _check
from tallystick.sellers.errors import InvalidSettings
from tallystick.sellers.logo import clean_logo
from tallystick.sellers.models import Seller

LONGEST = {
    "name": 200,
    "legal_name": 200,
    "street": 300,
    "city": 120,
    "postcode": 20,
    "region": 120,
    "tax_id": 40,
    "company_no": 60,
    "email": 254,
    "phone": 40,
    "terms_note": 2000,
}


@dataclass(frozen=True, slots=True)
class Business:
    """The business fields as the caller hands them over; `terms` holds the fields of `core.schedule.Terms`."""

    name: str
    country: str
    currency: str
    legal_name: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    region: str = ""
    tax_id: str = ""
    company_no: str = ""
    email: str = ""
    phone: str = ""
    time_zone: str = "UTC"
    language: str = "en"
    terms: dict[str, Any] = field(default_factory=lambda: {"kind": "net", "days": 30})
    terms_note: str = ""
    partial_payments: bool = True
    minimum_partial_percent: int = 10


def update_seller(*, seller_id: UUID, business: Business, now: datetime, actor_id: UUID | None = None) -> None:
    """Change the business fields; issued documents keep theirs. Raises InvalidSettings."""
    values = {name: v.strip() if isinstance(v, str) else v for name, v in asdict(business).items()}
    values["email"] = values["email"].lower()
    problems = _problems(values)
    phone = tidy_phone(values["phone"], values["country"])
    if phone is None:
        problems["phone"] = "phone"
    if problems:
        raise InvalidSettings(problems)
    _write(seller_id, {**values, "phone": phone}, now, actor_id)


def save_branding(
    *,
    seller_id: UUID,
    brand: str,
    now: datetime,
    logo: bytes | None = None,
    remove_logo: bool = False,
    actor_id: UUID | None = None,
) -> None:
    """Set the colour (`#rrggbb`) and, when given, the logo. Raises InvalidSettings, InvalidLogo."""
    try:
        derive(brand)
    except ValueError:
        raise InvalidSettings({"brand": "colour"}) from None
    values: dict[str, Any] = {"brand": brand.lower()}
    if logo is not None:
        values["logo"] = clean_logo(logo)
    elif remove_logo:
        values["logo"] = None
    _write(seller_id, values, now, actor_id)


def _problems(values: dict[str, Any]) -> dict[str, str]:
    texts = {name: values[name] for name in LONGEST}
    problems = _check.check_texts(texts, LONGEST, frozenset({"name"}))
    tests = {
        "country": _check.is_country(values["country"]),
        "currency": _check.is_currency(values["currency"]),
        "time_zone": _check.is_time_zone(values["time_zone"]),
        "language": _check.is_language(values["language"]),
        "email": not values["email"] or is_email(values["email"]),
        "terms": _check.terms_work(values["terms"]),
    }
    problems.update({name: name for name, fits in tests.items() if not fits and name not in problems})
    if not 0 <= values["minimum_partial_percent"] <= 100:
        problems["minimum_partial_percent"] = "percent"
    return problems


def _write(seller_id: UUID, values: dict[str, Any], now: datetime, actor_id: UUID | None) -> None:
    with tenant.tx(seller_id, actor_id=actor_id):
        before = Seller.objects.select_for_update(no_key=True).get(id=seller_id)
        changed = sorted(name for name, value in values.items() if getattr(before, name) != value)
        if not changed:
            return
        Seller.objects.filter(id=seller_id).update(**{name: values[name] for name in changed})
        events.record(
            "seller.changed", seller_id=seller_id, subject_id=seller_id, now=now, actor_id=actor_id, fields=changed
        )
