"""What a seller's settings must look like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from stdnum import bic, iban
from stdnum import exceptions as stdnum

from tallystick.base.inputs import CONTROL
from tallystick.core.errors import CoreError
from tallystick.core.money import exponent
from tallystick.core.schedule import Terms

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_IBAN = {stdnum.InvalidLength: "iban_length", stdnum.InvalidChecksum: "iban_checksum"}


def check_texts(values: Mapping[str, str], longest: Mapping[str, int], required: frozenset[str]) -> dict[str, str]:
    """Return which texts are missing, too long or hold what no keyboard makes."""
    problems = {}
    for name, value in values.items():
        if not value and name in required:
            problems[name] = "required"
        elif len(value) > longest.get(name, 300):
            problems[name] = "too_long"
        elif CONTROL.search(value):
            problems[name] = "control"
    return problems


def is_currency(currency: str) -> bool:
    """Return whether it looks like an ISO 4217 code."""
    try:
        exponent(currency)
    except CoreError:
        return False
    return True


def is_country(country: str) -> bool:
    """Return whether it looks like an ISO 3166 code."""
    return bool(re.fullmatch("[A-Z]{2}", country))


def is_time_zone(zone: str) -> bool:
    """Return whether the machine knows the zone."""
    return zone in available_timezones()


def is_language(language: str) -> bool:
    """Return whether pages and emails exist in it."""
    return language in dict(settings.LANGUAGES)


def is_host(host: str) -> bool:
    """Return whether it can be the name or the number of a server."""
    return bool(_HOST.fullmatch(host))


def terms_work(terms: Mapping[str, Any]) -> bool:
    """Return whether the core can turn payment terms into dates."""
    try:
        Terms(
            kind=str(terms.get("kind", "")),
            days=int(terms.get("days", 0)),
            instalments=int(terms.get("instalments", 1)),
        )
    except (CoreError, TypeError, ValueError):
        return False
    return 0 <= int(terms.get("days", 0)) <= 365


def tidy_iban(text: str) -> tuple[str, str]:
    """Return an IBAN without its spaces, and what is wrong with it or an empty text."""
    compact = iban.compact(text).upper()
    try:
        return iban.validate(compact), ""
    except stdnum.ValidationError as error:
        return compact, _IBAN.get(type(error), "iban_format")


def is_bic(text: str) -> bool:
    """Return whether it can be a bank's code."""
    return bool(bic.is_valid(text))
