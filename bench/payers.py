"""Concurrent payers: many browsers reserve charges at once, on one invoice and on many; the live slot decides."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

from django.db import connection

from bench.stage import NOW, Stage, make_drafts, rows, stage
from tallystick.base.ids import new_id
from tallystick.invoices.issue import issue_invoices
from tallystick.payments.errors import BeingPaid
from tallystick.payments.start import start_charge
from tallystick.testing.provider import add_sandbox

PAYERS, EACH = 8, 125


def run() -> dict[str, Any]:
    """Let `PAYERS` threads start charges: each on invoices of its own, then all on the same ones."""
    with stage() as on:
        account_id = add_sandbox(on.world, "http://127.0.0.1:9")
        own = _issued(on, PAYERS * EACH)
        shared = _issued(on, EACH)
        apart = _race(on, account_id, [own[at::PAYERS] for at in range(PAYERS)])
        together = _race(on, account_id, [shared] * PAYERS)
        [[live, twice]] = rows(
            on,
            "SELECT count(*), count(*) - count(DISTINCT invoice_id) FROM attempt_invoice WHERE is_live",
        )
    return {
        "apart": apart,
        "together": together,
        "together_to_apart": round(together["asked_per_s"] / apart["asked_per_s"], 2),
        "live_slots": live,
        "wrong": int(str(twice)) + abs(int(str(live)) - PAYERS * EACH - EACH),
    }


def _issued(on: Stage, count: int) -> list[UUID]:
    ids = make_drafts(on, count)
    issue_invoices(seller_id=on.world.seller_id, invoice_ids=ids, now=NOW, today=NOW.date())
    return ids


def _race(on: Stage, account_id: UUID, lists: list[list[UUID]]) -> dict[str, float]:
    barrier = Barrier(len(lists) + 1)

    def payer(invoice_ids: list[UUID]) -> tuple[int, int]:
        connection.ensure_connection()
        barrier.wait()
        won = lost = 0
        for invoice_id in invoice_ids:
            try:
                start_charge(
                    seller_id=on.world.seller_id,
                    invoice_id=invoice_id,
                    gateway_account_id=account_id,
                    amount_minor=None,
                    attempt_id=new_id(),
                    language="en",
                    now=NOW,
                )
                won += 1
            except BeingPaid:
                lost += 1
        connection.close()
        return won, lost

    with ThreadPoolExecutor(len(lists)) as pool:
        waiting = [pool.submit(payer, ids) for ids in lists]
        barrier.wait()
        started = time.perf_counter()
        counts = [each.result() for each in waiting]
        seconds = time.perf_counter() - started
    won, lost = sum(c[0] for c in counts), sum(c[1] for c in counts)
    return {"asked_per_s": round((won + lost) / seconds), "won": won, "told_being_paid": lost}
