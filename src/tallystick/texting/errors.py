"""What can be wrong with a seller's SMS settings."""

from __future__ import annotations


class BadSmsSettings(ValueError):
    """Settings that can't be kept: `problems` maps field → stable word."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(", ".join(f"{field}: {why}" for field, why in problems.items()))
        self.problems = problems
