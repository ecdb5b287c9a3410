"""Reads of payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import translation

from tallystick.base import direct
from tallystick.base.pages import Page, keyset_page
from tallystick.customers.party import party_of_customer
from tallystick.invoices import queries as invoices
from tallystick.payments.models import LIVE_STATES, Allocation, AttemptInvoice, ChargeAttempt, GatewayAccount, Payment
from tallystick.payments.ways import way_words
from tallystick.sellers.queries import party_of_seller


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """What the register shows. `method`: gateway, transfer, cash, cheque, card_machine or empty; `unapplied`: with credit left."""

    text: str = ""
    method: str = ""
    currency: str = ""
    since: date | None = None
    until: date | None = None
    unapplied: bool = False
    flagged: bool = False
    customer_id: UUID | None = None


def live_attempt(invoice_id: UUID) -> ChargeAttempt | None:
    """Return the one live attempt on an invoice, or None."""
    slot = AttemptInvoice.objects.select_related("attempt").filter(invoice_id=invoice_id, is_live=True).first()
    return slot.attempt if slot else None


def being_paid(invoice_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these invoices have a live attempt. One query."""
    live = AttemptInvoice.objects.filter(invoice_id__in=invoice_ids, is_live=True)
    return set(live.values_list("invoice_id", flat=True))


def attempt(attempt_id: UUID) -> ChargeAttempt | None:
    """Return one attempt, or None."""
    return direct.find(ChargeAttempt, attempt_id)


def last_attempt(invoice_id: UUID) -> ChargeAttempt | None:
    """Return the latest attempt on an invoice, live or ended."""
    slot = (
        AttemptInvoice.objects.select_related("attempt").filter(invoice_id=invoice_id).order_by("-attempt_id").first()
    )
    return slot.attempt if slot else None


def attempt_of_session(gateway_account_id: UUID, ref: str) -> UUID | None:
    """Return the attempt a gateway's session belongs to, or None."""
    found = ChargeAttempt.objects.filter(gateway_account_id=gateway_account_id, gateway_ref=ref)
    return found.values_list("id", flat=True).first()


def attempt_of_charge(gateway_account_id: UUID, charge_ref: str) -> UUID | None:
    """Return the attempt behind a charge that is booked, by the gateway's name for the charge, or None."""
    found = Payment.objects.filter(gateway_account_id=gateway_account_id, gateway_ref=charge_ref)
    return found.values_list("attempt_id", flat=True).first()


def unknown_attempts(*, most: int = 50) -> list[ChargeAttempt]:
    """Return attempts whose outcome the gateway hasn't told yet, oldest first."""
    rows = ChargeAttempt.objects.filter(state__in=["unknown", "sent", "canceling"]).select_related("customer")
    return list(rows.order_by("created_at")[:most])


def gateway_accounts(*, enabled_only: bool = False) -> list[GatewayAccount]:
    """Return the seller's ways to be paid online, in their order."""
    rows = GatewayAccount.objects.filter(is_enabled=True) if enabled_only else GatewayAccount.objects.all()
    return list(rows.order_by("position", "id"))


def gateway_account(account_id: UUID) -> GatewayAccount | None:
    """Return one account, or None."""
    return direct.find(GatewayAccount, account_id)


