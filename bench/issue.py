"""P1–P4: a billing run against raw COPY of the same rows, its linearity, two workers, and one invoice."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median
from typing import Any
from uuid import UUID

import psycopg

from bench.issue_worker import BATCH
from bench.measure import Cost, measured, rss_mb
from bench.stage import NOW, Stage, make_drafts, rows, stage
from tallystick.base.invariants import broken_rules
from tallystick.invoices.issue import issue_invoices

WRITTEN: Sequence[tuple[str, str]] = (
    ("invoice", "t.id = ANY(%s)"),
    ("document_content", "t.invoice_id = ANY(%s)"),
    ("due_item", "t.invoice_id = ANY(%s)"),
    ("journal_line", "t.entry_id IN (SELECT e.id FROM journal_entry e WHERE e.source_id = ANY(%s))"),
    ("journal_entry", "t.source_id = ANY(%s)"),
    ("event", "t.subject_id = ANY(%s) AND t.kind = 'invoice.issued'"),
)
"""Table → which of its rows issuing wrote."""


def run(sizes: Sequence[int]) -> dict[str, Any]:
    """Run for each size on a fresh database and compare."""
    found: dict[str, Any] = {"sizes": {}}
    for size in sizes:
        with stage() as on:
            found["sizes"][size] = _billing(on, size)
    first, last = found["sizes"][sizes[0]], found["sizes"][sizes[-1]]
    found["linearity"] = round(last["cpu_ms_per_invoice"] / first["cpu_ms_per_invoice"], 2)
    with stage() as on:
        found["two_workers"] = _two_workers(on, 10_000)
    return found


def _billing(on: Stage, size: int) -> dict[str, Any]:
    """Issue `size` drafts in batches; copy the rows of every tenth of them into twins of the tables, interleaved."""
    ours, theirs, copied, client_mb = Cost(), Cost(), 0, 0.0
    _make_twins(on)
    slices: list[float] = []
    step = max(BATCH, size // 10)
    for first in range(0, size, step):
        ids = make_drafts(on, min(step, size - first))
        spent = Cost()
        for at in range(0, len(ids), BATCH):
            with measured(on.cluster) as cost:
                issue_invoices(
                    seller_id=on.world.seller_id, invoice_ids=ids[at : at + BATCH], now=NOW, today=NOW.date()
                )
            spent += cost
        client_mb = max(client_mb, rss_mb())
        ours += spent
        slices.append(spent.cpu_ms / len(ids))
        for at in range(0, min(len(ids), 2 * BATCH), BATCH):
            cost, count = _copy(on, ids[at : at + BATCH])
            theirs += cost
            copied += count
    _verify(on, size)
    per_invoice, per_copy = ours.cpu_ms / size, theirs.cpu_ms / copied
    return {
        "cpu_ms_per_invoice": round(per_invoice, 4),
        "invoices_per_s": round(size / ours.wall_ms * 1000),
        "copy_cpu_ms_per_invoice": round(per_copy, 4),
        "share_of_raw_copy": round(per_copy / per_invoice, 3),
        "slowest_slice_to_median": round(max(slices) / median(slices), 2),
        "client_mb": round(client_mb),
    }


def _make_twins(on: Stage) -> None:
    """Make a twin of each table with the same indexes, checks and foreign keys, without triggers or row security."""
    with psycopg.connect(on.url, autocommit=True) as connection:
        for table, _ in WRITTEN:
            connection.execute(f"CREATE TABLE twin_{table} (LIKE {table} INCLUDING ALL)")  # type: ignore[arg-type]
        keys = connection.execute(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f'"
            " AND conrelid::regclass::text = ANY(%s)",
            [[table for table, _ in WRITTEN]],
        ).fetchall()
        twins = {table for table, _ in WRITTEN}
        for table, definition in keys:
            for other in twins:
                definition = definition.replace(f"REFERENCES {other}(", f"REFERENCES twin_{other}(")
            connection.execute(f"ALTER TABLE twin_{table} ADD {definition}")


def _copy(on: Stage, ids: list[UUID]) -> tuple[Cost, int]:
    """Copy the rows that issuing wrote, as they stand, into the twins; only the way in is measured."""
    with psycopg.connect(on.url) as connection, connection.cursor() as cursor:
        ready = []
        for table, which in WRITTEN:
            columns = _columns(cursor, table)
            query = f"COPY (SELECT {columns} FROM {table} t WHERE {which}) TO STDOUT"
            with cursor.copy(query, [ids]) as out:  # type: ignore[arg-type]
                ready.append((table, columns, b"".join(bytes(chunk) for chunk in out)))
        connection.commit()
        with measured(on.cluster) as cost:
            for table, columns, data in ready:
                with cursor.copy(f"COPY twin_{table} ({columns}) FROM STDIN") as into:  # type: ignore[arg-type]
                    into.write(data)
            connection.commit()
    return cost, len(ids)


def _columns(cursor: psycopg.Cursor[Any], table: str) -> str:
    """The columns of a table that are not generated."""
    cursor.execute(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        [table],
    )
    row = cursor.fetchone()
    assert row
    return str(row[0])


def _verify(on: Stage, size: int) -> None:
    """Refuse a figure whose rows are wrong: gapless, balanced, complete."""
    [[count, first, last]] = rows(
        on, "SELECT count(*), min(number_index), max(number_index) FROM invoice WHERE number IS NOT NULL"
    )
    assert (count, first, last) == (size, 1, size), (count, first, last)
    [[total]] = rows(on, "SELECT coalesce(sum(amount_minor), 0) FROM journal_line")
    assert total == 0, total
    if size <= 10_000:
        assert broken_rules(on.world.seller_id) == {}


def _two_workers(on: Stage, size: int) -> dict[str, Any]:
    """Issue `size` drafts with one process, then as many with two, each with customers of its own."""
    warm_up = make_drafts(on, 2 * BATCH)
    for at in range(0, len(warm_up), BATCH):
        issue_invoices(seller_id=on.world.seller_id, invoice_ids=warm_up[at : at + BATCH], now=NOW, today=NOW.date())
    half = len(on.customers) // 2
    parts = [on.customers[:half], on.customers[half:]]
    alone = _wall(on, [make_drafts(on, size)])
    together = _wall(on, [make_drafts(on, size // 2, customers=part) for part in parts])
    _verify(on, 2 * size + len(warm_up))
    return {"one_s": round(alone, 2), "two_s": round(together, 2), "speed_up": round(alone / together, 2)}


def _wall(on: Stage, works: list[list[UUID]]) -> float:
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.issue_worker", str(on.world.seller_id)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in works
    ]
    for worker in workers:
        assert worker.stdout
        worker.stdout.readline()
    started = time.perf_counter()
    for worker, ids in zip(workers, works, strict=True):
        assert worker.stdin
        worker.stdin.write(" ".join(map(str, ids)))
        worker.stdin.close()
    assert all(worker.wait() == 0 for worker in workers)
    return time.perf_counter() - started
