"""Reads of what gateways list: settlement lines, payouts, and what doesn't match the book."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from tallystick.base.pages import Page, keyset_page
from tallystick.core.postings import clearing_account
from tallystick.ledger.queries import trial_balance
from tallystick.payments.models import Break, GatewayAccount, Payout, SettlementLine


@dataclass(frozen=True, slots=True)
class HeldThere:
    """A gateway account, what the book says it holds for us (minor units by currency), and its open breaks."""

    account: GatewayAccount
    balances: tuple[tuple[str, int], ...]
    open_breaks: int


@dataclass(frozen=True, slots=True)
class LineSum:
    """What a payout's lines of one kind and currency come to, in minor units."""

    kind: str
    currency: str
    count: int
    amount_minor: int
    fee_minor: int

    @property
    def net_minor(self) -> int:
        """The amount less its fees."""
        return self.amount_minor - self.fee_minor


def held_there() -> list[HeldThere]:
    """Return each gateway account with its clearing balances and open breaks. Three queries, however many there are."""
    accounts = list(GatewayAccount.objects.order_by("position", "id"))
    balances: dict[str, list[tuple[str, int]]] = {}
    for row in trial_balance():
        if row.balance_minor:
            balances.setdefault(row.account, []).append((row.currency, row.balance_minor))
    opened = Break.objects.filter(closed_at__isnull=True).values_list("gateway_account_id").annotate(n=Count("id"))
    counts = dict(opened.order_by())
    return [
        HeldThere(each, tuple(balances.get(clearing_account(each.code), ())), counts.get(each.id, 0))
        for each in accounts
    ]


def list_payouts(*, cursor: str, size: int = 50) -> Page[Payout]:
    """Return one page of payouts, newest first, with their account and `line_count`. One query."""
    rows = Payout.objects.select_related("gateway_account").annotate(line_count=_line_count())
    return keyset_page(rows, keys=("-arrives_on", "-id"), cursor=cursor, size=size)


def _line_count() -> Coalesce:
    lines = SettlementLine.objects.filter(
        gateway_account_id=OuterRef("gateway_account_id"), payout_ref=OuterRef("gateway_ref")
    )
    counted = lines.order_by().values("payout_ref").annotate(n=Count("id")).values("n")
    return Coalesce(Subquery(counted), 0)


def payout(payout_id: UUID) -> Payout | None:
    """Return one payout with its account, or None."""
    return Payout.objects.select_related("gateway_account").filter(id=payout_id).first()


def lines_of_payout(row: Payout, *, cursor: str, size: int = 100) -> Page[SettlementLine]:
    """Return one page of a payout's lines, oldest first, with the payments they are about. One query."""
    rows = _of_payout(row).select_related("payment", "payment__customer")
    return keyset_page(rows, keys=("at", "id"), cursor=cursor, size=size)


def sums_of_payout(row: Payout) -> list[LineSum]:
    """Return what a payout's lines come to, by kind and currency. One query."""
    grouped = _of_payout(row).values_list("kind", "currency").order_by("currency", "kind")
    return [
        LineSum(*each) for each in grouped.annotate(n=Count("id"), amount=Sum("amount_minor"), fee=Sum("fee_minor"))
    ]


def _of_payout(row: Payout) -> QuerySet[SettlementLine]:
    return SettlementLine.objects.filter(gateway_account_id=row.gateway_account_id, payout_ref=row.gateway_ref)


def lines_of_payment(payment_id: UUID) -> list[SettlementLine]:
    """Return how a gateway settled one payment, oldest first; `payout_id` is the payout each went into, or None."""
    payouts = Payout.objects.filter(
        gateway_account_id=OuterRef("gateway_account_id"), gateway_ref=OuterRef("payout_ref")
    )
    rows = SettlementLine.objects.filter(payment_id=payment_id).annotate(
        payout_id=Subquery(payouts.values("id")[:1]), net=F("amount_minor") - F("fee_minor")
    )
    return list(rows.order_by("at", "id"))


def list_breaks(*, closed: bool, cursor: str, size: int = 50) -> Page[Break]:
    """Return one page of breaks, open or explained, newest first, with account and payment. One query."""
    rows = Break.objects.filter(closed_at__isnull=not closed).select_related("gateway_account", "payment")
    return keyset_page(rows, keys=("-found_at", "-id"), cursor=cursor, size=size)


def open_break_count() -> int:
    """Return how many breaks wait for a person."""
    return Break.objects.filter(closed_at__isnull=True).count()


def one_break(break_id: UUID) -> Break | None:
    """Return one break with its account, or None."""
    return Break.objects.select_related("gateway_account", "payment").filter(id=break_id).first()


def currencies_in(sums: Sequence[LineSum]) -> dict[str, dict[str, Any]]:
    """Return gross, fees and net in minor units by currency of the sums of a payout."""
    found: dict[str, dict[str, Any]] = {}
    for each in sums:
        total = found.setdefault(each.currency, {"gross": 0, "fees": 0, "net": 0})
        total["gross"] += each.amount_minor
        total["fees"] += each.fee_minor
        total["net"] += each.net_minor
    return found
