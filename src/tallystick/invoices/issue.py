"""Issuing: a draft becomes a document, with a number, due items, an entry in the book and a fact."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connection

from tallystick.base import events, tenant
from tallystick.base.ids import new_ids
from tallystick.base.rows import insert_rows, unnest
from tallystick.core import postings
from tallystick.core.schedule import DueItem, due_items
from tallystick.customers.party import PARTY_SQL
from tallystick.invoices._terms import read_terms
from tallystick.invoices.errors import NoSuchInvoice, NotIssuable
from tallystick.invoices.numbers import Numbered, take_numbers
from tallystick.ledger.post import Entry, post_entries
from tallystick.sellers.queries import SELLER_PARTY_SQL

DUE_ITEM = {
    "id": "uuid",
    "seller_id": "uuid",
    "invoice_id": "uuid",
    "customer_id": "uuid",
    "position": "smallint",
    "kind": "text",
    "due_on": "date",
    "amount_minor": "bigint",
    "settled_minor": "bigint",
    "is_void": "boolean",
}
_LOCK_CUSTOMERS = """
SELECT 1 FROM customer WHERE id IN (SELECT customer_id FROM invoice WHERE id = ANY(%s)) ORDER BY id FOR NO KEY UPDATE
"""
_READ = """
SELECT id, kind, customer_id, currency, terms, net_minor, tax_minor, rounding_minor, total_minor, number,
  EXISTS (SELECT 1 FROM invoice_line l WHERE l.invoice_id = invoice.id)
FROM invoice WHERE id = ANY(%s) FOR NO KEY UPDATE
"""
_SEAL_CONTENT = """
UPDATE document_content d SET content = d.content || jsonb_build_object(
    'issued_on', %s::text, 'seller', ({seller}), 'due', due.items::jsonb, 'terms_label', due.label)
  || (SELECT jsonb_build_object('customer_number', c.number, 'customer', {party}) FROM customer c
    WHERE c.seller_id = d.seller_id AND c.id = due.customer_id)
FROM {due} AS due (invoice_id, customer_id, items, label) WHERE d.invoice_id = due.invoice_id
"""
_NUMBER = """
UPDATE invoice i SET number = n.number, series_id = n.series_id, number_period = n.period, number_index = n.index,
  issued_on = %s, issued_at = %s, due_on = n.due_on
