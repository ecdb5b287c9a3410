"""CPU milliseconds of this process, its children and every process of the database cluster: the judge. Wall time stands beside it."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """What a block of work took."""

    cpu_ms: float = 0.0
    wall_ms: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.cpu_ms + other.cpu_ms, self.wall_ms + other.wall_ms)


class Cluster:
    """The processes of one PostgreSQL cluster."""

    def __init__(self, url: str) -> None:
        with psycopg.connect(url) as connection:
            folder = connection.execute("SHOW data_directory").fetchone()
        assert folder
        self.postmaster = int((Path(folder[0]) / "postmaster.pid").read_text().split()[0])

    def cpu_ms(self) -> float:
        """CPU of the postmaster, of the children it has reaped, and of the living ones."""
        own = _times(self.postmaster)
        living = sum(sum(_times(pid)[:2]) for pid in _children(self.postmaster))
        return (sum(own) + living) * 1000 / _TICK


def _times(pid: int) -> tuple[int, int, int, int]:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return (0, 0, 0, 0)
    return (int(fields[11]), int(fields[12]), int(fields[13]), int(fields[14]))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def measured(cluster: Cluster) -> Iterator[Cost]:
    """Measure the enclosed block; the cost is filled in when it ends."""
    cost = Cost()
    wall, cpu = time.perf_counter(), _own_cpu_ms() + cluster.cpu_ms()
    yield cost
    cost.cpu_ms = _own_cpu_ms() + cluster.cpu_ms() - cpu
    cost.wall_ms = (time.perf_counter() - wall) * 1000


def _own_cpu_ms() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage) * 1000


def rss_mb() -> float:
    """Resident memory of this process now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
