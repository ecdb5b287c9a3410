"""Reads of lists of documents: by tab, text, currency and customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum

from tallystick.base.pages import Page, keyset_page
from tallystick.invoices.models import Invoice

SORTS = {
    "due": ("due_on", "id"),
    "-due": ("-due_on", "-id"),
    "amount": ("open_minor", "id"),
    "-amount": ("-open_minor", "-id"),
    "total": ("total_minor", "id"),
    "-total": ("-total_minor", "-id"),
    "customer": ("customer__sort_key", "id"),
    "-customer": ("-customer__sort_key", "-id"),
    "new": ("-id",),
    "-new": ("id",),
}


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """What a list shows. `tab`: open, overdue, week, drafts, paid, void, credit_notes, all."""

    tab: str = "open"
    text: str = ""
    currency: str = ""
    customer_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """A sum in one currency, in minor units, over `count` documents."""

    currency: str
    amount_minor: int
    count: int


def list_invoices(wanted: InvoiceFilter, *, on: date, sort: str, cursor: str, size: int = 50) -> Page[Invoice]:
    """Return one page of documents with their customers. One query."""
    rows = _filtered(wanted, on).select_related("customer")
    return keyset_page(rows, keys=SORTS.get(sort, SORTS["due"]), cursor=cursor, size=size)


def totals_by_currency(wanted: InvoiceFilter, *, on: date) -> list[Total]:
    """Return count and open amount of everything the filter matches, per currency. One query."""
    field = "total_minor" if wanted.tab in {"drafts", "paid", "void", "credit_notes", "all"} else "open_minor"
    rows = _filtered(wanted, on).order_by().values("currency").annotate(amount=Sum(field), count=Count("id"))
    return [Total(row["currency"], row["amount"], row["count"]) for row in rows.order_by("-count", "currency")]


def tab_counts(*, on: date) -> dict[str, int]:
    """Return how many documents each open tab holds. One query over the index of open invoices, one over drafts."""
    week = on + timedelta(days=7)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE due_on < %s), count(*) FILTER (WHERE due_on BETWEEN %s AND %s),"
            " (SELECT count(*) FROM invoice WHERE number IS NULL)"
            " FROM invoice WHERE open_minor > 0 AND kind = 'invoice'",
            [on, on, week],
        )
        return dict(zip(("open", "overdue", "week", "drafts"), cursor.fetchone(), strict=True))


def _filtered(wanted: InvoiceFilter, on: date) -> QuerySet[Invoice]:
    rows = Invoice.objects.filter(_tab(wanted.tab, on))
    if wanted.currency:
        rows = rows.filter(currency=wanted.currency)
    if wanted.customer_id:
        rows = rows.filter(customer_id=wanted.customer_id)
    return rows.filter(_matches(wanted.text)) if wanted.text else rows


def _tab(tab: str, on: date) -> Q:
    is_open = Q(open_minor__gt=0, kind="invoice")
    return {
        "open": is_open,
        "overdue": is_open & Q(due_on__lt=on),
        "week": is_open & Q(due_on__gte=on, due_on__lte=on + timedelta(days=7)),
        "drafts": Q(number__isnull=True),
        "paid": Q(kind="invoice", number__isnull=False, voided_at__isnull=True, open_minor=0),
        "void": Q(voided_at__isnull=False),
        "credit_notes": Q(kind="credit_note", number__isnull=False),
    }.get(tab, Q())


def _matches(text: str) -> Q:
    found = Q(number__icontains=text) | Q(po_number__icontains=text) | Q(customer__name__icontains=text)
    digits = text.replace(" ", "").replace(",", "").replace("\u202f", "")
    try:
        amount = Decimal(digits)
    except ArithmeticError:
        return found
    if amount.is_finite() and 0 < amount < 10**12:
        found |= Q(total_minor=int(amount * 100)) | Q(total_minor=int(amount)) | Q(open_minor=int(amount * 100))
    return found
