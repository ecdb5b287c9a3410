"""What staff do with documents: issue, discard, credit, void, attach files, try an email again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tallystick.base.ids import new_id
from tallystick.base.tenant import tx
from tallystick.core.errors import CoreError
from tallystick.invoices import queries
from tallystick.invoices.attach import FileRefused, attach_file, remove_file
from tallystick.invoices.duplicate import draft_credit_note, duplicate_invoice
from tallystick.invoices.errors import AlreadyIssued, NoSuchInvoice, NotIssuable, NotVoidable, OverCredited
from tallystick.invoices.issue import issue_invoices
from tallystick.invoices.mark import mark_sent, replace_link
from tallystick.invoices.release import issue_by_date, plan_release, stop_release
from tallystick.invoices.save import discard_draft
from tallystick.messages.queue import cancel_message, retry_message, send_now
from tallystick.messages.triggers import triggers
from tallystick.payments.void import void_invoices
from tallystick.sellers.roles import SELL, VOID
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.ids import read_id
from tallystick.staff.forms.numbers import BadNumber, read_number
from tallystick.staff.forms.text import tidy_text
from tallystick.staff.letters import when_it_goes
from tallystick.staff.words import day_text


@door(SELL, "POST")
def bulk(request: StaffRequest) -> HttpResponse:
    """Issue the ticked drafts in one batch, or mark the ticked documents as sent."""
    desk = request.desk
    ids = [found for value in request.POST.getlist("id") if (found := read_id(value))]
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
    """Issue them in one batch; those dated ahead wait for their day."""
    desk = request.desk
    try:
        done = issue_by_date(**desk.acting(), invoice_ids=ids, today=desk.today)
    except (NotIssuable, NoSuchInvoice, AlreadyIssued, CoreError) as error:
        messages.error(request, f"{_('None of them was issued.')} {refusal(error)}")
        return
    if count := len(done.issued):
        text = ngettext("%(count)d invoice issued", "%(count)d invoices issued", count)
        messages.success(request, text % {"count": count})
    if count := done.planned:
        text = ngettext("%(count)d waits for its day", "%(count)d wait for their day", count)
        messages.success(request, text % {"count": count})


def refusal(error: Exception) -> str:
    """Say why a verb refused, in the reader's words."""
    reason = getattr(error, "reason", "")
    words = {
        "empty": _("An invoice needs at least one line with an amount."),
        "negative": _("The total is below zero. Use a credit note to give money back."),
        "not_ahead": _("Its day has come. Issue it now."),
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


def back_to(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Return to the document's page."""
    return redirect("invoice", request.desk.place.slug, invoice_id)


@door(SELL, "POST")
def issue(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Issue a draft; with `then=send` the compose screen follows. With `when` it waits for its own day."""
    desk, when = request.desk, request.POST.get("when")
    try:
        if when:
            messages.success(request, plan(request, invoice_id, is_sent=when == "send"))
            return back_to(request, invoice_id)
        [issued] = issue_invoices(**desk.acting(), invoice_ids=[invoice_id], today=desk.today)
    except NoSuchInvoice:
        raise Http404 from None
    except (NotIssuable, AlreadyIssued, CoreError) as error:
        messages.error(request, refusal(error))
        return back_to(request, invoice_id)
    if request.POST.get("then") == "send":
        return redirect("invoice-send", desk.place.slug, invoice_id)
    messages.success(request, _("%(number)s issued") % {"number": issued.number})
    return back_to(request, invoice_id)


def plan(request: StaffRequest, invoice_id: UUID, *, is_sent: bool) -> str:
    """Let a draft issue itself on its day, and return what to say about it. Raises as `plan_release`."""
    desk = request.desk
    day = plan_release(**desk.acting(), invoice_id=invoice_id, is_sent=is_sent, today=desk.today)
    with tx(desk.seller_id, read_only=True):
        kind, rules = queries.invoice(invoice_id).kind, triggers()
    return when_it_goes(kind, is_sent=is_sent, on=day_text(day, desk.today), rules=rules)


@door(SELL, "POST")
def unplan(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Keep a draft from issuing itself."""
    try:
        stop_release(**request.desk.acting(), invoice_id=invoice_id)
    except NoSuchInvoice:
        raise Http404 from None
    except AlreadyIssued as error:
        messages.error(request, refusal(error))
    else:
        messages.success(request, _("It stays a draft until you issue it."))
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
def send_at_once(request: StaffRequest, invoice_id: UUID, message_id: UUID) -> HttpResponse:
    """Let an email that waits for its time go now."""
    if send_now(**request.desk.acting(), message_id=message_id):
        messages.success(request, _("Sending it now"))
    return back_to(request, invoice_id)


@door(SELL, "POST")
def cancel(request: StaffRequest, invoice_id: UUID, message_id: UUID) -> HttpResponse:
    """Stop an email before it goes."""
    if cancel_message(**request.desk.acting(), message_id=message_id):
        messages.success(request, _("Stopped. Nothing was sent."))
    else:
        messages.info(request, _("It had already gone out."))
    return back_to(request, invoice_id)
