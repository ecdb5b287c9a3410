"""The list of documents, one document, and what staff do with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tallystick.base.events import timeline
from tallystick.base.ids import new_id
from tallystick.core.errors import CoreError
from tallystick.customers.party import party_of_customer
from tallystick.invoices import queries
from tallystick.invoices.attach import FileRefused, attach_file, remove_file
from tallystick.invoices.duplicate import draft_credit_note, duplicate_invoice
from tallystick.invoices.errors import AlreadyIssued, NoSuchInvoice, NotIssuable, NotVoidable, OverCredited
from tallystick.invoices.issue import issue_invoices
from tallystick.invoices.mark import mark_sent, replace_link
from tallystick.invoices.models import Invoice
from tallystick.invoices.pricing import due_of
from tallystick.invoices.queries import InvoiceFilter, Total
from tallystick.invoices.render import pdf_of
from tallystick.invoices.save import discard_draft
from tallystick.ledger.queries import balances_of, why_subjects
from tallystick.messages.queries import messages_about
from tallystick.messages.queue import cancel_message, retry_message
from tallystick.payments.queries import allocations_to, live_attempt
from tallystick.payments.queries_charging import charges_on
from tallystick.payments.rules import rules
from tallystick.payments.void import void_invoices
from tallystick.sellers.queries import party_of_seller
from tallystick.sellers.roles import CHARGE, SELL, VIEW, VOID
from tallystick.staff.charging import why_stopped
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.numbers import BadNumber, read_number
from tallystick.staff.forms.text import tidy_text
from tallystick.staff.sentences import skip_reason, tell_facts

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
    page = queries.list_invoices(wanted, on=desk.today, sort=sort, cursor=request.GET.get("after", ""), size=PAGE_SIZE)
    totals = queries.totals_by_currency(InvoiceFilter(tab=tab, text=text), on=desk.today)
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
        "overdue": _("Overdue"),
        "week": _("Due this week"),
        "drafts": _("Drafts"),
        "paid": _("Paid"),
        "void": _("Cancelled"),
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


@door(SELL, "POST")
def bulk(request: StaffRequest) -> HttpResponse:
    """Issue the ticked drafts in one batch, or mark the ticked documents as sent."""
    desk = request.desk
    ids = [UUID(value) for value in request.POST.getlist("id") if _is_uuid(value)]
    back = redirect(f"{reverse('invoices', args=[desk.place.slug])}?{request.POST.get('view', '')}")
    if not ids:
        messages.info(request, _("Nothing was ticked."))
    elif request.POST.get("action") == "issue":
        _issue_many(request, ids)
    elif request.POST.get("action") == "mark-sent":
        try:
            for invoice_id in ids:
                mark_sent(**desk.acting(), invoice_id=invoice_id, by_hand=True)
        except NoSuchInvoice:
            raise Http404 from None
        count = len(ids)
        text = ngettext("%(count)d invoice marked as sent", "%(count)d invoices marked as sent", count)
        messages.success(request, text % {"count": count})
    return back


def _issue_many(request: StaffRequest, ids: list[UUID]) -> None:
    desk = request.desk
    try:
        issued = issue_invoices(**desk.acting(), invoice_ids=ids, today=desk.today)
    except (NotIssuable, NoSuchInvoice, CoreError) as error:
        messages.error(request, f"{_('None of them was issued.')} {refusal(error)}")
        return
    count = len(issued)
    text = ngettext("%(count)d invoice issued", "%(count)d invoices issued", count) % {"count": count}
    messages.success(request, text)


def _is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


def refusal(error: Exception) -> str:
    """Say why a verb refused, in the reader's words."""
    reason = getattr(error, "reason", "")
    words = {
        "empty": _("An invoice needs at least one line with an amount."),
        "negative": _("The total is below zero. Use a credit note to give money back."),
        "no_series": _("There is no number series for this kind of document. Make one under Settings, Numbering."),
        "draft": _("It isn't issued yet. Discard the draft instead."),
        "paid": _("There is a payment on it. Credit it instead, then refund."),
        "credited": _("It is already credited."),
        "paying": _("Someone is paying it this minute. Try again when that payment has ended."),
        "too_big": _("The file is larger than 10 MB."),
        "too_many": _("Ten files are the most a document can carry."),
        "unsafe": _("Programs and web pages can't be attached, as mail servers refuse them."),
    }
    if isinstance(error, FileRefused) and reason == "empty":
        return _("The file is empty.")
    if reason in words:
        return words[reason]
    if isinstance(error, OverCredited):
        return _("That is more than is left to credit.")
    if isinstance(error, AlreadyIssued):
        return _("It was issued meanwhile, so it can't be changed any more.")
    return _("That can't be done with this document.")


