"""What this process and its living descendants use: CPU so far, and the memory of the largest child."""

from __future__ import annotations

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def descendants(pid: int) -> list[int]:
    """The living descendants of a process."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *descendants(child)]
    return found


def cpu_ms(pids: list[int]) -> float:
    """CPU milliseconds of these processes and of the children they have reaped."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(field) for field in fields[11:15])
    return total * 1000 / _TICK


def tree_cpu_ms() -> float:
    """CPU milliseconds of this process and its descendants."""
    return cpu_ms([os.getpid(), *descendants(os.getpid())])


def tree_rss_mb() -> float:
    """Resident megabytes of the largest descendant."""
    sizes = []
    for pid in descendants(os.getpid()):
        try:
            sizes.append(int(Path(f"/proc/{pid}/statm").read_text().split()[1]))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return max(sizes, default=0) * _PAGE / 1e6
