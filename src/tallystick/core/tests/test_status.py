"""Status: what a document's state is called."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tallystick.core.status import DocumentFacts, days_overdue, status_of

DUE = date(2026, 3, 31)
BEFORE, AFTER = date(2026, 3, 1), date(2026, 4, 10)
ISSUED = DocumentFacts(
    is_issued=True,
    is_voided=False,
    is_sent=False,
    is_viewed=False,
    total_minor=100,
    allocated_minor=0,
    credited_minor=0,
    next_due_on=DUE,
)
SENT = replace(ISSUED, is_sent=True)
VIEWED = replace(SENT, is_viewed=True)
PART = replace(VIEWED, allocated_minor=40)
PAID = replace(VIEWED, allocated_minor=60, credited_minor=40, next_due_on=None)
VOID = replace(PART, is_voided=True)
DRAFT = replace(ISSUED, is_issued=False, next_due_on=None)


@pytest.mark.parametrize(
    ("facts", "in_time", "late"),
    [
        (DRAFT, "draft", "draft"),
        (VOID, "void", "void"),
        (PAID, "paid", "paid"),
        (replace(PAID, next_due_on=DUE), "paid", "paid"),
        (PART, "part", "overdue"),
        (replace(ISSUED, credited_minor=1), "part", "overdue"),
        (VIEWED, "viewed", "overdue"),
        (replace(ISSUED, is_viewed=True), "viewed", "overdue"),
        (SENT, "sent", "overdue"),
        (ISSUED, "issued", "overdue"),
        (replace(ISSUED, total_minor=0, next_due_on=None), "paid", "paid"),
        (replace(SENT, next_due_on=None), "sent", "sent"),
    ],
)
def test_a17_status_in_time_and_late(facts: DocumentFacts, in_time: str, late: str) -> None:
    assert status_of(facts, on=BEFORE) == in_time
    assert status_of(facts, on=DUE) == in_time
    assert status_of(facts, on=AFTER) == late
    assert days_overdue(facts, on=DUE) == 0
    assert days_overdue(facts, on=AFTER) == (10 if late == "overdue" else 0)
