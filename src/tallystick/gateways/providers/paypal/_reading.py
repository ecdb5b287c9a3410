"""The pieces of PayPal's answers; strict, because money hangs on them. Anything odd is Unreadable, never a guess."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from tallystick.gateways.providers.paypal._amounts import Unrepresentable, from_paypal


class Unreadable(ValueError):
    """The answer doesn't have the documented shape."""


def text(answer: dict[str, object], name: str) -> str:
    """A text that isn't empty. Raises Unreadable."""
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{name} isn't a text")
    return value


def text_or_empty(answer: dict[str, object], name: str) -> str:
    """A text, or empty when there is none. Raises Unreadable."""
    return "" if answer.get(name) in {None, ""} else text(answer, name)


def part(answer: dict[str, object], name: str) -> dict[str, object]:
    """An object inside; empty when there is none. Raises Unreadable."""
    value = answer.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unreadable(f"{name} isn't an object")
    return value


def parts(answer: dict[str, object], name: str) -> list[dict[str, object]]:
    """A list of objects; empty when there is none. Raises Unreadable."""
    values = answer.get(name)
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        raise Unreadable(f"{name} isn't a list of objects")
    return values


def money(answer: dict[str, object], name: str) -> tuple[int, str]:
    """An amount above zero in minor units, and its currency. Raises Unreadable."""
    try:
        amount, currency = from_paypal(answer.get(name))
    except Unrepresentable as error:
        raise Unreadable(str(error)) from error
    if amount <= 0:
        raise Unreadable("an amount that isn't above zero")
    return amount, currency


def instant(answer: dict[str, object], name: str) -> datetime:
    """An instant with a zone. Raises Unreadable."""
    try:
        value = datetime.fromisoformat(text(answer, name))
    except ValueError as error:
        raise Unreadable(f"{name} isn't an instant") from error
    if value.tzinfo is None:
        raise Unreadable(f"{name} has no zone")
    return value


def link(answer: dict[str, object], *rels: str) -> str | None:
    """The first link of one of these kinds, if it leads to a web page. Raises Unreadable."""
    for each in parts(answer, "links"):
        if each.get("rel") in rels and urlsplit(text(each, "href")).scheme in {"http", "https"}:
            return text(each, "href")
    return None


def linked_id(answer: dict[str, object], rel: str) -> str:
    """The id at the end of a link to another resource. Raises Unreadable."""
    found = link(answer, rel)
    name = urlsplit(found or "").path.rpartition("/")[2]
    if not name:
        raise Unreadable(f"there is no link {rel}")
    return name


def uuid_or_none(value: object) -> UUID | None:
    """One of our ids, if it is one."""
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
