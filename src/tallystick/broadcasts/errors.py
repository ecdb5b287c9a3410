"""What can be wrong with a broadcast."""

from __future__ import annotations


class BadBroadcast(ValueError):
    """A broadcast that can't be kept or sent: `problems` maps field → stable word; `name` the placeholder, when one isn't
    known."""

    def __init__(self, problems: dict[str, str], *, name: str = "") -> None:
        super().__init__(", ".join(f"{field}: {why}" for field, why in problems.items()))
        self.problems, self.name = problems, name


class NoSuchBroadcast(LookupError):
    """There is none of this id, or it is past what was asked of it."""
