"""How documents are numbered."""

from __future__ import annotations

from uuid import UUID

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.core.numbering import Pattern
from tallystick.invoices.models import NumberCounter, NumberSeries

KINDS = ("invoice", "credit_note", "payment")


def set_series(*, seller_id: UUID, kind: str, pattern: str, first: int = 1, actor_id: UUID | None = None) -> None:
    """Number documents of a kind by `pattern` from now on; a series used before goes on where it stopped.

    `first` is the first number of a series that is new. Raises core's InvalidPattern, ValueError for an unknown kind.
    """
    if kind not in KINDS or first < 1:
        raise ValueError(kind)
    Pattern.parse(pattern)
    with tenant.tx(seller_id, actor_id=actor_id):
        NumberSeries.objects.filter(kind=kind, is_default=True).exclude(pattern=pattern).update(is_default=False)
        series = NumberSeries.objects.filter(kind=kind, pattern=pattern).first()
        if series:
            NumberSeries.objects.filter(id=series.id).update(is_default=True)
            return
        series = NumberSeries.objects.create(
            id=new_id(), seller_id=seller_id, kind=kind, pattern=pattern, is_default=True
        )
        if first > 1 and "{y" not in pattern:
            NumberCounter.objects.create(seller_id=seller_id, series_id=series.id, period=0, next=first)
