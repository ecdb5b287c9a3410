"""What each event does to the book: double entry, in minor units, debit positive, credit negative, sum zero."""

from __future__ import annotations

from dataclasses import dataclass

from tallystick.core.errors import BrokenIdentity

RECEIVABLE = "receivable"
REVENUE = "revenue"
TAX = "tax_payable"
ROUNDING = "rounding"
UNAPPLIED = "unapplied"
WRITE_OFF = "write_off"
CASH = "cash"
BANK = "bank"
CHEQUES = "cheques"
CARD_MACHINE = "card_machine"


def clearing_account(gateway: str) -> str:
    """Return the account of money that `gateway` holds for us until it pays out."""
    return f"clearing:{gateway}"


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry: minor units, debit positive, credit negative, never 0."""

    account: str
    amount_minor: int


def invoice_issued(*, totals_net_minor: int, tax_minor: int, rounding_minor: int) -> tuple[Posting, ...]:
    """Dr receivable; Cr revenue, tax, rounding. The arguments are the figures of `totals.Totals`."""
    return _entry(
        (RECEIVABLE, totals_net_minor + tax_minor + rounding_minor),
        (REVENUE, -totals_net_minor),
        (TAX, -tax_minor),
        (ROUNDING, -rounding_minor),
    )


def invoice_voided(*, totals_net_minor: int, tax_minor: int, rounding_minor: int) -> tuple[Posting, ...]:
    """Dr revenue, tax, rounding; Cr receivable: the exact reverse of `invoice_issued`."""
    return invoice_issued(totals_net_minor=-totals_net_minor, tax_minor=-tax_minor, rounding_minor=-rounding_minor)


def credit_note_issued(*, totals_net_minor: int, tax_minor: int, rounding_minor: int) -> tuple[Posting, ...]:
    """Dr revenue, tax, rounding; Cr unapplied, until an allocation uses it. Amounts as on the credit note: positive."""
    return _entry(
        (REVENUE, totals_net_minor),
        (TAX, tax_minor),
        (ROUNDING, rounding_minor),
        (UNAPPLIED, -(totals_net_minor + tax_minor + rounding_minor)),
    )


def payment_received(*, amount_minor: int, money_account: str) -> tuple[Posting, ...]:
    """Dr money; Cr unapplied: whatever comes in is the customer's until it is allocated."""
    return _entry((money_account, amount_minor), (UNAPPLIED, -amount_minor))


def credit_allocated(*, amount_minor: int) -> tuple[Posting, ...]:
    """Dr unapplied; Cr receivable. A negative amount takes the allocation back."""
    return _entry((UNAPPLIED, amount_minor), (RECEIVABLE, -amount_minor))


def refund_paid(*, amount_minor: int, money_account: str) -> tuple[Posting, ...]:
    """Dr unapplied; Cr money: only credit that isn't allocated can be given back."""
    return _entry((UNAPPLIED, amount_minor), (money_account, -amount_minor))


def written_off(*, amount_minor: int) -> tuple[Posting, ...]:
    """Dr write_off; Cr receivable. A negative amount takes it back, when the money comes after all."""
    return _entry((WRITE_OFF, amount_minor), (RECEIVABLE, -amount_minor))


def _entry(*lines: tuple[str, int]) -> tuple[Posting, ...]:
    """Return the entry without its zero lines. Raises BrokenIdentity unless it sums to zero."""
    if sum([amount_minor for _, amount_minor in lines]):
        raise BrokenIdentity(f"an entry doesn't balance: {lines}")
    return tuple([Posting(account, amount_minor) for account, amount_minor in lines if amount_minor])
