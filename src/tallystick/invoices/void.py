"""Voiding: an issued invoice nobody has paid is cancelled by a reversing entry; its number stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.core import postings
from tallystick.customers.lock import lock_customers
from tallystick.invoices.errors import NoSuchInvoice, NotVoidable
from tallystick.invoices.models import DueItem, Invoice
from tallystick.ledger.post import Entry, post_entries


def void_invoices(
    *,
    seller_id: UUID,
    invoice_ids: Sequence[UUID],
    reason: str,
    now: datetime,
    today: date,
    being_paid: frozenset[UUID] = frozenset(),
    actor_id: UUID | None = None,
) -> None:
    """Void issued invoices on which no money lies. Idempotent. Locks the customers, then the invoices.

    `being_paid` are invoices with a live charge attempt: `payments.void` looks them up under the same lock and is the
    verb doors call. Raises NoSuchInvoice, NotVoidable.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        customers = Invoice.objects.filter(id__in=invoice_ids).values_list("customer_id", flat=True)
        lock_customers(customers)
        rows = list(Invoice.objects.filter(id__in=invoice_ids).order_by("id").select_for_update())
        if len(rows) != len(set(invoice_ids)):
            raise NoSuchInvoice("void")
        fresh = [row for row in rows if row.voided_at is None]
        for row in fresh:
            _check(row, being_paid)
        DueItem.objects.filter(invoice_id__in=[row.id for row in fresh]).update(is_void=True)
        Invoice.objects.filter(id__in=[row.id for row in fresh]).update(voided_at=now, void_reason=reason[:300])
        post_entries([_reversal(row, today) for row in fresh], seller_id=seller_id, now=now)
        events.record_all(
            [
                events.Fact(
                    new_id(),
                    seller_id,
                    "invoice.voided",
                    row.id,
                    row.customer_id,
                    {"reason": reason[:300]},
                    actor_id,
                    now,
                )
                for row in fresh
            ]
        )


def _check(row: Invoice, being_paid: frozenset[UUID]) -> None:
    if row.number is None or row.kind != "invoice":
        raise NotVoidable("draft")
    if row.allocated_minor:
        raise NotVoidable("paid")
    if row.credited_minor:
        raise NotVoidable("credited")
    if row.id in being_paid:
        raise NotVoidable("paying")


def _reversal(row: Invoice, today: date) -> Entry:
    return Entry(
        id=new_id(),
        kind="invoice.voided",
        source_id=row.id,
        subject_id=row.id,
        customer_id=row.customer_id,
        currency=row.currency,
        effective_on=today,
        postings=postings.invoice_voided(
            totals_net_minor=row.net_minor, tax_minor=row.tax_minor, rounding_minor=row.rounding_minor
        ),
    )
