"""What a document's state is called. Derived from facts whenever asked, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What the books know. Amounts in minor units; `next_due_on` is the earliest date on which something is open."""

    is_issued: bool
    is_voided: bool
    is_sent: bool
    is_viewed: bool
    total_minor: int
    allocated_minor: int
    credited_minor: int
    next_due_on: date | None


def status_of(facts: DocumentFacts, *, on: date) -> str:
    """Return the first that is true: draft, void, paid, overdue, part, viewed, sent, issued.

    Overdue wins over part: lateness is what someone must act on; how much was paid stands beside it.
    """
    settled_minor = facts.allocated_minor + facts.credited_minor
    if not facts.is_issued:
        return "draft"
    if facts.is_voided:
        return "void"
    if settled_minor >= facts.total_minor:
        return "paid"
    if facts.next_due_on is not None and facts.next_due_on < on:
        return "overdue"
    if settled_minor > 0:
        return "part"
    if facts.is_viewed:
        return "viewed"
    return "sent" if facts.is_sent else "issued"


def days_overdue(facts: DocumentFacts, *, on: date) -> int:
    """Return the days since the earliest open due date; 0 unless the status is overdue. The due date itself is 0."""
    if facts.next_due_on is None or status_of(facts, on=on) != "overdue":
        return 0
    return (on - facts.next_due_on).days
