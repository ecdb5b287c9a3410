"""Named places where a test may kill the process: before and after each commit and each call outside.

In production this does nothing: a point is armed only by `arm`, which only the tests' crash flow calls.
"""

from __future__ import annotations

import os
from collections import Counter

_armed: list[str] = []
_passed: Counter[str] = Counter()


def arm(point: str) -> None:
    """Make this process die at a point: `name` at its first passage, `name:nth` at the nth."""
    _armed[:] = [point]


def crashpoint(name: str) -> None:
    """Die here, with no clean-up at all, when this passage of this point is armed."""
    if not _armed:
        return
    _passed[name] += 1
    if _armed[0] in {name, f"{name}:{_passed[name]}"}:
        os._exit(137)
