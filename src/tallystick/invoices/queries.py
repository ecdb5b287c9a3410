"""Reads of documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from psycopg.pq import Format

from tallystick.base import direct
from tallystick.core.allocation import OpenItem
from tallystick.core.errors import InvalidReference
from tallystick.core.reference import creditor_reference
from tallystick.core.status import DocumentFacts, days_overdue, status_of
from tallystick.invoices.draft import Draft, DraftAdjustment, DraftLine
from tallystick.invoices.errors import NoSuchInvoice
from tallystick.invoices.links import link_url
from tallystick.invoices.models import (
    Attachment,
    DocumentAdjustment,
    DocumentContent,
    DueItem,
    Invoice,
    InvoiceLine,
    NumberCounter,
    NumberSeries,
)
from tallystick.texting.short_links import Target

_FIRST_ITEMS = 50


@dataclass(frozen=True, slots=True)
class Document:
    """An issued document: the row's identity, and `content` as every reader of it needs it (number and reference included).

    `view_url` leads to its page, `short_link` too, both None while the customer's payment links are off (C7); `pay_url` is
    the same for what can be paid there, None for a credit note.
    """

    id: UUID
    kind: str
    number: str
    customer_id: UUID
    currency: str
    language: str
    total_minor: int
    open_minor: int
    due_on: date | None
    is_void: bool
    view_url: str | None
    short_link: Target | None
    content: dict[str, Any]

    @property
    def pay_url(self) -> str | None:
        """Where it can be paid."""
        return self.view_url if self.kind == "invoice" else None

    def in_language(self, language: str) -> Document:
        """The same document for a reader of another language."""
        return replace(self, language=language)


@dataclass(frozen=True, slots=True)
class OwedItem(OpenItem):
    """A due item that is still open, and its invoice."""

    invoice_id: UUID


@dataclass(frozen=True, slots=True)
class SentItem(OwedItem):
    """A due item that is still open, of an invoice that went to its customer."""

    sent_at: datetime


class Standing(NamedTuple):
    """Whose a document is, and what is open of it in minor units."""

    customer_id: UUID
    number: str | None
    kind: str
    currency: str
    open_minor: int
    credits_id: UUID | None


def document(invoice_id: UUID) -> Document:
    """Return an issued document. One query. Raises NoSuchInvoice, for drafts too."""
    found = documents([invoice_id])
    if not found:
        raise NoSuchInvoice(str(invoice_id))
    return found[invoice_id]


def newest_document(kind: str, *, is_open: bool = False, late_on: date | None = None) -> UUID | None:
    """Return the document of a kind that was issued last; with `is_open` one that still owes something, with `late_on` one
    that is late on a day, where there are such. At most three queries."""
    found = Invoice.objects.filter(kind=kind, number__isnull=False).order_by("-issued_at", "-id")
    owing = found.filter(open_minor__gt=0)
    likest = [owing, found] if is_open else [found]
    if late_on:
        likest.insert(0, owing.filter(due_on__lt=late_on))
    return next(filter(None, (rows.values_list("id", flat=True).first() for rows in likest)), None)


def documents(invoice_ids: Sequence[UUID]) -> dict[UUID, Document]:
    """Return issued documents by id. One query; unknown ids are left out."""
    rows = DocumentContent.objects.select_related("invoice__credits", "invoice__customer").filter(
        invoice_id__in=invoice_ids, invoice__number__isnull=False
    )
    return {row.invoice_id: read_document(row.invoice, row.content) for row in rows}


def read_document(invoice: Invoice, content: dict[str, Any]) -> Document:
    """Join the sealed content with what is known of the document only from its row."""
    number = invoice.number or ""
    credits = invoice.credits.number if invoice.credits else None
    full = {**content, "number": number, "reference": _reference(number), "credits_number": credits}
    has_page = bool(number) and invoice.customer.payment_links
    return Document(
        id=invoice.id,
        kind=invoice.kind,
        number=number,
        customer_id=invoice.customer_id,
        currency=invoice.currency,
        language=invoice.language,
        total_minor=invoice.total_minor,
        open_minor=invoice.open_minor,
        due_on=invoice.due_on,
        is_void=invoice.voided_at is not None,
        view_url=link_url(invoice.id, invoice.link_version) if has_page else None,
        short_link=Target("invoice", invoice.id, invoice.link_version) if has_page else None,
        content=full,
    )


def _reference(number: str) -> str:
    """Return the ISO 11649 reference; a number too long for one is its own reference."""
    try:
        return creditor_reference(number) if number else ""
    except InvalidReference:
        return number


def draft_content(invoice_id: UUID) -> dict[str, Any]:
    """Return what is composed of a document so far, issued or not."""
    content = DocumentContent.objects.filter(invoice_id=invoice_id).values_list("content", flat=True).first()
    return dict(content or {})


def invoice(invoice_id: UUID) -> Invoice:
    """Return the row with its customer. Raises NoSuchInvoice."""
    row = Invoice.objects.select_related("customer", "credits").filter(id=invoice_id).first()
    if row is None:
        raise NoSuchInvoice(str(invoice_id))
    return row


def standing(invoice_id: UUID) -> Standing:
    """Return whose a document is and what is open of it: what money needs to know. Raises NoSuchInvoice."""
    row = Invoice.objects.values_list(*Standing._fields).filter(id=invoice_id).first()
    if row is None:
        raise NoSuchInvoice(str(invoice_id))
    return Standing(*row)


def stored_pdf(invoice_id: UUID) -> bytes | None:
    """Return the stored PDF, or None while it isn't rendered."""
    return stored_pdfs([invoice_id]).get(invoice_id)


