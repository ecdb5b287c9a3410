"""The same work in Tryton and in django-ledger, in the same run: issuing customer invoices of three lines.

Each peer runs in a venv and a database of its own, in process through its own API, without RPC: its best case. Tryton
charges 20 % tax; django-ledger knows none.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
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

ROUNDS, OURS = 3, 3 * BATCH


@dataclass(frozen=True, slots=True)
class Peer:
    """Another system: what to install, and how many invoices make a round (a multiple of its best batch)."""

    packages: tuple[str, ...]
    round_of: int


PEERS: Mapping[str, Peer] = {
    "tryton": Peer(("trytond", "trytond_account_invoice", "proteus", "psycopg[binary,pool]"), 75),
    "django_ledger": Peer(("django-ledger", "psycopg[binary]"), 50),
}


def run() -> dict[str, Any]:
    """Issue by turns, each in its best batch, on one PostgreSQL server."""
    with stage() as on:
        found: dict[str, Any] = {}
        for name, peer in PEERS.items():
            try:
                found[name] = _against(on, name, peer)
            except Unavailable as why:
                found[name] = {"skipped": str(why)}
        assert broken_rules(on.world.seller_id) == {}
    return found


def _against(on: Stage, name: str, peer: Peer) -> dict[str, Any]:
    """Draft and issue by turns; `issue` alone is what a billing run does with its drafts."""
    with _started(on, name, peer) as program:
        rounds = [{**_ours(on), **_theirs(on, program, peer.round_of)} for _ in range(ROUNDS)]
        assert program.stdin
        program.stdin.close()
        assert program.wait() == 0
    cpu = {step: median(each[step] for each in rounds) for step in rounds[0]}
    return {
        "cpu_ms_per_invoice": {step: round(value, 3) for step, value in cpu.items()},
        "times_issue": round(cpu["their_issue"] / cpu["our_issue"]),
        "times_draft_and_issue": round(
            (cpu["their_draft"] + cpu["their_issue"]) / (cpu["our_draft"] + cpu["our_issue"])
        ),
        "issue_each_round": [round(each["their_issue"] / each["our_issue"]) for each in rounds],
    }


def _ours(on: Stage) -> dict[str, float]:
    """CPU per invoice of our batches of 1,000, with the database."""
    with measured(on.cluster) as drafting:
        ids = make_drafts(on, OURS)
    with measured(on.cluster) as issuing:
        for at in range(0, OURS, BATCH):
            issue_invoices(seller_id=on.world.seller_id, invoice_ids=ids[at : at + BATCH], now=NOW, today=NOW.date())
    return {"our_draft": drafting.cpu_ms / OURS, "our_issue": issuing.cpu_ms / OURS}


def _started(on: Stage, name: str, peer: Peer) -> subprocess.Popen[str]:
    """The peer in a database of its own, which it makes, on the same server."""
    python = venv(f"bench-venv-{name.replace('_', '-')}", *peer.packages)
    given = psycopg.conninfo.conninfo_to_dict(on.url)
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    place = {variable: str(given[key]) for variable, key in names.items() if given.get(key)}
    ours = {"PYTHONPATH", "DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    plain = {variable: value for variable, value in os.environ.items() if variable not in ours}
    program = subprocess.Popen(
        [python, str(Path(__file__).with_name(f"peer_{name}.py"))],
        env={**plain, **place, "TRYTOND_DATABASE_URI": "postgresql:///", "DB_NAME": f"peer_{name}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout
    for line in program.stdout:
        if line == "ready\n":
            return program
    raise Unavailable(f"{name}'s script ended with {program.wait()}")


def _theirs(on: Stage, program: subprocess.Popen[str], count: int) -> dict[str, float]:
    """CPU per invoice of the peer, with the database, once its rows are checked."""
    drafting, before = _ask(on, program, "draft", count)
    issuing, after = _ask(on, program, "post", count)
    assert after["posted"] == before["posted"] + count, (before, after)
    assert Decimal(after["book_difference"]) == 0, after
    return {"their_draft": drafting, "their_issue": issuing}


def _ask(on: Stage, program: subprocess.Popen[str], verb: str, count: int) -> tuple[float, dict[str, Any]]:
    assert program.stdin
    assert program.stdout
    before = on.cluster.cpu_ms()
    program.stdin.write(f"{verb} {count}\n")
    program.stdin.flush()
    said = json.loads(program.stdout.readline())
    return (said["cpu_ms"] + on.cluster.cpu_ms() - before) / count, said
