"""The allocation desk: whose money pays nothing yet, where it came from, and what it could pay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

MOST_SOURCES = 20
"""How many payments and notes are shown of one customer; the sums count all."""

_WHOSE = """
SELECT c.id, c.name FROM customer c
 WHERE EXISTS (SELECT 1 FROM customer_balance b WHERE b.customer_id = c.id AND b.unapplied_minor > 0)
   AND (%(after)s::uuid IS NULL OR (c.name, c.id) > (SELECT a.name, a.id FROM customer a WHERE a.id = %(after)s::uuid))
 ORDER BY c.name, c.id LIMIT %(most)s
"""
_CREDIT = """
SELECT b.customer_id, b.currency, b.unapplied_minor,
       coalesce(i.n, 0), coalesce(i.open, 0)::bigint, coalesce(p.free, 0)::bigint
  FROM customer_balance b
  LEFT JOIN LATERAL (SELECT count(*) AS n, sum(open_minor) AS open FROM invoice i WHERE i.customer_id = b.customer_id
    AND i.currency = b.currency AND i.kind = 'invoice' AND i.number IS NOT NULL AND i.open_minor > 0) i ON true
  LEFT JOIN LATERAL (SELECT sum(greatest(unapplied_minor - refund_reserved_minor, 0)) AS free FROM payment p
    WHERE p.customer_id = b.customer_id AND p.currency = b.currency AND p.unapplied_minor > 0) p ON true
 WHERE b.customer_id = ANY(%(ids)s) AND b.unapplied_minor > 0 ORDER BY b.currency
"""
_SOURCES = """
SELECT customer_id, what, id, number, currency, left_minor, on_day, reference FROM (
  SELECT s.*, row_number() OVER (PARTITION BY customer_id ORDER BY on_day, id) AS place FROM (
    SELECT customer_id, 'payment' AS what, id, number, currency, unapplied_minor AS left_minor, received_on AS on_day,
           reference || ' ' || note AS reference
      FROM payment WHERE customer_id = ANY(%(ids)s) AND unapplied_minor > 0
    UNION ALL
    SELECT customer_id, 'credit_note', id, number, currency, open_minor, issue_on, ''
      FROM invoice WHERE customer_id = ANY(%(ids)s) AND kind = 'credit_note' AND number IS NOT NULL AND open_minor > 0
  ) s) t WHERE place <= %(most)s ORDER BY on_day, id
"""
_NAMED = """
SELECT customer_id, currency, upper(number), id, number FROM invoice
 WHERE customer_id = ANY(%(ids)s) AND upper(number) = ANY(%(words)s) AND kind = 'invoice' AND open_minor > 0
 ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class Credit:
    """A customer's credit in one currency, what of it is free to be applied, and what is open: minor units."""

    currency: str
    unapplied_minor: int
    open_count: int
    open_minor: int
    free_minor: int

    @property
    def movable_minor(self) -> int:
        """The most that applying it would move."""
        return min(self.free_minor, self.open_minor)


@dataclass(frozen=True, slots=True)
class Source:
    """A payment or a credit note with something left; `named` are open invoices its reference names: (id, number)."""

    what: str
    id: UUID
    number: str
    currency: str
    left_minor: int
    on: Any
    named: tuple[tuple[UUID, str], ...] = ()


@dataclass(frozen=True, slots=True)
class InCredit:
    """A customer with credit."""

    id: UUID
    name: str
    credits: list[Credit] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    @property
    def movable(self) -> list[Credit]:
        """The currencies in which something can be applied now."""
        return [each for each in self.credits if each.movable_minor > 0]


def in_credit(*, after: UUID | None, size: int) -> tuple[list[InCredit], UUID | None]:
    """Return one page of customers with credit, by name, and the id to go on after. Four queries. Inside `tenant.tx`."""
    found = [InCredit(*row) for row in _rows(_WHOSE, {"after": after, "most": size + 1})]
    page, ids = found[:size], [each.id for each in found[:size]]
    whose = {each.id: each for each in page}
    for row in _rows(_CREDIT, {"ids": ids}):
        whose[row[0]].credits.append(Credit(*row[1:]))
    rows = _rows(_SOURCES, {"ids": ids, "most": MOST_SOURCES})
    named = _named(ids, [row[7] for row in rows])
    for customer_id, what, source_id, number, currency, left, on, text in rows:
        matches = tuple(match for word in _words(text) for match in named.get((customer_id, currency, word), ()))
        whose[customer_id].sources.append(Source(what, source_id, number or "", currency, left, on, matches))
    return page, page[-1].id if len(found) > size else None


def anyone_in_credit() -> bool:
    """Return whether any customer has credit. One query."""
    return bool(_rows("SELECT 1 FROM customer_balance WHERE unapplied_minor > 0 LIMIT 1", {}))


def _words(text: str) -> list[str]:
    return sorted(set(re.findall(r"[\w/.-]+", text.upper())))


def _named(ids: Sequence[UUID], texts: Sequence[str]) -> dict[tuple[UUID, str, str], list[tuple[UUID, str]]]:
    words = sorted({word for text in texts for word in _words(text)})
    found: dict[tuple[UUID, str, str], list[tuple[UUID, str]]] = {}
    for customer_id, currency, word, invoice_id, number in _rows(_NAMED, {"ids": list(ids), "words": words}):
        found.setdefault((customer_id, currency, word), []).append((invoice_id, number))
    return found


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
