"""Named places where a test may kill the process: before and after each commit and each call outside.

In production this does nothing: a point is armed only by `TALLYSTICK_CRASH_AT` (`name` or `name:nth`), which only test
mode reads.
"""

from __future__ import annotations

import os
from collections import Counter

_armed = os.environ.get("TALLYSTICK_CRASH_AT", "") if os.environ.get("TALLYSTICK_MODE") == "test" else ""
_passed: Counter[str] = Counter()


def crashpoint(name: str) -> None:
    """Die here, with no clean-up at all, when a test armed this passage of this point."""
    if not _armed:
        return
    _passed[name] += 1
    if _armed in {name, f"{name}:{_passed[name]}"}:
        os._exit(137)
