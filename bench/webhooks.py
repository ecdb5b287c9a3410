"""Webhook intake under the production web server: signed, distinct, kept; against an empty view in the same run."""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from statistics import median, quantiles
from typing import Any
from uuid import UUID, uuid4

from bench.children import cpu_ms, descendants
from bench.load import load
from bench.pay_page import web_server
from bench.stage import rows, stage
from tallystick.config.programs import free_port
from tallystick.gateways import signatures
from tallystick.testing.provider import SECRET, add_sandbox

EVENTS, ROUNDS, CONNECTIONS, PROCESSES = 3_000, 3, 16, 2
REPEATED = 10
"""Every so many events is delivered twice, as gateways do."""


def run() -> dict[str, Any]:
    """Deliver `EVENTS` webhooks, one in ten twice, a few times; count what was kept."""
    with stage() as on:
        os.environ["TALLYSTICK_WEB_WORKERS"] = "2"
        account_id = add_sandbox(on.world, "http://127.0.0.1:9")
        port = free_port()
        with web_server(port) as pid:
            load(port, "/healthz", seconds=1, connections=CONNECTIONS)
            kept, empties = [], []
            for _ in range(ROUNDS):
                family = [pid, *descendants(pid)]
                cpu = cpu_ms(family) + on.cluster.cpu_ms()
                took, seconds = _deliver(port, account_id)
                spent = cpu_ms(family) + on.cluster.cpu_ms() - cpu
                kept.append((len(took) / seconds, quantiles(took, n=100)[98], spent / len(took)))
                empties.append(load(port, "/healthz", seconds=3, connections=CONNECTIONS).per_s)
        [[stored]] = rows(on, "SELECT count(*) FROM inbound_event")
    per_s = median(each[0] for each in kept)
    return {
        "webhooks_per_s": round(per_s),
        "p99_ms": round(median(each[1] for each in kept), 1),
        "cpu_ms_per_webhook": round(median(each[2] for each in kept), 2),
        "empty_view_per_s": round(median(empties)),
        "share_of_empty_view": round(per_s / median(empties), 3),
        "kept": stored,
        "wrong": abs(int(str(stored)) - ROUNDS * EVENTS),
    }


def _deliver(port: int, account_id: UUID) -> tuple[list[float], float]:
    """Deliver from two processes over persistent connections; return each answer's milliseconds and the seconds in all."""
    started = time.perf_counter()
    with ProcessPoolExecutor(PROCESSES) as pool:
        share = [EVENTS // PROCESSES] * PROCESSES
        parts = list(pool.map(_process, [port] * PROCESSES, [str(account_id)] * PROCESSES, share))
    return [ms for part in parts for ms in part], time.perf_counter() - started


def _process(port: int, account_id: str, count: int) -> list[float]:
    each = CONNECTIONS // PROCESSES
    with ThreadPoolExecutor(each) as pool:
        sizes: Sequence[int] = [count // each + (at < count % each) for at in range(each)]
        return [ms for part in pool.map(lambda size: _ask(port, account_id, size), sizes) for ms in part]


def _ask(port: int, account_id: str, count: int) -> list[float]:
    key, took = signatures.read_secret(SECRET), []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for at in range(count):
        event_id = f"evt_{uuid4().hex}"
        data = {"session": f"cs_{event_id}", "client_reference": str(uuid4())}
        body = json.dumps({"id": event_id, "kind": "session.completed", "data": data}).encode()
        stamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": signatures.sign(key=key, event_id=event_id, timestamp_s=stamp, body=body),
        }
        for _ in range(2 if at % REPEATED == 0 else 1):
            started = time.perf_counter()
            connection.request("POST", f"/hooks/sandbox/{account_id}", body, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            took.append((time.perf_counter() - started) * 1000)
    connection.close()
    return took
