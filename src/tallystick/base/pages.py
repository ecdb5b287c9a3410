"""Keyset pages: a page starts after a row, not at an offset, so that page 400 costs what page 1 does."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursor of the next ones (empty at the end)."""

    rows: Sequence[Row]
    next_cursor: str


def keyset_page(rows: QuerySet[Row], *, keys: Sequence[str], cursor: str, size: int) -> Page[Row]:
    """Return the page after `cursor`. `keys` are order_by names, all in one direction, the last of them unique.

    A cursor that doesn't parse is the first page: it comes from an address bar.
    """
    found = list(_after(rows.order_by(*keys), keys, cursor)[: size + 1])
    last = _encode([_value(found[size - 1], key) for key in keys]) if len(found) > size else ""
    return Page(found[:size], last)


def _after(rows: QuerySet[Row], keys: Sequence[str], cursor: str) -> QuerySet[Row]:
    names = [key.lstrip("-") for key in keys]
    values = _typed(rows, names, _decode(cursor, len(keys)))
    if values is None:
        return rows
    step = "lt" if keys[0].startswith("-") else "gt"
    condition = Q()
    for at in range(len(names)):
        same = dict(zip(names[:at], values[:at], strict=True))
        condition |= Q(**same, **{f"{names[at]}__{step}": values[at]})
    return rows.filter(condition)


def _typed(rows: QuerySet[Row], names: Sequence[str], values: list[Any] | None) -> list[Any] | None:
    """Return the values as their columns take them, or None when one can't be one: somebody made the cursor up."""
    if values is None or any(not isinstance(value, str | int) or "\x00" in str(value) for value in values):
        return None
    try:
        return [_field(rows, name).to_python(value) for name, value in zip(names, values, strict=True)]
    except (ValidationError, TypeError, ValueError):
        return None


def _field(rows: QuerySet[Row], name: str) -> Any:
    annotation = rows.query.annotations.get(name)
    if annotation is not None:
        return annotation.output_field
    model: Any = rows.model
    for part in name.split("__"):
        field = model._meta.pk if part == "pk" else model._meta.get_field(part)
        model = field.related_model
    return field


def _value(row: Any, key: str) -> Any:
    for name in key.lstrip("-").split("__"):
        row = getattr(row, name)
    return row


def _encode(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values, default=str).encode()).decode().rstrip("=")


def _decode(cursor: str, length: int) -> list[Any] | None:
    try:
        values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        return None
    return values if isinstance(values, list) and len(values) == length and None not in values else None
