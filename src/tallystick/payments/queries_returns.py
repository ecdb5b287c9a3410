"""Reads of money that goes back: refunds and disputes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID

from django.db.models import Count, DateTimeField, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from tallystick.base.pages import Page, keyset_page
from tallystick.payments._returns import left_to_return as _left_to_return
from tallystick.payments.models import Allocation, Dispute, Payment, Refund

REFUND_TABS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "waiting": ("waiting",),
        "on_the_way": ("reserved", "sent", "unknown", "processing"),
        "done": ("succeeded",),
        "failed": ("failed", "rejected", "abandoned"),
    }
)
DISPUTE_TABS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"open": ("needs_response", "under_review"), "won": ("won",), "lost": ("lost",)}
)
_NO_DAY = datetime(9999, 1, 1, tzinfo=UTC)


def left_to_return(payment: Payment) -> int:
    """Return how much of a payment can still go back, in minor units."""
    return _left_to_return(payment)


def refund(refund_id: UUID) -> Refund | None:
    """Return one refund, or None."""
    return Refund.objects.select_related("payment", "customer", "gateway_account").filter(id=refund_id).first()


def refunds_of(payment_id: UUID) -> list[Refund]:
    """Return a payment's refunds, newest first."""
    return list(Refund.objects.filter(payment_id=payment_id).select_related("gateway_account").order_by("-id"))


def disputes_of(payment_id: UUID) -> list[Dispute]:
    """Return a payment's disputes, newest first."""
    rows = Dispute.objects.filter(payment_id=payment_id).select_related("gateway_account")
    return list(rows.order_by("-opened_at", "-id"))


def list_refunds(tab: str, *, cursor: str, size: int = 50) -> Page[Refund]:
    """Return one page of refunds of a tab (see REFUND_TABS), newest first, with payment and customer. One query."""
    rows = Refund.objects.filter(state__in=REFUND_TABS[tab]).select_related("payment", "customer", "gateway_account")
    return keyset_page(rows, keys=("-requested_at", "-id"), cursor=cursor, size=size)


def refund_counts() -> dict[str, int]:
    """Return how many refunds wait for a second person and how many are on their way. One query."""
    return _counts(Refund.objects.all(), {name: REFUND_TABS[name] for name in ("waiting", "on_the_way")})


def list_disputes(tab: str, *, cursor: str, size: int = 50) -> Page[Dispute]:
    """Return one page of disputes of a tab (see DISPUTE_TABS). One query.

    Open ones come in the order their evidence is due; those without such a day last. Others newest first.
    """
    rows = Dispute.objects.filter(state__in=DISPUTE_TABS[tab]).select_related("payment", "customer", "gateway_account")
    if tab != "open":
        return keyset_page(rows, keys=("-opened_at", "-id"), cursor=cursor, size=size)
    last = Value(_NO_DAY, output_field=DateTimeField())
    by_evidence = rows.annotate(due=Coalesce("evidence_due_at", last))
    return keyset_page(by_evidence, keys=("due", "id"), cursor=cursor, size=size)


def dispute_counts() -> dict[str, int]:
    """Return how many disputes are open. One query."""
    return _counts(Dispute.objects.all(), {"open": DISPUTE_TABS["open"]})


def _counts(rows: QuerySet[Refund] | QuerySet[Dispute], wanted: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    counted = {name: Count("id", filter=Q(state__in=states)) for name, states in wanted.items()}
    states = [state for each in wanted.values() for state in each]
    return dict(rows.filter(state__in=states).aggregate(**counted))


def allocation(allocation_id: UUID) -> Allocation | None:
    """Return one allocation of a payment with invoice and payment, or None."""
    rows = Allocation.objects.select_related("invoice", "payment", "payment__customer")
    return rows.filter(id=allocation_id, payment__isnull=False).first()


def standing(rows: Sequence[Allocation]) -> list[Allocation]:
    """Return, of all allocations of one payment, those that were not taken back, newest first: the order of a refund."""
    taken_back = {row.reverses_id for row in rows}
    left = [row for row in rows if row.amount_minor > 0 and row.id not in taken_back]
    return sorted(left, key=lambda row: (row.recorded_at, row.id), reverse=True)
