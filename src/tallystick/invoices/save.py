"""Saving drafts: priced by the one engine with each save, so that issuing only has to freeze them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tallystick.base import direct, events, tenant
from tallystick.base.ids import new_id, new_ids
from tallystick.base.rows import insert_rows
from tallystick.catalog.queries import tax_rates
from tallystick.core.totals import Totals
from tallystick.invoices._content import compose_content
from tallystick.invoices._price import price
from tallystick.invoices.draft import Draft
from tallystick.invoices.errors import AlreadyIssued, DraftChanged, NoSuchInvoice
from tallystick.invoices.models import DocumentAdjustment, DocumentContent, Invoice, InvoiceLine

INVOICE = {
    "id": "uuid",
    "seller_id": "uuid",
    "kind": "text",
    "customer_id": "uuid",
    "credits_id": "uuid",
    "currency": "text",
    "language": "text",
    "po_number": "text",
    "delivered_on": "date",
    "issue_on": "date",
    "notes": "text",
    "terms": "jsonb",
    "terms_note": "text",
    "net_minor": "bigint",
    "tax_minor": "bigint",
    "rounding_minor": "bigint",
    "total_minor": "bigint",
    "allocated_minor": "bigint",
    "credited_minor": "bigint",
    "link_version": "smallint",
    "version": "integer",
    "void_reason": "text",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
    "created_by": "uuid",
}
LINE = {
    "id": "uuid",
    "seller_id": "uuid",
    "invoice_id": "uuid",
    "position": "smallint",
    "item_code": "text",
    "description": "text",
    "detail": "text",
    "quantity": "numeric",
    "unit": "text",
    "unit_price": "numeric",
    "discount_percent": "numeric",
    "tax_rate_id": "uuid",
    "net_minor": "bigint",
}
ADJUSTMENT = {
    "id": "uuid",
    "seller_id": "uuid",
    "invoice_id": "uuid",
    "position": "smallint",
    "label": "text",
    "is_charge": "boolean",
    "percent": "numeric",
    "amount_minor": "bigint",
    "tax_rate_id": "uuid",
}
CONTENT = {"invoice_id": "uuid", "seller_id": "uuid", "content": "jsonb"}
_EDITABLE = (
    "customer_id",
    "currency",
    "language",
    "po_number",
    "delivered_on",
    "issue_on",
    "notes",
    "terms",
    "terms_note",
)
_PRICED = ("net_minor", "tax_minor", "rounding_minor", "total_minor", "updated_at")
_REPLACE = "ON CONFLICT (id) DO UPDATE SET version = invoice.version + 1, release_at = NULL, " + ", ".join(
    f"{name} = excluded.{name}" for name in (*_EDITABLE, *_PRICED)
)


def save_drafts(
    *,
    seller_id: UUID,
    drafts: Sequence[Draft],
    now: datetime,
    actor_id: UUID | None = None,
    expected_version: int | None = None,
) -> list[Totals | None]:
    """Create or replace drafts and return their totals (None for one without lines), in the order given.

    Idempotent by draft id. Locks the existing drafts; one that was to be issued by itself isn't any more.
    `expected_version` is what the editor read (one draft only).
    Raises AlreadyIssued, DraftChanged, IntegrityError for a foreign customer, core errors for impossible amounts.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        _check_editable(drafts, expected_version)
        rates = tax_rates()
        totals = [price(draft, rates) for draft in drafts]
        ids = [draft.id for draft in drafts]
        InvoiceLine.objects.filter(invoice_id__in=ids).delete()
        DocumentAdjustment.objects.filter(invoice_id__in=ids).delete()
        insert_rows("invoice", INVOICE, _invoices(drafts, totals, seller_id, now, actor_id), on_conflict=_REPLACE)
        insert_rows("invoice_line", LINE, _lines(drafts, totals, seller_id))
        insert_rows("document_adjustment", ADJUSTMENT, _adjustments(drafts, totals, seller_id))
        contents = [
            (d.id, seller_id, json.dumps(compose_content(d, t, rates))) for d, t in zip(drafts, totals, strict=True)
        ]
        replace = "ON CONFLICT (invoice_id) DO UPDATE SET content = excluded.content"
        insert_rows("document_content", CONTENT, contents, on_conflict=replace)
        events.record_all(
            [
                events.Fact(new_id(), seller_id, "draft.saved", d.id, d.customer_id, {}, actor_id, now)
                for d in drafts
                if expected_version is None
            ]
        )
        return totals


