"""The list of documents, one document, and what is downloaded of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tallystick.base.events import timeline
from tallystick.core.errors import CoreError
from tallystick.customers.party import party_of_customer
from tallystick.invoices import queries
from tallystick.invoices.errors import NoSuchInvoice
from tallystick.invoices.models import Invoice
from tallystick.invoices.pricing import due_of
from tallystick.invoices.queries_lists import InvoiceFilter, Total, list_invoices, totals_by_currency
from tallystick.invoices.render import pdf_of
from tallystick.ledger.queries import balances_of, why_subjects
from tallystick.messages.queries import messages_about
from tallystick.messages.triggers import Triggers, triggers
from tallystick.payments.queries import allocations_to, live_attempt
from tallystick.payments.queries_charging import charges_on
from tallystick.payments.reminders import next_reminder
from tallystick.payments.rules import rules
from tallystick.sellers.queries import party_of_seller
from tallystick.sellers.roles import CHARGE, SELL, VIEW, VOID
from tallystick.staff.charging import why_stopped
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.text import tidy_text
from tallystick.staff.letters import no_reminder, when_it_goes, why_unsent, with_reasons
from tallystick.staff.sentences import tell_facts
from tallystick.staff.words import day_text

CLOSED_TABS = frozenset({"drafts", "paid", "void", "credit_notes", "all"})
PAGE_SIZE = 50


class Tab(NamedTuple):
    """One saved view: its key, its name and how many it holds (None: not counted, as history would cost)."""

    key: str
    label: str
    held: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list: the document, and which bulk actions apply to it (draft, unsent, open), space between."""

    invoice: Invoice
    state: str


@door(VIEW)
def invoices(request: StaffRequest) -> HttpResponse:
    """List documents by tab, found by text, one currency or all, sorted, page by page."""
    desk = request.desk
    tab = request.GET.get("tab", "open")
    text = tidy_text(request.GET.get("q"))[:100]
    currency = tidy_text(request.GET.get("currency"))[:3].upper()
    sort = _sort(tab, request.GET.get("sort", ""))
    wanted = InvoiceFilter(tab=tab, text=text, currency=currency)
    page = list_invoices(wanted, on=desk.today, sort=sort, cursor=request.GET.get("after", ""), size=PAGE_SIZE)
    totals = totals_by_currency(InvoiceFilter(tab=tab, text=text), on=desk.today)
    shown = [total for total in totals if currency in ("", total.currency)]
    tabs = _tabs(desk.counts, tab, totals if not text else None)
    context = {
        "nav": "invoices",
        "desk": desk,
        "tabs": tabs,
        "tab": tab,
        "tab_label": next((one.label for one in tabs if one.key == tab), ""),
        "text": text,
        "currency": currency,
        "currencies": sorted({total.currency for total in totals} | ({currency} if currency else set())),
        "sort": sort,
        "rows": [Row(row, _bulk_state(row)) for row in page.rows],
        "next": page.next_cursor,
        "first_page": not request.GET.get("after"),
        "totals": shown,
        "count": sum(total.count for total in shown),
        "closed": tab in CLOSED_TABS,
        "amount_sort": "total" if tab in CLOSED_TABS else "amount",
        "may_sell": desk.may(SELL),
        "may_charge": desk.may(CHARGE),
        "may_tick": desk.may(SELL) or desk.may(CHARGE),
    }
    return render(request, "staff/invoices.html", context)


def _sort(tab: str, wanted: str) -> str:
    """Drafts have no due date, so lists that hold them can't be paged by it."""
    closed = tab in CLOSED_TABS
    allowed = {"new", "-new", "customer", "-customer"} | (
        {"total", "-total"} if closed else {"due", "-due", "amount", "-amount"}
    )
    return wanted if wanted in allowed else ("new" if closed else "due")


def _tabs(counts: dict[str, int], tab: str, totals: list[Total] | None) -> list[Tab]:
    labels = {
        "open": _("All open"),
        "overdue": pgettext("many", "Overdue"),
        "week": _("Due this week"),
        "drafts": _("Drafts"),
        "paid": pgettext("many", "Paid"),
        "void": pgettext("many", "Cancelled"),
        "credit_notes": _("Credit notes"),
        "all": _("All"),
    }
    here = sum(total.count for total in totals) if totals is not None else None
    return [Tab(key, label, counts.get(key, here if key == tab else None)) for key, label in labels.items()]


def _bulk_state(row: Invoice) -> str:
    if row.number is None:
        return "draft"
    states = {
        "unsent": row.sent_at is None and row.voided_at is None,
        "open": row.kind == "invoice" and row.open_minor > 0,
    }
    return " ".join(state for state, applies in states.items() if applies)


