"""Postings: every entry balances, and reversals undo exactly."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core import postings as subject
from tallystick.core.errors import BrokenIdentity
from tallystick.core.postings import (
    BANK,
    CASH,
    RECEIVABLE,
    REVENUE,
    ROUNDING,
    TAX,
    UNAPPLIED,
    WRITE_OFF,
    Posting,
    clearing_account,
    credit_allocated,
    credit_note_issued,
    invoice_issued,
    invoice_voided,
    payment_received,
    refund_paid,
    written_off,
)

minors = st.integers(-(10**15), 10**15)


def book(*entries: tuple[Posting, ...]) -> dict[str, int]:
    balances: Counter[str] = Counter()
    for entry in entries:
        for posting in entry:
            balances[posting.account] += posting.amount_minor
    return {account: balance for account, balance in balances.items() if balance}


def test_a1_an_issued_invoice_is_owed_earned_and_taxed() -> None:
    entry = invoice_issued(totals_net_minor=1000, tax_minor=202, rounding_minor=-2)
    assert entry == (Posting(RECEIVABLE, 1200), Posting(REVENUE, -1000), Posting(TAX, -202), Posting(ROUNDING, 2))


def test_a1_zero_amounts_are_not_posted() -> None:
    entry = invoice_issued(totals_net_minor=1000, tax_minor=0, rounding_minor=0)
    assert entry == (Posting(RECEIVABLE, 1000), Posting(REVENUE, -1000))
    assert payment_received(amount_minor=0, money_account=CASH) == ()


def test_a17_money_is_unapplied_until_it_is_allocated() -> None:
    received = payment_received(amount_minor=1200, money_account=clearing_account("stripe"))
    assert received == (Posting("clearing:stripe", 1200), Posting(UNAPPLIED, -1200))
    assert credit_allocated(amount_minor=1200) == (Posting(UNAPPLIED, 1200), Posting(RECEIVABLE, -1200))


def test_a17_an_invoice_paid_leaves_only_money_and_income() -> None:
    entries = (
        invoice_issued(totals_net_minor=1000, tax_minor=200, rounding_minor=0),
        payment_received(amount_minor=1300, money_account=BANK),
        credit_allocated(amount_minor=1200),
        refund_paid(amount_minor=100, money_account=BANK),
    )
    assert book(*entries) == {BANK: 1200, REVENUE: -1000, TAX: -200}


def test_a_credit_note_takes_income_back_and_leaves_credit() -> None:
    entry = credit_note_issued(totals_net_minor=1000, tax_minor=200, rounding_minor=1)
    assert book(entry) == {REVENUE: 1000, TAX: 200, ROUNDING: 1, UNAPPLIED: -1201}


def test_a_write_off_is_a_loss_and_owed_no_more() -> None:
    assert written_off(amount_minor=50) == (Posting(WRITE_OFF, 50), Posting(RECEIVABLE, -50))


def test_a_refund_leaves_by_the_account_named() -> None:
    assert refund_paid(amount_minor=50, money_account=CASH) == (Posting(UNAPPLIED, 50), Posting(CASH, -50))


@given(minors, minors, minors)
def test_reversals_undo_exactly_and_everything_balances(net: int, tax: int, other: int) -> None:
    issued = invoice_issued(totals_net_minor=net, tax_minor=tax, rounding_minor=other)
    voided = invoice_voided(totals_net_minor=net, tax_minor=tax, rounding_minor=other)
    credited = credit_note_issued(totals_net_minor=net, tax_minor=tax, rounding_minor=other)
    assert book(issued, voided) == {}
    assert book(issued, credited, credit_allocated(amount_minor=net + tax + other)) == {}
    assert (
        book(payment_received(amount_minor=net, money_account=CASH), refund_paid(amount_minor=net, money_account=CASH))
        == {}
    )
    assert book(written_off(amount_minor=net), written_off(amount_minor=-net)) == {}
    for entry in (issued, voided, credited):
        assert sum(posting.amount_minor for posting in entry) == 0
        assert all(posting.amount_minor for posting in entry)


def test_an_entry_that_does_not_balance_is_never_returned() -> None:
    with pytest.raises(BrokenIdentity):
        subject._entry((CASH, 1), (BANK, -2))
