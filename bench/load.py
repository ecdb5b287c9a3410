"""Requests over persistent connections: by `wrk` where it is installed, else by processes of Python threads."""

from __future__ import annotations

import http.client
import re
import shutil
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from statistics import quantiles

_UNIT_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """What a client saw. A request that isn't answered with 200 fails the whole."""

    requests: int
    per_s: float
    p99_ms: float
    tool: str


def load(port: int, path: str, *, seconds: int, connections: int) -> Load:
    """Ask 127.0.0.1 for one address as often as it answers."""
    if shutil.which("wrk"):
        return _wrk(f"http://127.0.0.1:{port}{path}", seconds, connections)
    return _python(port, path, seconds, connections)


def _wrk(url: str, seconds: int, connections: int) -> Load:
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency", "-H", "Accept-Encoding: gzip", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    assert "Socket errors" not in said, said
    slow = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    count = re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert slow and count and rate, said
    return Load(int(count[1]), float(rate[1]), float(slow[1]) * _UNIT_MS[slow[2]], "wrk")


def _python(port: int, path: str, seconds: int, connections: int) -> Load:
    processes = 2
    with ProcessPoolExecutor(processes) as pool:
        parts = list(
            pool.map(_process, *zip(*[(port, path, seconds, connections // processes)] * processes, strict=True))
        )
    took = [ms for part in parts for ms in part]
    return Load(len(took), len(took) / seconds, quantiles(took, n=100)[98], "python")


def _process(port: int, path: str, seconds: int, connections: int) -> list[float]:
    until = time.perf_counter() + seconds
    with ThreadPoolExecutor(connections) as pool:
        return [ms for part in pool.map(lambda _: _ask(port, path, until), range(connections)) for ms in part]


def _ask(port: int, path: str, until: float) -> list[float]:
    web, took = http.client.HTTPConnection("127.0.0.1", port, timeout=10), []
    while (started := time.perf_counter()) < until:
        web.request("GET", path, headers={"Accept-Encoding": "gzip"})
        answer = web.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        took.append((time.perf_counter() - started) * 1000)
    web.close()
    return took