@door(VIEW)
def invoice(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Show one document: as the customer sees it on one side, money and history on the other."""
    return render(request, "staff/invoice.html", invoice_page(request, invoice_id))


def invoice_page(request: StaffRequest, invoice_id: UUID) -> dict[str, Any]:
    """Return everything the page of a document shows. Inside `tenant.tx`; raises Http404."""
    desk = request.desk
    row = found_invoice(invoice_id)
    content = queries.draft_content(invoice_id)
    document = queries.read_document(row, content)
    letters = messages_about([invoice_id])
    allocated = [one for one in allocations_to([invoice_id]) if one.amount_minor]
    notes = queries.credit_notes_of(invoice_id) if row.kind == "invoice" else []
    files = queries.attachments_of(invoice_id)
    settled = row.allocated_minor + row.credited_minor
    charges, kept = charges_on(invoice_id), rules()
    return {
        "nav": "invoices",
        "desk": desk,
        "invoice": row,
        "document": document,
        "paper": _paper(document.content, row, desk.today),
        "has_discount": any(line.get("discount") for line in document.content.get("lines", ())),
        "balances": balances_of([row.customer_id])[row.customer_id],
        "due_items": queries.due_items_of([invoice_id]),
        "letters": [(letter, skip_reason(letter.reason)) for letter in letters],
        "allocations": allocated,
        "credit_notes": notes,
        "files": files,
        "timeline": tell_facts(timeline(subject_ids=[invoice_id])),
        "steps": why_subjects([invoice_id]) if row.number else [],
        "charges": [(one, why_stopped(one, kept)) for one in charges],
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


def back_to(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Return to the document's page."""
    return redirect("invoice", request.desk.place.slug, invoice_id)


@door(SELL, "POST")
def issue(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Issue a draft; with `then=send` the compose screen follows."""
    desk = request.desk
    try:
        [issued] = issue_invoices(**desk.acting(), invoice_ids=[invoice_id], today=desk.today)
    except NoSuchInvoice:
        raise Http404 from None
    except (NotIssuable, CoreError) as error:
        messages.error(request, refusal(error))
        return back_to(request, invoice_id)
    if request.POST.get("then") == "send":
        return redirect("invoice-send", desk.place.slug, invoice_id)
    messages.success(request, _("%(number)s issued") % {"number": issued.number})
    return back_to(request, invoice_id)


@door(SELL, "POST")
def discard(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Throw a draft away."""
    try:
        discard_draft(**request.desk.acting(), invoice_id=invoice_id)
    except AlreadyIssued as error:
        messages.error(request, refusal(error))
        return back_to(request, invoice_id)
    messages.success(request, _("Draft discarded"))
    return redirect("invoices", request.desk.place.slug)


@door(SELL, "POST")
def duplicate(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Make a new draft like this document and open it."""
    copy_id = new_id()
    try:
        duplicate_invoice(**request.desk.acting(), invoice_id=invoice_id, new_invoice_id=copy_id)
    except NoSuchInvoice:
        raise Http404 from None
    return redirect("invoice-edit", request.desk.place.slug, copy_id)


@door(SELL, "POST")
def mark_as_sent(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Note that the document went out by other means."""
    try:
        mark_sent(**request.desk.acting(), invoice_id=invoice_id, by_hand=True)
    except NoSuchInvoice:
        raise Http404 from None
    messages.success(request, _("Marked as sent"))
    return back_to(request, invoice_id)


@door(SELL, "POST")
def new_link(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Make the links sent so far stop working."""
    try:
        replace_link(**request.desk.acting(), invoice_id=invoice_id)
    except NoSuchInvoice:
        raise Http404 from None
    messages.success(request, _("The payment link is new. Links sent before don't work any more."))
    return back_to(request, invoice_id)


@door(VOID, "POST")
def void(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Cancel an issued invoice nobody has paid."""
    desk, reason = request.desk, tidy_text(request.POST.get("reason"))
    if not reason:
        messages.error(request, _("Give a reason, so that the books can say why."))
        return back_to(request, invoice_id)
    try:
        void_invoices(**desk.acting(), invoice_ids=[invoice_id], reason=reason, today=desk.today)
    except NoSuchInvoice:
        raise Http404 from None
    except NotVoidable as error:
        messages.error(request, refusal(error))
    else:
        messages.success(request, _("Invoice cancelled"))
    return back_to(request, invoice_id)


@door(SELL, "POST")
def credit(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Draft a credit note for the whole document, or for some of each line."""
    desk, note_id, reason = request.desk, new_id(), tidy_text(request.POST.get("reason"))
    try:
        quantities = None if request.POST.get("part") != "lines" else _quantities(request)
        draft_credit_note(
            **desk.acting(), invoice_id=invoice_id, credit_note_id=note_id, quantities=quantities, reason=reason
        )
    except NoSuchInvoice:
        raise Http404 from None
    except BadNumber as error:
        messages.error(request, str(error))
        return back_to(request, invoice_id)
    except (OverCredited, CoreError) as error:
        messages.error(request, refusal(error))
        return back_to(request, invoice_id)
    messages.success(request, _("Credit note drafted. Issue it to make it count."))
    return back_to(request, note_id)


def _quantities(request: StaffRequest) -> dict[int, Any]:
    found = {}
    for name, value in request.POST.items():
        if name.startswith("quantity-") and name[9:].isdigit() and str(value).strip():
            found[int(name[9:])] = read_number(str(value))
    return found


@door(SELL, "POST")
def attach(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Keep files with the document."""
    desk = request.desk
    for upload in request.FILES.getlist("file"):
        try:
            attach_file(
                seller_id=desk.seller_id,
                invoice_id=invoice_id,
                name=upload.name or "file",
                content_type=upload.content_type or "",
                content=upload.read(),
                now=desk.now,
            )
        except NoSuchInvoice:
            raise Http404 from None
        except FileRefused as error:
            messages.error(request, f"{upload.name}: {refusal(error)}")
    return back_to(request, invoice_id)


@door(SELL, "POST")
def detach(request: StaffRequest, invoice_id: UUID, attachment_id: UUID) -> HttpResponse:
    """Take a file off the document."""
    remove_file(seller_id=request.desk.seller_id, invoice_id=invoice_id, attachment_id=attachment_id)
    messages.success(request, _("File removed"))
    return back_to(request, invoice_id)


@door(SELL, "POST")
def retry(request: StaffRequest, invoice_id: UUID, message_id: UUID) -> HttpResponse:
    """Try a failed email again."""
    if retry_message(**request.desk.acting(), message_id=message_id):
        messages.success(request, _("Trying again now"))
    return back_to(request, invoice_id)


@door(SELL, "POST")
def cancel(request: StaffRequest, invoice_id: UUID, message_id: UUID) -> HttpResponse:
    """Stop an email before it goes."""
    if cancel_message(**request.desk.acting(), message_id=message_id):
        messages.success(request, _("Stopped. Nothing was sent."))
    else:
        messages.info(request, _("It had already gone out."))
    return back_to(request, invoice_id)
