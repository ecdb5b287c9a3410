"""Sending: invoices with their PDFs, already rendered, to a mail server on this machine, against a bare smtplib loop that
sends the same bytes over one connection, in the same run."""

from __future__ import annotations

import os
import resource
import smtplib
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from bench.stage import NOW, Stage, make_drafts, stage
from tallystick.base import clock
from tallystick.base.ids import new_id
from tallystick.invoices.issue import issue_invoices
from tallystick.invoices.render import render_invoice
from tallystick.invoices.send import send_document
from tallystick.testing.counting_sink import counting_sink, taken

MAILS, LONG, ROUNDS, SAMPLE = 1_000, 10_000, 3, 200


def run(*, long: bool = False) -> dict[str, Any]:
    """Send so many in rounds with one sender, then with two; the bare loop goes between."""
    mails = LONG if long else MAILS
    with stage() as on, tempfile.TemporaryDirectory(prefix="tally-bench-") as folder:
        ids = _issue(on, mails)
        log = Path(folder) / "taken"
        with counting_sink(log, keep=SAMPLE) as port:
            _send(on, ids[:SAMPLE], port, 1)
            bodies = [Path(f"{log}.{at}").read_bytes() for at in range(1, SAMPLE + 1)]
            ours, bare, two = [], [], []
            for _ in range(1 if long else ROUNDS):
                ours.append(_send(on, ids, port, 1))
                bare.append(_bare(bodies, mails, port))
                two.append(_send(on, ids, port, 2))
        arrived = len({each.message_id for each in taken(log)})
    one_s, bare_s, two_s = (median(each[0] for each in found) for found in (ours, bare, two))
    sent = SAMPLE + 2 * len(ours) * mails
    return {
        "mails": mails,
        "mean_kb": round(sum(map(len, bodies)) / SAMPLE / 1000),
        "mails_per_s": round(mails / one_s),
        "mails_per_s_two_senders": round(mails / two_s),
        "bare_loop_per_s": round(mails / bare_s),
        "share_of_bare_loop": round(bare_s / one_s, 2),
        "share_of_bare_loop_two_senders": round(bare_s / two_s, 2),
        "cpu_ms_per_mail": round(median(each[1] for each in ours) / mails, 2),
        "lost_or_doubled": abs(sent - arrived),
    }


def _issue(on: Stage, count: int) -> list[UUID]:
    ids = make_drafts(on, count)
    for first in range(0, count, 1000):
        issue_invoices(seller_id=on.world.seller_id, invoice_ids=ids[first : first + 1000], now=NOW, today=NOW.date())
    for invoice_id in ids:
        render_invoice(seller_id=on.world.seller_id, invoice_id=invoice_id, now=NOW)
    return ids


def _send(on: Stage, ids: list[UUID], port: int, senders: int) -> tuple[float, float]:
    """Queue an email for each, let so many processes send them, and return the seconds until they have and the CPU in milliseconds."""
    now = clock.now()
    for invoice_id in ids:
        send_document(
            seller_id=on.world.seller_id,
            invoice_id=invoice_id,
            message_id=new_id(),
            recipients=["accounts@customer.example"],
            subject="Invoice from Acme Print",
            body="Hello,\n\nhere is your invoice. The PDF is attached.\n\nAcme Print",
            now=now,
        )
    command = [sys.executable, "-m", "bench.mail_worker", str(port)]
    family = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ)
        for _ in range(senders)
    ]
    for each in family:
        assert each.stdout
        assert each.stdout.readline() == "ready\n"
    cpu, started = _cpu_ms(on), time.perf_counter()
    for each in family:
        assert each.stdin
        each.stdin.write("go\n")
        each.stdin.flush()
    for each in family:
        assert each.stdout
        assert each.stdout.readline() == "done\n"
    took_s = time.perf_counter() - started
    for each in family:
        each.wait()
        assert each.returncode == 0, each.returncode
    return took_s, _cpu_ms(on) - cpu


def _cpu_ms(on: Stage) -> float:
    """Of the database, and of the senders that have ended; what they took to start is in it."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return on.cluster.cpu_ms() + (ended.ru_utime + ended.ru_stime) * 1000


def _bare(bodies: list[bytes], count: int, port: int) -> tuple[float, float]:
    """What smtplib alone takes: one connection, bytes at hand, nothing looked at."""
    cpu, started = time.process_time(), time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as server:
        for at in range(count):
            server.sendmail("billing@acme.example", ["accounts@customer.example"], bodies[at % len(bodies)])
    return time.perf_counter() - started, (time.process_time() - cpu) * 1000