FROM {numbers} AS n (id, series_id, period, index, number, due_on) WHERE i.id = n.id
"""


@dataclass(frozen=True, slots=True)
class Issued:
    """What became of one draft."""

    id: UUID
    number: str
    total_minor: int


@dataclass
class _Draft:
    id: UUID
    kind: str
    customer_id: UUID
    currency: str
    terms_json: str
    net_minor: int
    tax_minor: int
    rounding_minor: int
    total_minor: int
    number: str | None
    has_lines: bool

    @cached_property
    def terms(self) -> dict[str, Any]:
        """The terms as stored; PostgreSQL hands jsonb to raw cursors as text."""
        return dict(json.loads(self.terms_json))


def issue_invoices(
    *, seller_id: UUID, invoice_ids: Sequence[UUID], now: datetime, today: date, actor_id: UUID | None = None
) -> list[Issued]:
    """Issue drafts on `today` (seller's zone) and return them in the order given; numbers follow that order.

    One transaction for the whole set, with as many statements for one document as for a thousand. Idempotent: what is
    issued already is returned as it is. Locks the customers in ascending id, then the drafts, and the number counter
    last, so that two workers wait for each other only at the end.
    Raises NoSuchInvoice, NotIssuable (no lines, a negative total), core errors for impossible terms.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        found = _lock_and_read(invoice_ids)
        fresh = [found[key] for key in invoice_ids if found[key].number is None]
        for draft in fresh:
            check_issuable(has_lines=draft.has_lines, total_minor=draft.total_minor)
        if not fresh:
            return [Issued(key, found[key].number or "", found[key].total_minor) for key in invoice_ids]
        due = {d.id: _due_items(d, today) for d in fresh}
        _write_due_items(fresh, due, seller_id)
        _seal_content(fresh, due, seller_id, today)
        post_entries(_entries(fresh, today), seller_id=seller_id, now=now)
        _record_facts(fresh, seller_id, now, actor_id)
        numbers = take_numbers([(d.id, d.kind) for d in fresh], seller_id=seller_id, on=today)
        _write_numbers(fresh, numbers, due, now, today)
        named = {**{key: d.number or "" for key, d in found.items()}, **{key: n.number for key, n in numbers.items()}}
        return [Issued(key, named[key], found[key].total_minor) for key in invoice_ids]


def _lock_and_read(invoice_ids: Sequence[UUID]) -> dict[UUID, _Draft]:
    """Lock, then read in a statement of its own: one that did both would see the rows from before the wait."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_CUSTOMERS, [list(invoice_ids)])
        cursor.execute(_READ, [list(invoice_ids)])
        found = {row[0]: _Draft(*row) for row in cursor.fetchall()}
    missing = [str(key) for key in invoice_ids if key not in found]
    if missing:
        raise NoSuchInvoice(", ".join(missing[:5]))
    return found


def check_issuable(*, has_lines: bool, total_minor: int) -> None:
    """Raise NotIssuable for a draft without lines or with a total below zero."""
    if not has_lines:
        raise NotIssuable("empty")
    if total_minor < 0:
        raise NotIssuable("negative")


def _due_items(draft: _Draft, today: date) -> tuple[DueItem, ...]:
    if draft.kind == "credit_note":
        return ()
    return due_items(read_terms(draft.terms), issued_on=today, total_minor=draft.total_minor)


def _write_due_items(fresh: Sequence[_Draft], due: dict[UUID, tuple[DueItem, ...]], seller_id: UUID) -> None:
    ids = iter(new_ids(sum(map(len, due.values()))))
    insert_rows(
        "due_item",
        DUE_ITEM,
        [
            (next(ids), seller_id, d.id, d.customer_id, position, item.kind, item.due_on, item.amount_minor, 0, False)
            for d in fresh
            for position, item in enumerate(due[d.id], start=1)
        ],
    )


def _seal_content(fresh: Sequence[_Draft], due: dict[UUID, tuple[DueItem, ...]], seller_id: UUID, today: date) -> None:
    rows = [
        (
            d.id,
            d.customer_id,
            json.dumps(
                [{"due_on": i.due_on.isoformat(), "amount_minor": i.amount_minor, "kind": i.kind} for i in due[d.id]]
            ),
            str(d.terms.get("label", "")),
        )
        for d in fresh
    ]
    source, parameters = unnest({"invoice_id": "uuid", "customer_id": "uuid", "items": "text", "label": "text"}, rows)
    with connection.cursor() as cursor:
        statement = _SEAL_CONTENT.format(due=source, party=PARTY_SQL, seller=SELLER_PARTY_SQL)
        cursor.execute(statement, [today.isoformat(), seller_id, *parameters])


def _entries(fresh: Sequence[_Draft], today: date) -> list[Entry]:
    ids = iter(new_ids(len(fresh)))
    return [
        Entry(
            id=next(ids),
            kind=f"{d.kind}.issued",
            source_id=d.id,
            subject_id=d.id,
            customer_id=d.customer_id,
            currency=d.currency,
            effective_on=today,
            postings=(postings.credit_note_issued if d.kind == "credit_note" else postings.invoice_issued)(
                totals_net_minor=d.net_minor, tax_minor=d.tax_minor, rounding_minor=d.rounding_minor
            ),
        )
        for d in fresh
    ]


def _record_facts(fresh: Sequence[_Draft], seller_id: UUID, now: datetime, actor_id: UUID | None) -> None:
    ids = iter(new_ids(len(fresh)))
    events.record_all(
        [events.Fact(next(ids), seller_id, f"{d.kind}.issued", d.id, d.customer_id, {}, actor_id, now) for d in fresh]
    )


def _write_numbers(
    fresh: Sequence[_Draft],
    numbers: dict[UUID, Numbered],
    due: dict[UUID, tuple[DueItem, ...]],
    now: datetime,
    today: date,
) -> None:
    rows = [
        (d.id, n.series_id, n.period, n.index, n.number, min((i.due_on for i in due[d.id]), default=None))
        for d, n in ((d, numbers[d.id]) for d in fresh)
    ]
    columns = {
        "id": "uuid",
        "series_id": "uuid",
        "period": "smallint",
        "index": "bigint",
        "number": "text",
        "due_on": "date",
    }
    source, parameters = unnest(columns, rows)
    with connection.cursor() as cursor:
        cursor.execute(_NUMBER.format(numbers=source), [today, now, *parameters])
