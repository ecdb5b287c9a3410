"""Giving money back: asking for it on a payment's page, agreeing to it, and the list of refunds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tallystick.base.ids import new_id
from tallystick.base.tenant import tx
from tallystick.core.brake import scaled
from tallystick.core.money import to_decimal
from tallystick.core.refund import RefundState
from tallystick.invoices.models import Invoice
from tallystick.invoices.queries import open_invoices_of
from tallystick.payments import queries
from tallystick.payments import queries_returns as returns
from tallystick.payments.desk import keep_rest
from tallystick.payments.errors import NoSuchPayment, NoSuchRefund, NotSmall, SamePerson, TooMuchBack
from tallystick.payments.models import Allocation, Payment, Refund
from tallystick.payments.queries_settlement import lines_of_payment
from tallystick.payments.refund import approve_refund, reject_refund, request_refund, send_refund
from tallystick.payments.rules import rules
from tallystick.sellers.queries import names_of
from tallystick.sellers.roles import ALLOCATE, LEDGER, REFUND, VIEW
from tallystick.staff.door import Desk, StaffRequest, door
from tallystick.staff.forms.ids import made_id
from tallystick.staff.forms.numbers import plain_number
from tallystick.staff.forms.returns import MoveForm, RefundForm, too_much
from tallystick.staff.views.answer import REFUSED, go, page
from tallystick.staff.words import money_text

PAGE_SIZE = 50
MOST_OPEN = 100


def returned(desk: Desk, row: Payment, placed: Sequence[Allocation]) -> dict[str, Any]:
    """Return what a payment's page shows of money that went back, and what may be done about it. Inside `tenant.tx`."""
    refunds, standing = returns.refunds_of(row.id), returns.standing(placed)
    people = names_of({each.requested_by for each in refunds if each.requested_by})
    may_move = desk.may(ALLOCATE)
    open_invoices = _open(row) if standing and may_move else []
    return {
        "refunds": [(each, people.get(each.requested_by, "") if each.requested_by else "") for each in refunds],
        "disputes": returns.disputes_of(row.id),
        "settled": lines_of_payment(row.id),
        "standing": {each.id for each in standing},
        "moves": [(each, _move_form(each, open_invoices)) for each in standing] if may_move else [],
        "may_refund": desk.may(REFUND),
        "may_see_payouts": desk.may(LEDGER),
        **_dialogs(desk, row, standing),
    }


def _dialogs(desk: Desk, row: Payment, standing: Sequence[Allocation]) -> dict[str, Any]:
    left, rule = returns.left_to_return(row), rules()
    free = min(max(row.unapplied_minor - row.refund_reserved_minor, 0), left)
    if not desk.may(REFUND) or left <= 0:
        return {}
    return {
        "refund": refund_dialog(row, left, standing, "refund"),
        "refund_free": refund_dialog(row, left, standing, "refund-free", start=free) if 0 < free < left else None,
        "keep_minor": free if 0 < free <= scaled(rule.write_off_minor, row.currency) else 0,
    }


def refund_dialog(
    row: Payment,
    left_minor: int,
    standing: Sequence[Allocation],
    name: str,
    *,
    start: int | None = None,
    form: RefundForm | None = None,
    refund_id: UUID | None = None,
) -> dict[str, Any]:
    """Return what the dialog says: the form, what a refund opens again, and above what a second person has to agree."""
    form = form or _refund_form(row, left_minor, auto_id=f"{name}-%s")
    if start is not None:
        form.initial["amount"] = plain_number(to_decimal(start, row.currency))
    return {
        "id": name,
        "refund_id": refund_id or new_id(),
        "form": form,
        "payment": row,
        "left_minor": left_minor,
        "start_minor": left_minor if start is None else start,
        "credit_minor": max(row.unapplied_minor - row.refund_reserved_minor, 0),
        "opens": standing[:5] if start is None else [],
        "more": max(len(standing) - 5, 0),
        "threshold_minor": scaled(rules().refund_approval_minor, row.currency),
    }