def seller_of_gateway_account(account_id: UUID) -> UUID | None:
    """Return the seller a webhook address belongs to, or None. Works outside a tenant transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_of_gateway_account(%s)", [account_id])
        row = cursor.fetchone()
    return row[0] if row else None


def register(wanted: PaymentFilter, *, cursor: str, size: int = 50) -> Page[Payment]:
    """Return one page of Customer Payments, newest first, with their customers. One query."""
    rows = _filtered(wanted).select_related("customer", "gateway_account")
    return keyset_page(rows, keys=("-received_on", "-id"), cursor=cursor, size=size)


def register_totals(wanted: PaymentFilter) -> list[dict[str, Any]]:
    """Return count, sum and unapplied sum per currency of everything the filter matches. One query."""
    rows = _filtered(wanted).order_by().values("currency")
    return list[Any](
        rows.annotate(amount=Sum("amount_minor"), unapplied=Sum("unapplied_minor"), count=Count("id")).order_by(
            "currency"
        )
    )


def _filtered(wanted: PaymentFilter) -> QuerySet[Payment]:
    rows = Payment.objects.all()
    exact = {"method": wanted.method, "currency": wanted.currency, "customer_id": wanted.customer_id}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if wanted.since:
        rows = rows.filter(received_on__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(received_on__lte=wanted.until)
    if wanted.unapplied:
        rows = rows.filter(unapplied_minor__gt=0)
    if wanted.flagged:
        rows = rows.exclude(flag="")
    if wanted.text:
        rows = rows.filter(
            Q(number__icontains=wanted.text)
            | Q(reference__icontains=wanted.text)
            | Q(gateway_ref__icontains=wanted.text)
            | Q(customer__name__icontains=wanted.text)
        )
    return rows


def payment(payment_id: UUID) -> Payment | None:
    """Return one payment with its customer, or None."""
    return Payment.objects.select_related("customer", "gateway_account").filter(id=payment_id).first()


def allocations_of(payment_id: UUID) -> list[Allocation]:
    """Return where a payment went, with the invoices."""
    rows = Allocation.objects.filter(payment_id=payment_id).select_related("invoice", "due_item")
    return list(rows.order_by("recorded_at", "id"))


def allocations_to(invoice_ids: Sequence[UUID]) -> list[Allocation]:
    """Return what came onto these invoices, from payments and credit notes."""
    rows = Allocation.objects.filter(invoice_id__in=invoice_ids).select_related("payment", "credit_note")
    return list(rows.order_by("allocated_on", "recorded_at", "id"))


def newest_payment() -> UUID | None:
    """Return the payment that has a receipt and was recorded last."""
    found = Payment.objects.filter(number__isnull=False).order_by("-recorded_at", "-id")
    return found.values_list("id", flat=True).first()


def receipt(payment_id: UUID, *, language: str = "") -> dict[str, Any]:
    """Return the receipt of a payment as the renderers take it, with the `documents` it paid, in the customer's language
    unless another is given.

    Raises Payment.DoesNotExist.
    """
    row = Payment.objects.select_related("customer", "gateway_account").get(id=payment_id)
    placed: dict[UUID, int] = {}
    parts = Allocation.objects.filter(payment_id=payment_id).order_by("recorded_at", "id")
    for invoice_id, amount_minor in parts.values_list("invoice_id", "amount_minor"):
        placed[invoice_id] = placed.get(invoice_id, 0) + amount_minor
    found = invoices.documents(list(placed))
    ordered = [found[key] for key, amount in placed.items() if amount and key in found]
    reads = language or row.customer.language
    with translation.override(reads):
        method = way_words(row.method, row.method_label)
    return {
        "number": row.number or "",
        "language": reads,
        "currency": row.currency,
        "received_on": row.received_on.isoformat(),
        "amount_minor": row.amount_minor,
        "method": method,
        "seller": party_of_seller(row.seller_id),
        "customer": party_of_customer(row.customer_id),
        "allocations": [
            {"number": d.number, "amount_minor": placed[d.id], "open_minor": d.open_minor} for d in ordered
        ],
        "unapplied_minor": row.unapplied_minor,
        "documents": [d.content for d in ordered],
    }


def is_live(state: str) -> bool:
    """Return whether an attempt in this state holds its invoice's slot."""
    return state in LIVE_STATES


def expiring_methods(*, on: date) -> list[UUID]:
    """Return kept cards that expire this month or the next, and that a planned charge or AutoPay relies on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.id FROM payment_method m WHERE m.state = 'active' AND m.expiry_year > 0 "
            "AND (m.expiry_year * 12 + m.expiry_month) BETWEEN %s AND %s AND (EXISTS (SELECT 1 FROM scheduled_charge c "
            "WHERE c.payment_method_id = m.id AND c.ended_at IS NULL) "
            "OR EXISTS (SELECT 1 FROM autopay a WHERE a.payment_method_id = m.id)) ORDER BY m.id",
            [on.year * 12 + on.month, on.year * 12 + on.month + 1],
        )
        return [row[0] for row in cursor.fetchall()]


def numbers_of(payment_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the receipt numbers of these payments. One query; unknown ids are left out."""
    rows = Payment.objects.filter(id__in=payment_ids).values_list("id", "number")
    return {key: number or "" for key, number in rows}
