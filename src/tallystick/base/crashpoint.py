"""Named places where a test may kill the process: before and after each commit and each call outside.

In production this does nothing: a point is armed only by `TALLYSTICK_CRASH_AT`, which only test mode reads.
"""

from __future__ import annotations

import os

_armed = os.environ.get("TALLYSTICK_CRASH_AT", "") if os.environ.get("TALLYSTICK_MODE") == "test" else ""


def crashpoint(name: str) -> None:
    """Die here, with no clean-up at all, when a test armed this point."""
    if _armed == name:
        os._exit(137)
