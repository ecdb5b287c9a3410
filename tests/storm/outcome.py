"""What one piece of the storm found: figures for the summary, and violations, of which there must be none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Outcome:
    """The result of one piece; `violations` are sentences that name the row."""

    piece: str
    seed: int
    figures: dict[str, Any] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether money moved exactly once."""
        return not self.violations

    def line(self) -> str:
        """The summary on one line, with the seed that repeats it."""
        figures = ", ".join(f"{name} {value}" for name, value in self.figures.items())
        word = "ok    " if self.is_good else "FAILED"
        return f"{word} {self.piece} seed={self.seed}: {figures}; violations {len(self.violations)}"


def demand(outcome: Outcome) -> None:
    """Fail a test with the first violations."""
    assert outcome.is_good, f"{outcome.line()}\n" + "\n".join(outcome.violations[:20])
