"""Taking Stripe's objects apart; strict, because money hangs on it. Anything odd is Unreadable, never a guess."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tallystick.core.errors import UnknownCurrency
from tallystick.gateways.providers.stripe._currency import Unrepresentable, from_stripe
from tallystick.gateways.providers.stripe._transport import Json

ATTEMPT = "tallystick_attempt"
REFUND = "tallystick_refund"
KIND = "tallystick_kind"
"""What we write into an object's metadata: whose it is, and whether a page or a kept method made it."""
PAGE, METHOD = "page", "method"


class Unreadable(ValueError):
    """The answer doesn't have the documented shape."""


def text(thing: Json, name: str) -> str:
    """A text that must be there. Raises Unreadable."""
    value = thing.get(name)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{name} isn't a text")
    return value


def text_or_empty(thing: Json, name: str) -> str:
    """A text, or empty when it is missing or null."""
    value = thing.get(name)
    return value if isinstance(value, str) else ""


def whole(thing: Json, name: str) -> int:
    """A whole number that must be there. Raises Unreadable."""
    value = thing.get(name)
    if type(value) is not int:
        raise Unreadable(f"{name} isn't a whole number")
    return value


def instant(thing: Json, name: str) -> datetime:
    """A Unix time as an instant. Raises Unreadable."""
    try:
        return datetime.fromtimestamp(whole(thing, name), UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise Unreadable(f"{name} isn't an instant") from error


def minor(thing: Json, name: str) -> int:
    """An amount in our minor units of the thing's own currency. Raises Unreadable."""
    try:
        return from_stripe(whole(thing, name), text(thing, "currency"))
    except (Unrepresentable, UnknownCurrency) as error:
        raise Unreadable(str(error)) from error


def currency(thing: Json) -> str:
    """Its currency, in capitals. Raises Unreadable."""
    return text(thing, "currency").upper()


def nested(thing: Json, name: str) -> dict[str, Any] | None:
    """An expanded object, or None where there is none or only its id."""
    value = thing.get(name)
    return value if isinstance(value, dict) else None


def ref(thing: Json, name: str) -> str:
    """The id of an object that may be expanded or not; empty when there is none."""
    value = thing.get(name)
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else ""


def rows(page: Json) -> list[dict[str, Any]]:
    """The objects of a list. Raises Unreadable."""
    values = page.get("data")
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        raise Unreadable("not a list of objects")
    return values


def our_id(thing: Json, name: str) -> UUID | None:
    """Our id in the thing's metadata; None when it isn't one of ours."""
    return uuid_or_none(text_or_empty(nested(thing, "metadata") or {}, name))


def uuid_or_none(value: str) -> UUID | None:
    """A UUID in its usual form, or None: others may write what they like there."""
    try:
        return UUID(value)
    except ValueError:
        return None


def charge_ref(charge: Json) -> str:
    """What a charge is called here: by its PaymentIntent, which refunds, disputes and webhooks name too."""
    return ref(charge, "payment_intent") or text(charge, "id")
