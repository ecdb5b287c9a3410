"""Gapless numbers: a counter row per series and period, taken last in the issuing transaction.

A rollback gives the numbers back; there is no MAX + 1 and no sequence, so there are no gaps and no duplicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from tallystick.core.numbering import Pattern
from tallystick.invoices.errors import NotIssuable

_TAKE = """
INSERT INTO number_counter AS c (series_id, period, seller_id, next)
SELECT s.id, CASE WHEN s.pattern ~ '\\{(year|yy)\\}' THEN %s ELSE 0 END, s.seller_id, %s + 1
FROM number_series s WHERE s.kind = %s AND s.is_default
ON CONFLICT (series_id, period) DO UPDATE SET next = c.next + excluded.next - 1
RETURNING series_id, period, next, (SELECT pattern FROM number_series s WHERE s.id = c.series_id)
"""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A number taken: its place in the series, and how it reads."""

    series_id: UUID
    period: int
    index: int
    number: str


def take_numbers(documents: Sequence[tuple[UUID, str]], *, seller_id: UUID, on: date) -> dict[UUID, Numbered]:
    """Take the next numbers for documents given as (id, kind), in that order, from each kind's default series.

    Locks the counters until the transaction ends: call it last. Raises NotIssuable when a kind has no series.
    """
    taken: dict[UUID, Numbered] = {}
    for kind in sorted({kind for _, kind in documents}):
        ids = [document_id for document_id, its_kind in documents if its_kind == kind]
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, [on.year, len(ids), kind])
            row = cursor.fetchone()
        if row is None:
            raise NotIssuable("no_series")
        series_id, period, following, text = row
        pattern, first = Pattern.parse(text), following - len(ids)
        for index, document_id in enumerate(ids, start=first):
            taken[document_id] = Numbered(series_id, period, index, pattern.format(number=index, year=on.year))
    return taken