def discard_draft(*, seller_id: UUID, invoice_id: UUID, now: datetime, actor_id: UUID | None = None) -> None:
    """Delete a draft with its lines; drafts have no number, so no gap. Idempotent. Raises AlreadyIssued."""
    with tenant.tx(seller_id, actor_id=actor_id):
        draft = direct.find(Invoice, invoice_id, lock=True)
        if draft is None:
            return
        if draft.number is not None:
            raise AlreadyIssued(draft.number)
        for part in (InvoiceLine, DocumentAdjustment, DocumentContent):
            part.objects.filter(invoice_id=invoice_id).delete()
        Invoice.objects.filter(id=invoice_id).delete()
        events.record(
            "draft.discarded",
            seller_id=seller_id,
            subject_id=invoice_id,
            now=now,
            actor_id=actor_id,
            customer_id=draft.customer_id,
        )


def _check_editable(drafts: Sequence[Draft], expected_version: int | None) -> None:
    ids = [draft.id for draft in drafts]
    found = list(
        Invoice.objects.filter(id__in=ids).order_by("id").select_for_update().values("id", "number", "version")
    )
    for row in found:
        if row["number"] is not None:
            raise AlreadyIssued(row["number"])
    if expected_version is not None:
        if not found:
            raise NoSuchInvoice(str(ids[0]))
        if found[0]["version"] != expected_version:
            raise DraftChanged(f"version {found[0]['version']}, expected {expected_version}")


def _invoices(
    drafts: Sequence[Draft], totals: Sequence[Totals | None], seller_id: UUID, now: datetime, actor_id: UUID | None
) -> list[tuple[object, ...]]:
    return [
        (
            d.id,
            seller_id,
            d.kind,
            d.customer_id,
            d.credits_id,
            d.currency,
            d.language,
            d.po_number,
            d.delivered_on,
            d.issue_on,
            d.notes,
            json.dumps(d.terms),
            d.terms_note,
            t.net_minor if t else 0,
            t.tax_minor if t else 0,
            t.rounding_minor if t else 0,
            t.total_minor if t else 0,
            0,
            0,
            1,
            1,
            "",
            now,
            now,
            actor_id,
        )
        for d, t in zip(drafts, totals, strict=True)
    ]


def _lines(drafts: Sequence[Draft], totals: Sequence[Totals | None], seller_id: UUID) -> list[tuple[object, ...]]:
    ids = iter(new_ids(sum(len(d.lines) for d in drafts)))
    return [
        (
            next(ids),
            seller_id,
            d.id,
            position,
            line.item_code,
            line.description,
            line.detail,
            line.quantity,
            line.unit,
            line.unit_price,
            line.discount_percent,
            line.tax_rate_id,
            amounts.net_minor,
        )
        for d, t in zip(drafts, totals, strict=True)
        if t
        for position, (line, amounts) in enumerate(zip(d.lines, t.lines, strict=True), start=1)
    ]


def _adjustments(drafts: Sequence[Draft], totals: Sequence[Totals | None], seller_id: UUID) -> list[tuple[object, ...]]:
    return [
        (new_id(), seller_id, d.id, position, a.label, a.is_charge, a.percent, amount.amount_minor, a.tax_rate_id)
        for d, t in zip(drafts, totals, strict=True)
        if t
        for position, (a, amount) in enumerate(zip(d.adjustments, t.adjustments, strict=True), start=1)
    ]
