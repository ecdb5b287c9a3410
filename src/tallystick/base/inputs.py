"""What people type into more than one room: texts, email addresses, phone numbers."""

from __future__ import annotations

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
"""Characters no keyboard makes and no page prints."""


def is_email(email: str) -> bool:
    """Return whether it is an address."""
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True


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
