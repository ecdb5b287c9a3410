"""The sweep of scheduled charges with few and with very many of them in the future: its cost must not follow the calendar."""

from __future__ import annotations

import time
from statistics import median
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection as django_connection
from psycopg import conninfo

from bench.stage import NOW, Stage, make_drafts, stage
from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.invoices.issue import issue_invoices
from tallystick.payments.models import PaymentMethod
from tallystick.testing.provider import add_sandbox

FEW, MANY, DUE = 10_000, 1_000_000, 100
TURNS, ROUNDS = 20, 50
SWEEP = "SELECT seller_id, id FROM due_scheduled_charges(%s, %s, NULL)"


def run(*, many: int = MANY) -> dict[str, Any]:
    """List what is due, a hundred rows, among `FEW` and among `many` that lie ahead: in twin databases, by turns."""
    with stage() as on:
        template = _template(on)
        _write(on.url, AHEAD, template, first=0, count=FEW)
        _write(on.url, DUE_NOW, template, first=0, count=DUE)
        twin = _twin(on)
        _write(twin, AHEAD, template, first=FEW, count=many - FEW)
        took: dict[str, list[float]] = {on.url: [], twin: []}
        with psycopg.connect(on.url, autocommit=True) as few, psycopg.connect(twin, autocommit=True) as more:
            for turn in range(TURNS):
                for url, connection in ((on.url, few), (twin, more)) if turn % 2 else ((twin, more), (on.url, few)):
                    took[url] += [_sweep(connection) for _ in range(ROUNDS)]
            pages = [_pages(few), _pages(more)]
    few_ms, many_ms = (round(median(took[url]), 4) for url in (on.url, twin))
    return {
        "rows_ahead": [FEW, many],
        "median_ms": [few_ms, many_ms],
        "many_to_few": round(many_ms / few_ms, 2),
        "pages_read": pages,
    }


def _twin(on: Stage) -> str:
    """A copy of the database in the same cluster."""
    django_connection.close()
    name = f"{conninfo.conninfo_to_dict(on.url)['dbname']}_many"
    server = conninfo.make_conninfo(on.url, dbname="postgres")
    with psycopg.connect(server, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name} TEMPLATE {name.removesuffix('_many')}")  # type: ignore[arg-type]
    return conninfo.make_conninfo(on.url, dbname=name)


def _sweep(connection: psycopg.Connection[Any]) -> float:
    started = time.perf_counter()
    found = connection.execute(SWEEP, [NOW, DUE]).fetchall()
    took = (time.perf_counter() - started) * 1000
    assert len(found) == DUE
    return took


def _pages(connection: psycopg.Connection[Any]) -> int:
    """Pages of the table and its index that one sweep touches: a figure without noise."""
    [[plan]] = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {SWEEP}", [NOW, DUE]).fetchall()
    return int(plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"])


def _template(on: Stage) -> dict[str, UUID]:
    """One issued invoice with its due item and a kept card: what every planned row here points at."""
    account_id = add_sandbox(on.world, "http://127.0.0.1:9")
    [invoice_id] = make_drafts(on, 1)
    issue_invoices(seller_id=on.world.seller_id, invoice_ids=[invoice_id], now=NOW, today=NOW.date())
    method_id = new_id()
    with tenant.tx(on.world.seller_id):
        PaymentMethod.objects.create(
            id=method_id, seller_id=on.world.seller_id, customer_id=on.customers[0], gateway_account_id=account_id,
            kind="card", brand="Visa", last4="4242", gateway_ref="pm_1", consent_text="I agree.", consent_at=NOW,
            created_at=NOW,
        )  # fmt: skip
    return {"seller": on.world.seller_id, "invoice": invoice_id, "method": method_id, "customer": on.customers[0]}


_COLUMNS = """INSERT INTO scheduled_charge (id, seller_id, customer_id, invoice_id, due_item_id, payment_method_id, origin,
  trigger, event, charge_on, currency, state, reason, due_at, tries, runs, link_version, created_at)
  SELECT uuidv7(), %(seller)s, %(customer)s, %(invoice)s, gen_random_uuid(), %(method)s, 'staff', 'date', '',"""
_FROM = "FROM generate_series(%(first)s::int, %(first)s::int + %(count)s::int - 1) n"
AHEAD = f"""{_COLUMNS} %(now)s::date + 1 + n %% 730, 'EUR', 'scheduled', '',
  %(now)s::timestamptz + interval '1 day' * (1 + n %% 730), 0, 0, 1, %(now)s {_FROM}"""
"""Rows that are due from tomorrow on, spread over two years. Written past the rules: only the sweep looks at them."""
DUE_NOW = f"""{_COLUMNS} %(now)s::date, 'EUR', 'scheduled', '', %(now)s::timestamptz - interval '1 hour', 0, 0, 1,
  %(now)s {_FROM}"""


def _write(url: str, statement: str, template: dict[str, UUID], *, first: int, count: int) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute(statement, {**template, "first": first, "count": count, "now": NOW})
        owner.execute("SET session_replication_role = origin")
        owner.execute("VACUUM ANALYZE scheduled_charge")
