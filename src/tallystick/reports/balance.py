"""A balance in plain steps: what raised it, what lowered it, and what only moved inside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from tallystick.ledger.queries import BalanceStep


@dataclass(frozen=True, slots=True)
class Step:
    """One event: by how much it changed the balance, and the balance after it, in minor units.

    `moved_minor` is what went from credit onto an invoice, which changes nothing in sum.
    """

    on: date
    kind: str
    subject_id: UUID
    change_minor: int
    moved_minor: int
    running_minor: int


def explain(entries: Sequence[BalanceStep]) -> list[Step]:
    """Return ledger lines as events: the lines of one entry count together."""
    steps = []
    for (on, kind, subject_id), lines in groupby(entries, key=lambda e: (e.effective_on, e.kind, e.subject_id)):
        held = list(lines)
        moved = sum(max(line.amount_minor, 0) for line in held if line.account == "unapplied")
        change = sum(line.amount_minor for line in held)
        steps.append(Step(on, kind, subject_id, change, moved if not change else 0, held[-1].running_minor))
    return steps
