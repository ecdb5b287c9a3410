"""The same work in Tryton, in the same run: issuing customer invoices of three lines with 20 % tax."""

from __future__ import annotations

import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from bench.issue_worker import BATCH
from bench.measure import measured
from bench.stage import NOW, Stage, make_drafts, stage
from bench.venvs import Unavailable, venv
from tallystick.base.invariants import broken_rules
from tallystick.invoices.issue import issue_invoices

ROUNDS, OURS, THEIRS = 3, 3 * BATCH, 75
TRYTON = ("trytond", "trytond_account_invoice", "proteus", "psycopg[binary,pool]")


def run() -> dict[str, Any]:
    """Issue by turns, each in its best batch, on one PostgreSQL server."""
    with stage() as on:
        found: dict[str, Any] = {}
        try:
            found["tryton"] = _against_tryton(on)
        except Unavailable as why:
            found["tryton"] = {"skipped": str(why)}
        assert broken_rules(on.world.seller_id) == {}
    return found


def _against_tryton(on: Stage) -> dict[str, Any]:
    """Draft and issue by turns; `issue` alone is what a billing run does with its drafts."""
    with _tryton(on) as peer:
        rounds = [{**_ours(on), **_theirs(on, peer)} for _ in range(ROUNDS)]
        assert peer.stdin
        peer.stdin.close()
        assert peer.wait() == 0
    cpu = {name: median(each[name] for each in rounds) for name in rounds[0]}
    return {
        "cpu_ms_per_invoice": {name: round(value, 3) for name, value in cpu.items()},
        "times_tryton_issue": round(cpu["tryton_issue"] / cpu["our_issue"]),
        "times_tryton_draft_and_issue": round(
            (cpu["tryton_draft"] + cpu["tryton_issue"]) / (cpu["our_draft"] + cpu["our_issue"])
        ),
        "issue_each_round": [round(each["tryton_issue"] / each["our_issue"]) for each in rounds],
    }


def _ours(on: Stage) -> dict[str, float]:
    """CPU per invoice of our batches of 1,000, with the database."""
    with measured(on.cluster) as drafting:
        ids = make_drafts(on, OURS)
    with measured(on.cluster) as issuing:
        for at in range(0, OURS, BATCH):
            issue_invoices(seller_id=on.world.seller_id, invoice_ids=ids[at : at + BATCH], now=NOW, today=NOW.date())
    return {"our_draft": drafting.cpu_ms / OURS, "our_issue": issuing.cpu_ms / OURS}


def _tryton(on: Stage) -> subprocess.Popen[str]:
    """A Tryton in a database of its own, which it makes, on the same server."""
    python = venv("bench-venv-tryton", *TRYTON)
    given = psycopg.conninfo.conninfo_to_dict(on.url)
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    place = {name: str(given[key]) for name, key in names.items() if given.get(key)}
    plain = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "DATABASE_URL"}}
    peer = subprocess.Popen(
        [python, str(Path(__file__).with_name("peer_tryton.py"))],
        env={**plain, **place, "TRYTOND_DATABASE_URI": "postgresql:///", "DB_NAME": "tryton"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert peer.stdout
    for line in peer.stdout:
        if line == "ready\n":
            return peer
    raise Unavailable(f"Tryton's script ended with {peer.wait()}")


def _theirs(on: Stage, peer: subprocess.Popen[str]) -> dict[str, float]:
    """CPU per invoice of Tryton's batches of 25, with the database, once its rows are checked."""
    drafting, before = _ask(on, peer, "draft")
    issuing, after = _ask(on, peer, "post")
    assert after["posted"] == before["posted"] + THEIRS, (before, after)
    assert Decimal(after["book_difference"]) == 0, after
    return {"tryton_draft": drafting, "tryton_issue": issuing}


def _ask(on: Stage, peer: subprocess.Popen[str], verb: str) -> tuple[float, dict[str, Any]]:
    assert peer.stdin
    assert peer.stdout
    before = on.cluster.cpu_ms()
    peer.stdin.write(f"{verb} {THEIRS}\n")
    peer.stdin.flush()
    said = json.loads(peer.stdout.readline())
    return (said["cpu_ms"] + on.cluster.cpu_ms() - before) / THEIRS, said
