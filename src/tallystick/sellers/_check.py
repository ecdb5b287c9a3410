"""What a seller's settings must look like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from stdnum import bic, iban
from stdnum import exceptions as stdnum

from tallystick.core.errors import CoreError
from tallystick.core.money import exponent
from tallystick.core.schedule import Terms

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
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
        elif _CONTROL.search(value):
            problems[name] = "control"
    return problems


def is_email(email: str) -> bool:
    """Return whether it is an address."""
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True


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


def tidy_phone(phone: str, country: str) -> str | None:
    """Return a phone number as it is dialled from abroad, or None when it can't be one."""
    if not phone:
        return ""
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


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
