"""P5: payments recorded one by one, each on its own open invoice: spread over customers, and all on one hot customer."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import quantiles
from typing import Any
from uuid import UUID

from bench.issue_worker import BATCH
from bench.stage import NOW, Stage, make_drafts, rows, stage
from tallystick.base.invariants import broken_rules
from tallystick.invoices.issue import issue_invoices

PAYMENTS = 10_000
PROCESSES, CLIENTS = 2, 16


def run(payments: int = PAYMENTS) -> dict[str, Any]:
    """Record `payments` in each form on one database, and compare."""
    with stage() as on:
        hot = on.customers[0]
        found = {
            "spread_1_client": _pay(on, _owed(on, payments, on.customers), clients=[1]),
            "hot_1_client": _pay(on, _owed(on, payments, [hot]), clients=[1]),
            "hot_16_clients": _pay(on, _owed(on, payments, [hot]), clients=[CLIENTS // PROCESSES] * PROCESSES),
        }
        wrong = _wrong(on, 3 * payments)
    shares = {
        "hot_16_to_spread_1": round(
            found["hot_16_clients"]["payments_per_s"] / found["spread_1_client"]["payments_per_s"], 2
        ),
        "hot_cpu_to_spread_cpu": round(
            found["hot_16_clients"]["cpu_ms_per_payment"] / found["spread_1_client"]["cpu_ms_per_payment"], 2
        ),
    }
    return {"payments_each": payments, **found, **shares, "wrong": wrong}


def _owed(on: Stage, count: int, customers: list[UUID]) -> list[tuple[str, str, int]]:
    """Issue invoices and return (customer, invoice, total) of each."""
    ids = make_drafts(on, count, customers=customers)
    owed = []
    for at in range(0, count, BATCH):
        part = ids[at : at + BATCH]
        issued = issue_invoices(seller_id=on.world.seller_id, invoice_ids=part, now=NOW, today=NOW.date())
        owed += [
            (str(customers[number % len(customers)]), str(document.id), document.total_minor)
            for number, document in enumerate(issued, start=at)
        ]
    return owed


def _pay(on: Stage, owed: Sequence[tuple[str, str, int]], *, clients: Sequence[int]) -> dict[str, Any]:
    """Share the payments out over processes with so many clients each, and measure from the first to the last."""
    workers = [_worker(on, count) for count in clients]
    cpu, started = on.cluster.cpu_ms(), time.perf_counter()
    for at, worker in enumerate(workers):
        assert worker.stdin
        json.dump(owed[at :: len(workers)], worker.stdin)
        worker.stdin.close()
    said = [json.loads(worker.stdout.read()) for worker in workers if worker.stdout]
    seconds = time.perf_counter() - started
    database_ms = on.cluster.cpu_ms() - cpu
    assert all(worker.wait() == 0 for worker in workers)
    client_ms = sum(part["cpu_ms"] for part in said)
    took = [ms for part in said for ms in part["took_ms"]]
    return {
        "payments_per_s": round(len(owed) / seconds),
        "cpu_ms_per_payment": round((client_ms + database_ms) / len(owed), 2),
        "of_it_database_ms": round(database_ms / len(owed), 2),
        "p99_ms": round(quantiles(took, n=100)[98], 1),
    }


def _worker(on: Stage, clients: int) -> subprocess.Popen[str]:
    worker = subprocess.Popen(
        [sys.executable, "-m", "bench.payment_worker", str(on.world.seller_id), str(clients)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout
    assert worker.stdout.readline() == "ready\n"
    return worker


def _wrong(on: Stage, expected: int) -> int:
    """Count invoices that don't agree with their allocations or aren't paid, and rows that break a rule of the books."""
    [[paid, differing]] = rows(
        on,
        """SELECT count(*) FILTER (WHERE i.open_minor = 0), count(*) FILTER (
             WHERE i.open_minor <> i.total_minor - coalesce(a.amount, 0) OR a.rows <> 1)
           FROM invoice i LEFT JOIN (SELECT invoice_id, sum(amount_minor) AS amount, count(*) AS rows
             FROM allocation GROUP BY 1) a ON a.invoice_id = i.id WHERE i.number IS NOT NULL""",
    )
    assert isinstance(paid, int)
    assert isinstance(differing, int)
    return expected - paid + differing + sum(broken_rules(on.world.seller_id).values())