def _refund_form(row: Payment, left_minor: int, data: Any = None, *, auto_id: str = "refund-%s") -> RefundForm:
    account = row.gateway_account
    return RefundForm(
        data, payment=row, left_minor=left_minor, provider=account.label if account else "", auto_id=auto_id
    )


def _open(row: Payment) -> list[Invoice]:
    return [i for i in open_invoices_of(row.customer_id) if i.currency == row.currency][:MOST_OPEN]


def _move_form(row: Allocation, open_invoices: Sequence[Invoice], data: Any = None) -> MoveForm:
    others = [each for each in open_invoices if each.id != row.invoice_id]
    return MoveForm(data, invoices=others, auto_id=f"move-{row.id}-%s")


def sheet(
    request: StaffRequest, body: str, *, title: str, back: tuple[str, str], nav: str = "payments", **context: Any
) -> HttpResponse:
    """Show a dialog's form as a page of its own, because something in it can't stand. `back`: address and its name."""
    return page(request, "sheet", status=REFUSED, nav=nav, body=body, title=title, back=back, **context)


@door(REFUND, "POST")
def new(request: StaffRequest, payment_id: UUID) -> HttpResponse:
    """Give some of a payment back: set it aside, and order it at the provider at once so that the answer shows."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        row = _found(payment_id)
        left = returns.left_to_return(row)
        form = _refund_form(row, left, request.POST)
    refund_id = made_id(request.POST, "refund_id")
    if not form.is_valid() and not _known(request, refund_id, payment_id):
        return _refused(request, row, left, form, refund_id)
    try:
        refund = request_refund(
            **desk.acting(),
            refund_id=refund_id,
            payment_id=payment_id,
            amount_minor=form.cleaned_data.get("amount", 0),
            reason=form.cleaned_data.get("reason", ""),
            method=form.cleaned_data.get("method", ""),
        )
    except NoSuchPayment:
        raise Http404 from None
    except TooMuchBack as error:
        form.add_error("amount", too_much(error.left_minor, row.currency))
        return _refused(request, row, error.left_minor, form, refund_id)
    _send(request, refund)
    return go(request, "payment", payment_id)


def _known(request: StaffRequest, refund_id: UUID, payment_id: UUID) -> bool:
    """Whether this very form was sent before: then what was left then isn't left now, and that is no mistake."""
    with tx(request.desk.seller_id, read_only=True):
        found = returns.refund(refund_id)
    return found is not None and found.payment_id == payment_id


def _refused(request: StaffRequest, row: Payment, left: int, form: RefundForm, refund_id: UUID) -> HttpResponse:
    with tx(request.desk.seller_id, read_only=True):
        standing = returns.standing(queries.allocations_of(row.id))
        dialog = refund_dialog(row, left, standing, "refund", form=form, refund_id=refund_id)
    title = _("Refund %(number)s") % {"number": row.number or ""}
    return sheet(request, "staff/_refund_form.html", title=title, back=_payment(request, row), dialog=dialog)


def _payment(request: StaffRequest, row: Payment) -> tuple[str, str]:
    return go(request, "payment", row.id)["Location"], row.number or _("Payment")


def _found(payment_id: UUID) -> Payment:
    row = queries.payment(payment_id)
    if row is None:
        raise Http404
    return row


