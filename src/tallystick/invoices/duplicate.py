"""Drafts made from other documents: a copy, or a credit note."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tallystick.base import tenant
from tallystick.core.totals import Totals
from tallystick.invoices.draft import Draft, DraftLine
from tallystick.invoices.errors import NoSuchInvoice, OverCredited
from tallystick.invoices.models import Invoice
from tallystick.invoices.queries import draft_of
from tallystick.invoices.save import save_drafts

_FROM_DOCUMENT = ("customer_id", "currency", "language", "lines", "adjustments", "notes", "terms", "terms_note")


def duplicate_invoice(
    *, seller_id: UUID, invoice_id: UUID, new_invoice_id: UUID, now: datetime, actor_id: UUID | None = None
) -> None:
    """Make a new draft with the same customer, lines and terms; dates and the PO number are not copied. Idempotent by the new id."""
    with tenant.tx(seller_id, actor_id=actor_id):
        source = draft_of(invoice_id)
        copied = {name: getattr(source, name) for name in _FROM_DOCUMENT}
        save_drafts(seller_id=seller_id, drafts=[Draft(id=new_invoice_id, **copied)], now=now, actor_id=actor_id)


def draft_credit_note(
    *,
    seller_id: UUID,
    invoice_id: UUID,
    credit_note_id: UUID,
    quantities: dict[int, Decimal] | None,
    reason: str,
    now: datetime,
    actor_id: UUID | None = None,
) -> Totals | None:
    """Make a draft credit note for an issued invoice: the whole of it, or the given quantity of each line (by position).

    A whole credit takes the document's allowances and charges along. Idempotent by the credit note's id.
    Raises NoSuchInvoice, OverCredited when it would exceed what earlier credit notes have left.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        row = Invoice.objects.filter(
            id=invoice_id, kind="invoice", number__isnull=False, voided_at__isnull=True
        ).first()
        if row is None:
            raise NoSuchInvoice(str(invoice_id))
        source = draft_of(invoice_id)
        lines = source.lines if quantities is None else _part(source, quantities)
        note = Draft(
            id=credit_note_id,
            kind="credit_note",
            credits_id=invoice_id,
            customer_id=source.customer_id,
            currency=source.currency,
            language=source.language,
            po_number=source.po_number,
            lines=lines,
            adjustments=source.adjustments if quantities is None else (),
            notes=reason,
        )
        [totals] = save_drafts(seller_id=seller_id, drafts=[note], now=now, actor_id=actor_id)
        earlier = Invoice.objects.filter(credits_id=invoice_id, number__isnull=False).values_list(
            "total_minor", flat=True
        )
        if (totals.total_minor if totals else 0) + sum(earlier) > row.total_minor:
            raise OverCredited(row.number or "")
        return totals


def _part(source: Draft, quantities: dict[int, Decimal]) -> tuple[DraftLine, ...]:
    lines = []
    for position, line in enumerate(source.lines, start=1):
        quantity = quantities.get(position, Decimal(0))
        if not quantity:
            continue
        if not 0 < quantity <= line.quantity:
            raise OverCredited(f"line {position}")
        lines.append(replace(line, quantity=quantity))
    return tuple(lines)