@door(VIEW)
def invoice(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Show one document: as the customer sees it on one side, money and history on the other."""
    return render(request, "staff/invoice.html", invoice_page(request, invoice_id))


def _planned(row: Invoice, rules_now: Triggers, today: date) -> str:
    """Say of a draft that issues itself when, and when it goes out."""
    if row.release_at is None or row.issue_on is None:
        return ""
    return when_it_goes(row.kind, is_sent=row.is_sent_on_release, on=day_text(row.issue_on, today), rules=rules_now)


def invoice_page(request: StaffRequest, invoice_id: UUID) -> dict[str, Any]:
    """Return everything the page of a document shows. Inside `tenant.tx`; raises Http404."""
    desk = request.desk
    row = found_invoice(invoice_id)
    content = queries.draft_content(invoice_id)
    document = queries.read_document(row, content)
    letters = messages_about([invoice_id])
    rules_now, reminder = triggers(), next_reminder(invoice_id, now=desk.now) if row.number else None
    allocated = [one for one in allocations_to([invoice_id]) if one.amount_minor]
    notes = queries.credit_notes_of(invoice_id) if row.kind == "invoice" else []
    files = queries.attachments_of(invoice_id)
    settled = row.allocated_minor + row.credited_minor
    charges, kept, due_items = charges_on(invoice_id), rules(), queries.due_items_of([invoice_id])
    planned = {one.due_item_id for one in charges if one.ended_at is None}
    is_owed = row.kind == "invoice" and row.number is not None and row.voided_at is None
    return {
        "nav": "invoices",
        "desk": desk,
        "invoice": row,
        "document": document,
        "paper": _paper(document.content, row, desk.today),
        "has_discount": any(line.get("discount") for line in document.content.get("lines", ())),
        "balances": balances_of([row.customer_id])[row.customer_id],
        "due_items": due_items,
        "letters": with_reasons(letters),
        "unsent": why_unsent(row, rules_now.auto_kinds) if row.number and not letters else "",
        "no_links": row.number is not None and not row.customer.payment_links,
        "planned": _planned(row, rules_now, desk.today),
        "next_reminder_at": reminder.at if reminder else None,
        "no_reminder": no_reminder(reminder),
        "allocations": allocated,
        "credit_notes": notes,
        "files": files,
        "timeline": tell_facts(timeline(subject_ids=[invoice_id])),
        "steps": why_subjects([invoice_id]) if row.number else [],
        "charges": [(one, why_stopped(one, kept)) for one in charges],
        "may_plan": desk.may(CHARGE)
        and is_owed
        and any(item.open_minor > 0 and item.id not in planned for item in due_items),
        "live": live_attempt(invoice_id) if row.open_minor else None,
        "settled": settled,
        "settled_percent": settled * 100 // row.total_minor if row.total_minor else 0,
        "may_sell": desk.may(SELL),
        "may_void": desk.may(VOID) and row.kind == "invoice" and row.number and not row.voided_at and not settled,
        "may_credit": desk.may(SELL) and row.kind == "invoice" and row.number and not row.voided_at,
        "may_send": desk.may(SELL) and row.number and not row.voided_at,
        "future": row.number is None and row.issue_on is not None and row.issue_on > desk.today,
    }


def found_invoice(invoice_id: UUID) -> Invoice:
    """Return the row with its customer; a foreign or unknown one is a 404."""
    try:
        return queries.invoice(invoice_id)
    except NoSuchInvoice:
        raise Http404 from None


def _paper(content: dict[str, Any], row: Invoice, today: date) -> dict[str, Any]:
    """Return the document's content; a draft gets today's parties and the dates it would have."""
    if row.number:
        return content
    total = content.get("totals", {}).get("total_minor", 0)
    try:
        due = due_of(queries.draft_of(row.id), total_minor=total, issued_on=row.issue_on or today)
    except CoreError:
        due = ()
    return {
        **content,
        "seller": party_of_seller(row.seller_id),
        "customer": party_of_customer(row.customer_id),
        "due": [
            {"due_on": item.due_on.isoformat(), "amount_minor": item.amount_minor, "kind": item.kind} for item in due
        ],
        "terms_label": content.get("terms", {}).get("label", ""),
    }


@door(VIEW, own_transaction=True)
def pdf(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Download the PDF."""
    try:
        found, content = pdf_of(seller_id=request.desk.seller_id, invoice_id=invoice_id)
    except NoSuchInvoice:
        raise Http404 from None
    disposition = "inline" if "inline" in request.GET else "attachment"
    headers = {
        "Content-Disposition": f'{disposition}; filename="{found.number}.pdf"',
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(content, content_type="application/pdf", headers=headers)


@door(VIEW)
def file(request: StaffRequest, invoice_id: UUID, attachment_id: UUID) -> HttpResponse:
    """Download a file of the document; never shown in place, whatever it says it is."""
    found = queries.attachment(invoice_id, attachment_id)
    if found is None:
        raise Http404
    response = HttpResponse(bytes(found.content), content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{_quoted(found.name)}"
    return response


def _quoted(name: str) -> str:
    return "".join(
        c if c.isascii() and (c.isalnum() or c in "._-") else "".join(f"%{b:02X}" for b in c.encode()) for c in name
    )