def stored_pdfs(invoice_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """Return the PDFs of those of the documents that are rendered. One query; they travel as bytes, not as hex digits."""
    with connection.cursor() as cursor:
        cursor.cursor.format = Format.BINARY
        cursor.execute("SELECT invoice_id, content FROM rendering WHERE invoice_id = ANY(%s)", [list(invoice_ids)])
        return dict(cursor.fetchall())


def draft_of(invoice_id: UUID) -> Draft:
    """Return a document as the draft it is or was. Three queries. Raises NoSuchInvoice."""
    row = invoice(invoice_id)
    lines = tuple(
        DraftLine(
            description=line.description,
            quantity=line.quantity.normalize(),
            unit_price=line.unit_price.normalize(),
            tax_rate_id=line.tax_rate_id,
            item_code=line.item_code,
            detail=line.detail,
            unit=line.unit,
            discount_percent=line.discount_percent.normalize(),
        )
        for line in InvoiceLine.objects.filter(invoice_id=invoice_id).order_by("position")
    )
    adjustments = tuple(
        DraftAdjustment(
            a.label, a.is_charge, a.tax_rate_id, a.percent, None if a.percent is not None else a.amount_minor
        )
        for a in DocumentAdjustment.objects.filter(invoice_id=invoice_id).order_by("position")
    )
    return Draft(
        id=row.id,
        customer_id=row.customer_id,
        currency=row.currency,
        language=row.language,
        lines=lines,
        adjustments=adjustments,
        kind=row.kind,
        credits_id=row.credits_id,
        po_number=row.po_number,
        delivered_on=row.delivered_on,
        issue_on=row.issue_on,
        notes=row.notes,
        terms=row.terms,
        terms_note=row.terms_note,
    )


def drafts_dated_after(day: date, invoice_ids: Sequence[UUID]) -> list[UUID]:
    """Return the drafts among these that are dated after a day, by date. One query."""
    ahead = Invoice.objects.filter(id__in=invoice_ids, number__isnull=True, issue_on__gt=day)
    return list(ahead.order_by("issue_on", "id").values_list("id", flat=True))


def planned_releases(*, most: int) -> list[Invoice]:
    """Return drafts that will be issued by themselves, the next first, with their customers. One query."""
    planned = Invoice.objects.filter(number__isnull=True, release_at__isnull=False).select_related("customer")
    return list(planned.order_by("release_at", "id")[:most])


def facts_of(row: Invoice) -> DocumentFacts:
    """Return what the status is derived from."""
    return DocumentFacts(
        is_issued=row.number is not None,
        is_voided=row.voided_at is not None,
        is_sent=row.sent_at is not None,
        is_viewed=row.viewed_at is not None,
        total_minor=row.total_minor,
        allocated_minor=row.allocated_minor,
        credited_minor=row.credited_minor,
        next_due_on=row.due_on,
    )


def status(row: Invoice, *, on: date) -> str:
    """Return the document's status on a business date: see `core.status`."""
    return status_of(facts_of(row), on=on)


def overdue_days(row: Invoice, *, on: date) -> int:
    """Return by how many days the oldest open due item is late; 0 when none is."""
    return days_overdue(facts_of(row), on=on)


def open_items(customer_id: UUID, *, currency: str, invoice_ids: Sequence[UUID]) -> list[OwedItem]:
    """Return what a customer owes in a currency on these invoices, oldest first."""
    rows = DueItem.objects.filter(customer_id=customer_id, open_minor__gt=0, invoice__currency=currency)
    return _owed(rows.filter(invoice_id__in=invoice_ids))


def all_open_items(customer_id: UUID, *, currency: str) -> list[OwedItem]:
    """Return all that a customer owes in a currency, oldest first."""
    return _owed(DueItem.objects.filter(customer_id=customer_id, open_minor__gt=0, invoice__currency=currency))


def oldest_open_items(customer_id: UUID, *, currency: str, amount_minor: int) -> list[OwedItem]:
    """Return what a customer owes in a currency, oldest first: at least as many items as the amount can pay.

    Customers with thousands of open items exist, and most payments reach only a few of them.
    """
    rows = DueItem.objects.filter(customer_id=customer_id, open_minor__gt=0, invoice__currency=currency)
    oldest = _owed(rows, most=_FIRST_ITEMS)
    is_enough = len(oldest) < _FIRST_ITEMS or sum(item.open_minor for item in oldest) >= amount_minor
    return oldest if is_enough else _owed(rows)


def _owed(rows: QuerySet[DueItem], *, most: int | None = None) -> list[OwedItem]:
    """In the order in which `core.allocation` pays them."""
    found = rows.order_by("due_on", "id").values_list("id", "due_on", "open_minor", "invoice_id")[:most]
    return [OwedItem(*row) for row in found]


def due_items_of(invoice_ids: Sequence[UUID]) -> list[DueItem]:
    """Return the due items of these invoices in their order."""
    return list(DueItem.objects.filter(invoice_id__in=invoice_ids).order_by("invoice_id", "position"))


def due_item(due_item_id: UUID) -> DueItem | None:
    """Return one due item, or None."""
    return direct.find(DueItem, due_item_id)


def due_items_by_id(due_item_ids: Sequence[UUID]) -> dict[UUID, DueItem]:
    """Return these due items by id. One query; unknown ids are left out."""
    return DueItem.objects.in_bulk(list(due_item_ids))


def sent_items_due(first: date, last: date) -> list[SentItem]:
    """Return open due items of these days, both included, whose invoices went to their customers, oldest first. One query."""
    found = DueItem.objects.filter(due_on__range=(first, last), open_minor__gt=0, invoice__sent_at__isnull=False)
    rows = found.order_by("due_on", "id").values_list("id", "due_on", "open_minor", "invoice_id", "invoice__sent_at")
    return [SentItem(*row) for row in rows]  # type: ignore[arg-type]


def customer_ids_of(invoice_ids: Sequence[UUID]) -> list[UUID]:
    """Return the customers of these documents, for locking."""
    return list(Invoice.objects.filter(id__in=invoice_ids).values_list("customer_id", flat=True))


def open_invoices_of(customer_id: UUID) -> list[Invoice]:
    """Return a customer's open invoices, oldest due first."""
    return list(
        Invoice.objects.filter(customer_id=customer_id, kind="invoice", open_minor__gt=0).order_by("due_on", "id")
    )


def credit_notes_of(invoice_id: UUID) -> list[Invoice]:
    """Return the credit notes, drafts too, that refer to an invoice."""
    return list(Invoice.objects.filter(credits_id=invoice_id).order_by("id"))


def attachments_of(invoice_id: UUID) -> list[Attachment]:
    """Return a document's files without their content."""
    return list(Attachment.objects.filter(invoice_id=invoice_id).defer("content").order_by("created_at", "id"))


def attachment(invoice_id: UUID, attachment_id: UUID) -> Attachment | None:
    """Return one file with its content, or None."""
    return Attachment.objects.filter(id=attachment_id, invoice_id=invoice_id).first()


def number_series() -> list[NumberSeries]:
    """Return the seller's series by kind."""
    return list(NumberSeries.objects.order_by("kind", "-is_default", "pattern"))


def unrendered(*, most: int) -> list[UUID]:
    """Return issued documents whose PDF isn't stored yet, newest first, of the current seller."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.id FROM invoice i WHERE i.number IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM rendering r WHERE r.invoice_id = i.id) ORDER BY i.id DESC LIMIT %s",
            [most],
        )
        return [row[0] for row in cursor.fetchall()]


def numbers_of(invoice_ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """Return (kind, number) of these documents, the number empty for drafts. One query; unknown ids are left out."""
    rows = Invoice.objects.filter(id__in=invoice_ids).values_list("id", "kind", "number")
    return {key: (kind, number or "") for key, kind, number in rows}


def invoices_by_id(invoice_ids: Sequence[UUID]) -> dict[UUID, Invoice]:
    """Return these documents' rows, drafts too. One query; unknown ids are left out."""
    return Invoice.objects.in_bulk(list(invoice_ids))


def next_indexes(*, on: date) -> dict[UUID, int]:
    """Return the next number of each series used so far, counting in the period of that date."""
    rows = NumberCounter.objects.filter(period__in=[0, on.year]).values_list("series_id", "next")
    return dict(rows)


def customers_owing(*, on: date, overdue_days: int = 0) -> set[UUID]:
    """Return the customers with something open; overdue by at least so many days on a date, where that is asked. One query."""
    rows = DueItem.objects.filter(open_minor__gt=0)
    if overdue_days:
        rows = rows.filter(due_on__lte=on - timedelta(days=overdue_days))
    return set(rows.values_list("customer_id", flat=True).distinct())
