"""P10: the payment page under the production web server, against an empty view behind the same server and middleware."""

from __future__ import annotations

import gzip
import http.client
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.children import cpu_ms, descendants
from bench.load import Load, load
from bench.stage import NOW, Stage, make_drafts, stage
from tallystick.base import tenant
from tallystick.config.programs import Programs, free_port
from tallystick.config.static import collect
from tallystick.config.translations import compile_catalogs
from tallystick.invoices import queries
from tallystick.invoices.issue import issue_invoices
from tallystick.invoices.links import link_token

ROUNDS, SECONDS, CONNECTIONS = 3, 5, 16


def run() -> dict[str, Any]:
    """Ask for the page and for `/healthz` by turns, and weigh one answer."""
    with stage() as on:
        os.environ["TALLYSTICK_WEB_WORKERS"] = "2"
        collect()
        compile_catalogs()
        path = _link(on)
        port = free_port()
        with web_server(port) as pid:
            pages, empties = [], []
            load(port, path, seconds=2, connections=CONNECTIONS)
            for _ in range(ROUNDS):
                pages.append(_measure(on, pid, port, path))
                empties.append(_measure(on, pid, port, "/healthz"))
            wire, body = _weigh(port, path)
        return {
            "page": _middle(pages),
            "empty_view": _middle(empties),
            "share_of_empty_view": round(_middle(pages)["requests_per_s"] / _middle(empties)["requests_per_s"], 3),
            "bytes_on_the_wire": wire,
            "bytes_unpacked": body,
            "queries_beyond_tenant_set_up": _queries(path),
            "client": pages[0][0].tool,
        }


def _link(on: Stage) -> str:
    """The page of one issued invoice."""
    ids = make_drafts(on, 200)
    issue_invoices(seller_id=on.world.seller_id, invoice_ids=ids, now=NOW, today=NOW.date())
    with tenant.tx(on.world.seller_id, read_only=True):
        row = queries.invoice(ids[0])
    return f"/p/{link_token(row.id, row.link_version)}"


@contextmanager
def web_server(port: int) -> Iterator[int]:
    """Run the product's own web server; yields its process id."""
    with Programs(data_dir=Path(os.environ.get("TMPDIR", "/tmp"))) as programs:
        programs.start_web(port)
        yield programs.running[-1].pid


def _measure(on: Stage, pid: int, port: int, path: str) -> tuple[Load, float]:
    """A few seconds of load, and CPU per request of the web server and the database together."""
    family = [pid, *descendants(pid)]
    cpu = cpu_ms(family) + on.cluster.cpu_ms()
    seen = load(port, path, seconds=SECONDS, connections=CONNECTIONS)
    return seen, (cpu_ms(family) + on.cluster.cpu_ms() - cpu) / seen.requests


def _middle(rounds: list[tuple[Load, float]]) -> dict[str, float]:
    return {
        "requests_per_s": round(median(seen.per_s for seen, _ in rounds)),
        "p99_ms": round(median(seen.p99_ms for seen, _ in rounds), 1),
        "cpu_ms_per_request": round(median(cpu for _, cpu in rounds), 3),
    }


def _weigh(port: int, path: str) -> tuple[int, int]:
    """Bytes of the whole answer as sent (head and packed body), and of the page unpacked."""
    web = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    web.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = web.getresponse()
    body = answer.read()
    web.close()
    assert answer.status == 200, answer.status
    head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
    is_packed = answer.getheader("Content-Encoding") == "gzip"
    return head + len(body), len(gzip.decompress(body)) if is_packed else len(body)


def _queries(path: str) -> int:
    """Statements of one GET, without BEGIN, COMMIT and the one that names the seller."""
    browser = Client()
    browser.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(path).status_code == 200
    set_up = ("BEGIN", "COMMIT", "SET TRANSACTION READ ONLY")
    return sum(not query["sql"].startswith(set_up) for query in captured)
