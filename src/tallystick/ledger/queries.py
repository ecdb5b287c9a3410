"""What the book says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from tallystick.ledger.models import CustomerBalance


@dataclass(frozen=True, slots=True)
class Balance:
    """A customer's balance in one currency, in minor units. `unapplied_minor` is credit in their favour."""

    currency: str
    receivable_minor: int
    unapplied_minor: int


@dataclass(frozen=True, slots=True)
class AccountTotal:
    """One row of the trial balance, in minor units; debit positive."""

    account: str
    currency: str
    debit_minor: int
    credit_minor: int

    @property
    def balance_minor(self) -> int:
        """Debit less credit."""
        return self.debit_minor - self.credit_minor


@dataclass(frozen=True, slots=True)
class BalanceStep:
    """One dated entry behind a customer's balance, with the running balance after it."""

    effective_on: date
    kind: str
    subject_id: UUID
    account: str
    currency: str
    amount_minor: int
    running_minor: int


def balances_of(customer_ids: list[UUID]) -> dict[UUID, list[Balance]]:
    """Return the balances of these customers, per currency, zero ones left out. One query."""
    found: dict[UUID, list[Balance]] = {customer_id: [] for customer_id in customer_ids}
    for row in CustomerBalance.objects.filter(customer_id__in=customer_ids).order_by("currency"):
        if row.receivable_minor or row.unapplied_minor:
            found[row.customer_id].append(Balance(row.currency, row.receivable_minor, row.unapplied_minor))
    return found


def trial_balance(*, on: date | None = None) -> list[AccountTotal]:
    """Return debits and credits per account and currency, up to and including `on`. Each currency sums to zero."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.account, l.currency, sum(greatest(l.amount_minor, 0))::bigint, sum(greatest(-l.amount_minor, 0))::bigint "
            "FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id "
            "WHERE %s::date IS NULL OR e.effective_on <= %s GROUP BY 1, 2 ORDER BY 2, 1",
            [on, on],
        )
        return [AccountTotal(*row) for row in cursor.fetchall()]


def account_balances(account: str) -> dict[str, int]:
    """Return one account's balance by currency, in minor units, debit positive; zero ones left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT currency, sum(amount_minor)::bigint FROM journal_line WHERE account = %s GROUP BY 1 "
            "HAVING sum(amount_minor) <> 0",
            [account],
        )
        return dict(cursor.fetchall())


def why_balance(customer_id: UUID, *, currency: str, most: int = 500) -> list[BalanceStep]:
    """Return the dated entries that make up what a customer owes in a currency, oldest first, credit as negative."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT effective_on, kind, subject_id, account, currency, amount_minor, running FROM ("
            "  SELECT e.effective_on, e.kind, e.subject_id, l.account, l.currency, l.amount_minor, e.id, l.position,"
            "    sum(l.amount_minor) OVER (ORDER BY e.effective_on, e.recorded_at, e.id, l.position)::bigint AS running"
            "  FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id"
            "  WHERE l.customer_id = %s AND l.currency = %s) s ORDER BY effective_on, id, position LIMIT %s",
            [customer_id, currency, most],
        )
        return [BalanceStep(*row) for row in cursor.fetchall()]


def why_subjects(subject_ids: list[UUID]) -> list[BalanceStep]:
    """Return the entries about these documents or payments on the customer's receivable, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.effective_on, e.kind, e.subject_id, l.account, l.currency, l.amount_minor,"
            " sum(l.amount_minor) OVER (ORDER BY e.effective_on, e.recorded_at, e.id, l.position)::bigint"
            " FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id"
            " WHERE e.subject_id = ANY(%s) AND l.account = 'receivable' ORDER BY e.effective_on, e.recorded_at, e.id",
            [subject_ids],
        )
        return [BalanceStep(*row) for row in cursor.fetchall()]
