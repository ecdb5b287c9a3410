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
DISPUTED = "disputed"
"""Money a gateway holds while a dispute runs: still ours, not in the clearing account."""
SUSPENSE = "suspense"
"""What a gateway took or gave beyond what the payment it names had: a person decides what it is."""
GATEWAY_FEES = "gateway_fees"
GATEWAY_ADJUSTMENTS = "gateway_adjustments"
EXCHANGE = "exchange"
"""Between currencies: what a gateway took in one and settles in another."""


def clearing_account(code: str) -> str:
    """Return the account of money that the gateway account `code` holds for us until it pays out."""
    return f"clearing:{code}"


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


def refund_paid(*, amount_minor: int, money_account: str, excess_minor: int = 0) -> tuple[Posting, ...]:
    """Dr unapplied; Cr money: only credit that isn't allocated can be given back. The excess goes through suspense.

    A negative amount with a negative excess takes it back, when the bank returns it.
    """
    return _entry((UNAPPLIED, amount_minor - excess_minor), (SUSPENSE, excess_minor), (money_account, -amount_minor))


def dispute_opened(*, held_minor: int, excess_minor: int, money_account: str) -> tuple[Posting, ...]:
    """Dr disputed, suspense; Cr money: the gateway took the amount back. Negative amounts: it was won."""
    return _entry((DISPUTED, held_minor), (SUSPENSE, excess_minor), (money_account, -held_minor - excess_minor))


def dispute_lost(*, held_minor: int) -> tuple[Posting, ...]:
    """Dr unapplied; Cr disputed: the money is the payer's again. What it had paid has to be taken back before."""
    return _entry((UNAPPLIED, held_minor), (DISPUTED, -held_minor))


def dispute_won_back(*, held_minor: int, excess_minor: int, money_account: str) -> tuple[Posting, ...]:
    """Dr money; Cr unapplied, suspense: a dispute that was lost is won after all."""
    return _entry((money_account, held_minor + excess_minor), (UNAPPLIED, -held_minor), (SUSPENSE, -excess_minor))


def gateway_fee(*, fee_minor: int, money_account: str) -> tuple[Posting, ...]:
    """Dr fees; Cr money. A negative fee is one that was given back."""
    return _entry((GATEWAY_FEES, fee_minor), (money_account, -fee_minor))


def gateway_adjusted(*, amount_minor: int, money_account: str) -> tuple[Posting, ...]:
    """Dr money; Cr adjustments: the gateway changed our balance for a reason of its own. Negative: it took something."""
    return _entry((money_account, amount_minor), (GATEWAY_ADJUSTMENTS, -amount_minor))


def paid_out(*, amount_minor: int, money_account: str) -> tuple[Posting, ...]:
    """Dr bank; Cr money: the gateway sent it to the bank. A negative amount: the bank sent it back."""
    return _entry((BANK, amount_minor), (money_account, -amount_minor))


def exchanged(*, amount_minor: int, money_account: str) -> tuple[Posting, ...]:
    """Dr money; Cr exchange, in one of the two currencies; the other one is its own entry with the opposite sign."""
    return _entry((money_account, amount_minor), (EXCHANGE, -amount_minor))


def written_off(*, amount_minor: int) -> tuple[Posting, ...]:
    """Dr write_off; Cr receivable. A negative amount takes it back, when the money comes after all."""
    return _entry((WRITE_OFF, amount_minor), (RECEIVABLE, -amount_minor))


def _entry(*lines: tuple[str, int]) -> tuple[Posting, ...]:
    """Return the entry without its zero lines. Raises BrokenIdentity unless it sums to zero."""
    if sum([amount_minor for _, amount_minor in lines]):
        raise BrokenIdentity(f"an entry doesn't balance: {lines}")
    return tuple([Posting(account, amount_minor) for account, amount_minor in lines if amount_minor])
