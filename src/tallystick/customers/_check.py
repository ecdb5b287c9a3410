"""What a customer's fields must look like, and how they are tidied before they are kept."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Any

from stdnum import exceptions as stdnum
from stdnum import get_cc_module

from tallystick.base.inputs import CONTROL, is_email, tidy_phone
from tallystick.core.errors import UnknownCurrency
from tallystick.core.money import exponent
from tallystick.customers.details import ContactDetails, Details

LONGEST = {
    "number": 40,
    "name": 200,
    "attention": 200,
    "street": 300,
    "city": 120,
    "postcode": 20,
    "region": 120,
    "tax_id": 40,
    "email": 254,
    "phone": 40,
    "note": 20_000,
}
_REASONS = {
    stdnum.InvalidLength: "tax_length",
    stdnum.InvalidChecksum: "tax_checksum",
    stdnum.InvalidComponent: "tax_component",
}
_UNMARKED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})


def sort_key(name: str) -> str:
    """Return what a name is sorted by: without case and marks, so that Țăran stands among the T."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_UNMARKED))
    return "".join(c for c in plain if not unicodedata.combining(c)).strip()[:200]


def check_tax_id(country: str, tax_id: str) -> str:
    """Return what is wrong with a tax id, or "" when nothing is, or when nobody here knows that country's rules."""
    if not tax_id:
        return ""
    rules = get_cc_module(country.lower(), "vat")
    if rules is None:
        return ""
    try:
        rules.validate(tax_id)
    except stdnum.ValidationError as error:
        return _REASONS.get(type(error), "tax_format")
    return ""


def tidy(given: Details, *, tax_ids_as_typed: bool) -> tuple[Details, dict[str, str]]:
    """Return the customer as it is kept, and what is wrong with it: field → reason."""
    kept = _strip(given)
    problems = _texts(kept)
    if not kept.name:
        problems["name"] = "required"
    if not re.fullmatch("[A-Z]{2}", kept.country):
        problems["country"] = "country"
    try:
        exponent(kept.currency)
    except UnknownCurrency:
        problems["currency"] = "currency"
    if not tax_ids_as_typed and "country" not in problems:
        problems.update({"tax_id": reason} if (reason := check_tax_id(kept.country, kept.tax_id)) else {})
    if kept.email and not is_email(kept.email):
        problems["email"] = "email"
    phone = tidy_phone(kept.phone, kept.country)
    if phone is None:
        problems["phone"] = "phone"
    contacts = []
    for at, person in enumerate(kept.contacts):
        contact, wrong = _tidy_contact(person, kept.country)
        contacts.append(contact)
        problems.update({f"contacts.{at}.{field}": reason for field, reason in wrong.items()})
    return replace(kept, phone=phone or kept.phone, contacts=tuple(contacts)), problems


def _strip(given: Details) -> Details:
    tidied: dict[str, Any] = {name: str(getattr(given, name)).strip() for name in LONGEST}
    tidied["email"] = tidied["email"].lower()
    tidied["tax_id"] = tidied["tax_id"].upper()
    return replace(given, **tidied, country=given.country.upper(), currency=given.currency.upper())


def _tidy_contact(person: ContactDetails, country: str) -> tuple[ContactDetails, dict[str, str]]:
    kept = replace(person, name=person.name.strip(), email=person.email.strip().lower(), phone=person.phone.strip())
    problems = _texts(kept)
    if not kept.name:
        problems["name"] = "required"
    if kept.email and not is_email(kept.email):
        problems["email"] = "email"
    phone = tidy_phone(kept.phone, country)
    if phone is None:
        problems["phone"] = "phone"
    return replace(kept, phone=phone or kept.phone), problems


def _texts(kept: Details | ContactDetails) -> dict[str, str]:
    problems = {}
    for name, longest in LONGEST.items():
        value = getattr(kept, name, "")
        if len(value) > longest:
            problems[name] = "too_long"
        elif CONTROL.search(value):
            problems[name] = "control"
    return problems
