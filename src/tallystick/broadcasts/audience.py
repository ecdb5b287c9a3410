"""Who is meant: one customer, a saved list, or everyone that a filter finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tallystick.broadcasts.models import SavedListMember
from tallystick.customers.queries import customers_who
from tallystick.invoices.queries import customers_owing

KINDS = ("filter", "list", "one")


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a broadcast is for. A filter's parts all have to fit: with an open balance, overdue by at least so many days
    (0: not asked), currency, language, country; empty ones aren't asked."""

    kind: str = "filter"
    customer_id: UUID | None = None
    list_id: UUID | None = None
    is_owing: bool = False
    overdue_days: int = 0
    currency: str = ""
    language: str = ""
    country: str = ""

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Audience:
        """Return what `as_json` wrote."""
        ids = {name: UUID(stored[name]) if stored.get(name) else None for name in ("customer_id", "list_id")}
        return cls(**{**stored, **ids})

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        ids = {name: str(getattr(self, name) or "") for name in ("customer_id", "list_id")}
        return {**asdict(self), **ids}


def customers_in(audience: Audience, *, on: date) -> list[UUID]:
    """Return the customers meant, those on file only, in the order of their ids. Inside `tenant.tx`; two queries at most.

    `on` is the business date that overdue is counted from.
    """
    if audience.kind == "one":
        return customers_who(ids=[audience.customer_id] if audience.customer_id else [])
    if audience.kind == "list":
        members = SavedListMember.objects.filter(saved_list_id=audience.list_id)
        return customers_who(ids=list(members.values_list("customer_id", flat=True)))
    found = customers_who(currency=audience.currency, language=audience.language, country=audience.country)
    if not (audience.is_owing or audience.overdue_days):
        return found
    owing = customers_owing(on=on, overdue_days=audience.overdue_days)
    return [customer_id for customer_id in found if customer_id in owing]
