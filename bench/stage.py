"""A database of the benchmarks' own, with a seller and many customers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import psycopg

from bench.measure import Cluster
from tallystick.base import tenant
from tallystick.base.ids import new_id, new_ids
from tallystick.config.database import embedded_server
from tallystick.customers.details import Details
from tallystick.customers.save import save_customers
from tallystick.invoices.draft import Draft, DraftLine
from tallystick.invoices.save import save_drafts
from tallystick.testing.database import fresh_database
from tallystick.testing.world import World, make_world

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
SETTINGS = ("shared_buffers = '512MB'", "max_wal_size = '4GB'", "max_connections = 100", "autovacuum_naptime = '15s'")


@dataclass
class Stage:
    """Where a benchmark plays."""

    url: str
    cluster: Cluster
    world: World
    customers: list[UUID]


@contextmanager
def stage(customers: int = 200) -> Iterator[Stage]:
    """Make a server in a fresh folder, a database, a seller and its customers."""
    with tempfile.TemporaryDirectory(prefix="tally-bench-", dir=os.environ.get("TMPDIR", "/tmp")) as folder:
        with embedded_server(Path(folder) / "pg") as server, psycopg.connect(server, autocommit=True) as connection:
            for setting in SETTINGS:
                connection.execute(f"ALTER SYSTEM SET {setting}")  # type: ignore[arg-type]
        with embedded_server(Path(folder) / "pg") as server:
            url = fresh_database(server, "bench")
            os.environ["DATABASE_URL"] = url
            world = make_world()
            details = [
                Details(id=new_id(), name=f"Customer {n}", country="IE", currency="EUR", language="en")
                for n in range(customers)
            ]
            save_customers(seller_id=world.seller_id, customers=details, now=NOW)
            yield Stage(url, Cluster(url), world, sorted(d.id for d in details))


def make_drafts(on: Stage, count: int, *, customers: list[UUID] | None = None) -> list[UUID]:
    """Save drafts of three lines with two tax rates, in batches of a thousand, spread over the customers."""
    chosen, ids = customers or on.customers, new_ids(count)
    rates = on.world.rates
    lines = (
        DraftLine(
            "Planning drawings, A1 colour", Decimal(240), Decimal("3.80"), rates["standard"], "PLN-A1", unit="pcs"
        ),
        DraftLine("Design statements, wire-bound", Decimal(40), Decimal("14.50"), rates["standard"], unit="pcs"),
        DraftLine("Monograph", Decimal(25), Decimal("18.40"), rates["zero"], "BOOK", unit="pcs"),
    )
    for first in range(0, count, 1000):
        drafts = [
            Draft(ids[at], chosen[at % len(chosen)], "EUR", "en", lines=lines, terms={"kind": "net", "days": 30})
            for at in range(first, min(first + 1000, count))
        ]
        save_drafts(seller_id=on.world.seller_id, drafts=drafts, now=NOW)
    _let_statistics_settle(on)
    return ids


def _let_statistics_settle(on: Stage) -> None:
    """Do at once what autovacuum does within a minute: a live database is never without statistics."""
    with psycopg.connect(on.url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def rows(on: Stage, query: str) -> list[tuple[object, ...]]:
    """Read as the seller."""
    from django.db import connection

    with tenant.tx(on.world.seller_id, read_only=True), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(query)
        return list(cursor.fetchall())
