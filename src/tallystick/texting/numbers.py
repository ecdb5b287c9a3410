"""Which numbers can be texted: in E.164, and of a kind that mobile telephones have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import phonenumbers
from babel.core import get_global
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from tallystick.customers.queries import phones_of

_MOBILE: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a customer can be texted: `number` in E.164, empty when there is none; `is_typed`: something stands there,
    though no mobile number."""

    number: str
    is_typed: bool


def mobile_number(text: str, country: str) -> str:
    """Return a typed number in E.164 when a mobile telephone can have it, else "". `country` is where it is dialled."""
    try:
        found = phonenumbers.parse(text[:60], country.upper() or None)
    except NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(found) or phonenumbers.number_type(found) not in _MOBILE or found.extension:
        return ""
    return str(phonenumbers.format_number(found, PhoneNumberFormat.E164))


def reach_of(customer_id: UUID) -> Reach:
    """Return where a customer can be texted. Inside `tenant.tx`; two queries."""
    return reaches_of([customer_id]).get(customer_id, Reach("", is_typed=False))


def reaches_of(customer_ids: Sequence[UUID]) -> dict[UUID, Reach]:
    """Return where each of several customers can be texted: contacts who get documents first, then the customer's own.
    Two queries."""
    return {key: _reach(typed, country) for key, (country, typed) in phones_of(customer_ids).items()}


def zones_of(number: str, fallback: str) -> tuple[list[tzinfo], str]:
    """Return the time zones a number may be in, and their country: `fallback` and "" when the number says nothing."""
    try:
        country = str(phonenumbers.region_code_for_number(phonenumbers.parse(number)) or "")
    except NumberParseException:
        country = ""
    names = get_global("territory_zones").get(country, []) if country.isalpha() else []
    zones = list(_known(names))
    return (zones, country) if zones else ([ZoneInfo(fallback)], "")


def _known(names: Iterable[str]) -> Iterable[tzinfo]:
    for name in names:
        try:
            yield ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            continue


def _reach(typed: Sequence[str], country: str) -> Reach:
    found = next(filter(None, (mobile_number(text, country) for text in typed)), "")
    return Reach(found, is_typed=bool(typed))