def _send(request: StaffRequest, refund: Refund) -> None:
    """Order a refund that is agreed at its provider, and say what came of it."""
    state = RefundState(refund.state)
    if refund.method == "gateway" and state == RefundState.RESERVED:
        desk = request.desk
        state = send_refund(seller_id=desk.seller_id, refund_id=refund.id, now=desk.now)
    amount = {"amount": money_text(refund.amount_minor, refund.currency)}
    if state == RefundState.WAITING:
        messages.info(request, _("%(amount)s is set aside. It goes back once a second person agrees.") % amount)
    elif state == RefundState.SUCCEEDED:
        messages.success(request, _("%(amount)s refunded") % amount)
    elif state == RefundState.FAILED:
        messages.error(
            request, _("The provider refused to give %(amount)s back. The money is still here; see why below.") % amount
        )
    elif state == RefundState.UNKNOWN:
        messages.info(
            request,
            _("We asked the provider to give %(amount)s back and don't know yet. Nothing is sent twice.") % amount,
        )
    else:
        messages.success(request, _("%(amount)s is on its way back") % amount)


@door(REFUND, "POST")
def approve(request: StaffRequest, refund_id: UUID) -> HttpResponse:
    """Agree to a refund somebody else asked for; it goes out at once."""
    desk = request.desk
    try:
        refund = approve_refund(**desk.acting(), refund_id=refund_id)
    except NoSuchRefund:
        raise Http404 from None
    except SamePerson:
        messages.error(request, _("You asked for this refund, so someone else has to agree. Nothing was sent."))
        return _back(request, refund_id)
    _send(request, refund)
    return _back(request, refund_id)


@door(REFUND, "POST")
def reject(request: StaffRequest, refund_id: UUID) -> HttpResponse:
    """Say no to a refund, or take back one's own; the money is free again."""
    try:
        in_time = reject_refund(**request.desk.acting(), refund_id=refund_id)
    except NoSuchRefund:
        raise Http404 from None
    if in_time:
        messages.success(request, _("Nothing goes back. The money is free again."))
    else:
        messages.info(request, _("It had been decided already. This is where it stands."))
    return _back(request, refund_id)


def _back(request: StaffRequest, refund_id: UUID) -> HttpResponse:
    if request.POST.get("from") == "list":
        return go(request, "refunds")
    with tx(request.desk.seller_id, read_only=True):
        found = returns.refund(refund_id)
    return go(request, "payment", found.payment_id) if found else go(request, "refunds")


@door(REFUND, "POST")
def keep(request: StaffRequest, payment_id: UUID) -> HttpResponse:
    """Close a small overpayment: what is left of a payment, within the seller's threshold, is kept."""
    with tx(request.desk.seller_id, read_only=True):
        row = _found(payment_id)
    try:
        kept = keep_rest(**request.desk.acting(), refund_id=made_id(request.POST, "refund_id"), payment_id=payment_id)
    except NotSmall as error:
        most = money_text(error.most_minor, row.currency)
        messages.error(request, _("Only a rest of up to %(most)s can be kept. Nothing was changed.") % {"most": most})
    except TooMuchBack:
        messages.info(request, _("Nothing is left of this payment to keep."))
    else:
        messages.success(request, _("%(amount)s kept") % {"amount": money_text(kept.amount_minor, kept.currency)})
    return go(request, "payment", payment_id)


@door(VIEW)
def refunds(request: StaffRequest) -> HttpResponse:
    """List refunds: waiting for a second person, on their way, done, failed."""
    desk, asked = request.desk, request.GET
    tab = asked.get("tab", "")
    tab = tab if tab in returns.REFUND_TABS else "waiting"
    found = returns.list_refunds(tab, cursor=asked.get("after", ""), size=PAGE_SIZE)
    counts = returns.refund_counts()
    labels = {
        "waiting": _("Waiting for approval"),
        "on_the_way": _("On their way"),
        "done": _("Done"),
        "failed": pgettext("many", "Failed"),
    }
    people = names_of({row.requested_by for row in found.rows if row.requested_by})
    return page(
        request,
        "refunds",
        nav="payments",
        tab=tab,
        tabs=[(key, label, counts.get(key)) for key, label in labels.items()],
        rows=[(row, people.get(row.requested_by, "") if row.requested_by else "") for row in found.rows],
        next=found.next_cursor,
        first_page=not asked.get("after"),
        may_refund=desk.may(REFUND),
    )
