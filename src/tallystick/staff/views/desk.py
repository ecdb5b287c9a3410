"""The allocation desk: credit that pays nothing yet, money moved between invoices, rests given up."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from tallystick.base.tenant import tx
from tallystick.invoices.queries import open_invoices_of
from tallystick.payments import queries_returns as returns
from tallystick.payments.desk import apply_credit_of, move_allocation, write_off
from tallystick.payments.errors import NotAllocated, NothingToPay, NotSmall
from tallystick.reports.credit import in_credit
from tallystick.sellers.roles import ALLOCATE, LEDGER, REFUND, VIEW
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.ids import made_id, read_id
from tallystick.staff.forms.returns import TO_CREDIT, MoveForm, ReasonForm
from tallystick.staff.views.answer import go, page
from tallystick.staff.views.customers import found_customer
from tallystick.staff.views.invoices import found_invoice
from tallystick.staff.views.refunds import MOST_OPEN, sheet
from tallystick.staff.words import money_text

PAGE_SIZE = 50


@door(VIEW)
def credit(request: StaffRequest) -> HttpResponse:
    """List customers whose money pays nothing yet, with what it could pay."""
    rows, following = in_credit(after=read_id(request.GET.get("after", "")), size=PAGE_SIZE)
    return page(
        request,
        "credit",
        nav="payments",
        rows=rows,
        next=following or "",
        first_page=not request.GET.get("after"),
        may_allocate=request.desk.may(ALLOCATE),
    )


@door(ALLOCATE, "POST")
def apply(request: StaffRequest, customer_id: UUID) -> HttpResponse:
    """Put all of a customer's unapplied payments onto invoices: as references say, then the oldest due first."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        customer = found_customer(customer_id)
    moved = apply_credit_of(**desk.acting(), customer_id=customer_id, today=desk.today)
    if moved:
        messages.success(request, _("%(name)s's credit applied to open invoices") % {"name": customer.name})
    else:
        messages.info(request, _("Nothing was left to apply."))
    return go(request, "credit")


@door(ALLOCATE, "POST")
def move(request: StaffRequest, allocation_id: UUID) -> HttpResponse:
    """Take money off one invoice and put it onto another, or back to the customer's credit."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        row = returns.allocation(allocation_id)
        if row is None or row.payment is None:
            raise Http404
        payment, still_open = row.payment, open_invoices_of(row.payment.customer_id)
    others = [i for i in still_open if i.currency == payment.currency and i.id != row.invoice_id][:MOST_OPEN]
    form = MoveForm(request.POST, invoices=others, auto_id=f"move-{row.id}-%s")
    back = (go(request, "payment", payment.id)["Location"], payment.number or _("Payment"))
    if not form.is_valid():
        title = _("Move %(amount)s") % {"amount": money_text(row.amount_minor, payment.currency)}
        return sheet(request, "staff/_move_form.html", title=title, back=back, one=row, form=form, payment=payment)
    to = form.cleaned_data["to"]
    try:
        moved = move_allocation(
            **desk.acting(),
            allocation_id=allocation_id,
            to_invoice_id=None if to == TO_CREDIT else UUID(to),
            today=desk.today,
        )
    except NotAllocated:
        messages.info(request, _("This money had been moved already. Nothing was changed."))
        return go(request, "payment", payment.id)
    number = next((i.number for i in others if str(i.id) == to), "")
    if moved:
        text = _("%(amount)s now pays %(number)s")
        messages.success(request, text % {"amount": money_text(moved, payment.currency), "number": number})
    else:
        amount = money_text(row.amount_minor, payment.currency)
        messages.success(request, _("%(amount)s is the customer's credit again") % {"amount": amount})
    return go(request, "payment", payment.id)


@door(REFUND, "POST")
def give_up(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Write off what an invoice still owes; beyond the seller's threshold only for those who keep the books."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        row = found_invoice(invoice_id)
    form = ReasonForm(request.POST)
    write_off_id = made_id(request.POST, "write_off_id")
    if form.is_valid():
        try:
            amount = write_off(
                **desk.acting(),
                write_off_id=write_off_id,
                invoice_id=invoice_id,
                reason=form.cleaned_data["reason"],
                today=desk.today,
                may_be_large=desk.may(LEDGER),
            )
        except NotSmall as error:
            text = _("Up to %(most)s can be written off in your role. Ask an accountant. Nothing was changed.")
            form.add_error(None, text % {"most": money_text(error.most_minor, row.currency)})
        except NothingToPay:
            messages.info(request, _("Nothing is open on this invoice any more."))
            return go(request, "invoice", invoice_id)
        else:
            text = _("%(amount)s written off")
            messages.success(request, text % {"amount": money_text(amount, row.currency)})
            return go(request, "invoice", invoice_id)
    title = _("Write off %(number)s") % {"number": row.number or _("Draft")}
    back = (go(request, "invoice", invoice_id)["Location"], row.number or _("Draft"))
    return sheet(
        request,
        "staff/_write_off_form.html",
        nav="invoices",
        title=title,
        back=back,
        invoice=row,
        write_off_form=form,
        write_off_id=write_off_id,
    )
