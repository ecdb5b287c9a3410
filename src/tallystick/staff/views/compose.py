"""The compose screen: one page, shown as a dialog over the invoice when there is script."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from tallystick.base import tenant
from tallystick.customers.queries import contacts_of
from tallystick.invoices import queries
from tallystick.invoices.errors import NoSuchInvoice
from tallystick.invoices.send import SAYS, compose_for, says_now, send_document, wording_values
from tallystick.messages.email import render_email
from tallystick.messages.kinds import KINDS
from tallystick.messages.message_templates import words_of
from tallystick.messages.models import Message
from tallystick.messages.queries import message
from tallystick.messages.queue import cancel_message
from tallystick.sellers.roles import SELL
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.compose import ComposeForm, first_form, form_again, split_addresses, typed_compose
from tallystick.staff.forms.ids import read_id
from tallystick.staff.silent import NOBODY_LEFT, silent_among, still_written_to
from tallystick.staff.views.invoices import found_invoice
from tallystick.staff.words import names

UNDO = timedelta(seconds=10)
"""How long a person may take an email back that they sent."""
PREVIEW_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"


@door(SELL, "GET", "POST")
def compose(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Show the email, filled in; send it."""
    if request.method == "POST":
        return _send(request, invoice_id)
    row = found_invoice(invoice_id)
    if row.number is None:
        messages.info(request, _("Issue it first, then send it."))
        return redirect("invoice", request.desk.place.slug, invoice_id)
    if stopped := _stopped(request, invoice_id):
        return _page(request, invoice_id, form_again(stopped))
    files = [file.id for file in queries.attachments_of(invoice_id)]
    says = says_now(row, today=request.desk.today)
    start = compose_for(invoice_id, says, today=request.desk.today)
    return _page(request, invoice_id, first_form(start, files, says=says if says in SAYS else ""))


def _stopped(request: StaffRequest, invoice_id: UUID) -> Message | None:
    """The email that was taken back, when that is why the screen is shown."""
    message_id = read_id(request.GET.get("again", ""))
    found = message(message_id) if message_id else None
    return found if found and found.document_id == invoice_id and found.state == "cancelled" else None


def _send(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    desk, form = request.desk, typed_compose(request.POST)
    if not form.check():
        with tenant.tx(desk.seller_id, read_only=True):
            return _page(request, invoice_id, form, status=422)
    with tenant.tx(desk.seller_id, read_only=True):
        going = still_written_to(form.recipients, form.copies)
        if not going:
            form.errors["to"] = str(NOBODY_LEFT)
            return _page(request, invoice_id, form, status=422)
        own = {file.id for file in queries.attachments_of(invoice_id)}
    try:
        send_document(
            **desk.acting(),
            invoice_id=invoice_id,
            message_id=form.message_id,
            recipients=form.recipients,
            copies=form.copies,
            subject=form.subject,
            body=form.body,
            attach_pdf=form.attach_pdf,
            payment_link=form.payment_link,
            says=form.says,
            attachment_ids=[key for key in form.attachment_ids if key in own],
            due_at=desk.now + UNDO,
        )
    except NoSuchInvoice:
        raise Http404 from None
    text = _("Sending to %(people)s") % {"people": names(going)}
    undo = reverse("invoice-unsend", args=[desk.place.slug, invoice_id, form.message_id])
    messages.success(request, text, extra_tags=undo)
    return redirect("invoice", desk.place.slug, invoice_id)


@door(SELL, "POST")
def unsend(request: StaffRequest, invoice_id: UUID, message_id: UUID) -> HttpResponse:
    """Take an email back before it leaves, and show what was written."""
    slug = request.desk.place.slug
    if cancel_message(**request.desk.acting(), message_id=message_id):
        messages.success(request, _("Stopped. Nothing was sent."))
        return redirect(f"{reverse('invoice-send', args=[slug, invoice_id])}?again={message_id}")
    messages.info(request, _("It had already gone out."))
    return redirect("invoice", slug, invoice_id)


def _page(request: StaffRequest, invoice_id: UUID, form: ComposeForm, *, status: int = 200) -> HttpResponse:
    """Show the screen. Inside `tenant.tx`."""
    desk, row, start = request.desk, found_invoice(invoice_id), compose_for(invoice_id)
    written = [*split_addresses(form.to), *split_addresses(form.cc)]
    silent = silent_among(written, row.customer_id, today=desk.today, zone=desk.zone)
    gone = {one.address.lower() for one in silent}
    people = [(person.name, person.email) for person in contacts_of(row.customer_id)] + [
        (row.customer.name, row.customer.email)
    ]
    context: dict[str, Any] = {
        "nav": "invoices",
        "desk": desk,
        "invoice": row,
        "form": form,
        "start": start,
        "says": _(KINDS[form.says].label) if form.says else "",
        "files": queries.attachments_of(invoice_id),
        "people": [
            (name, email) for name, email in people if email and email not in written and email.lower() not in gone
        ],
        "silent": silent,
    }
    template = "staff/_compose_dialog.html" if "part" in request.GET else "staff/compose.html"
    return render(request, template, context, status=status)


@door(SELL, "POST")
def preview(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Show the email as it would look, in a frame that can do nothing."""
    form = typed_compose(request.POST)
    with tenant.tx(request.desk.seller_id, read_only=True):
        try:
            found = queries.document(invoice_id)
        except NoSuchInvoice:
            raise Http404 from None
        says = form.says if form.says and found.kind == "invoice" else found.kind
        button = words_of(says, found.language).filled(wording_values(found, today=request.desk.today)).button
    asks = found.kind == "invoice" and says != "thank_you"
    composed = render_email(
        found.content,
        kind=says,
        body=form.body,
        amount_minor=found.open_minor if asks else found.total_minor,
        pay_url=found.view_url if (form.payment_link and found.open_minor > 0) or found.kind == "credit_note" else None,
        due_on=found.due_on,
        button_text=button,
    )
    return HttpResponse(composed.html, headers={"Content-Security-Policy": PREVIEW_POLICY})
