"""Kept cards and accounts of a customer: asking for one, removing one, and paying automatically."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from tallystick.base.tenant import tx
from tallystick.core.attempt import State
from tallystick.payments import queries_charging as charging
from tallystick.payments.ask_card import request_card
from tallystick.payments.consent import consent_text
from tallystick.payments.customer_pages import request_page
from tallystick.payments.errors import NoSuchMethod
from tallystick.payments.links import request_url
from tallystick.payments.methods import remove_method, set_autopay
from tallystick.payments.models import PaymentMethod
from tallystick.pdf.link_code import link_svg
from tallystick.sellers.roles import CHARGE
from tallystick.staff.charging import method_name
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.ids import made_id
from tallystick.staff.online import online
from tallystick.staff.views.answer import go, page
from tallystick.staff.views.customers import found_customer


def _found(request: StaffRequest, method_id: UUID) -> PaymentMethod:
    with tx(request.desk.seller_id, read_only=True):
        row = charging.payment_method(method_id)
    if row is None:
        raise Http404
    return row


@door(CHARGE, "POST")
def ask(request: StaffRequest, customer_id: UUID) -> HttpResponse:
    """Make a link by which the customer keeps a card."""
    with tx(request.desk.seller_id, read_only=True):
        row, may = found_customer(customer_id), online()
    if not row.payment_links:
        messages.error(request, _("Payment links are switched off for this customer, so no link was made."))
        return go(request, "customer", customer_id)
    if not may.saves:
        messages.error(request, _("No connected payment provider keeps cards, so no link was made."))
        return go(request, "customer", customer_id)
    request_id = made_id(request.POST, "request_id")
    made = request_card(**request.desk.acting(), request_id=request_id, customer_id=customer_id)
    return go(request, "card-ask", made.id)


@door(CHARGE)
def asked(request: StaffRequest, request_id: UUID) -> HttpResponse:
    """Show the link, its code, what the customer agrees to there, and whether the card is kept."""
    desk = request.desk
    shown = request_page(seller_id=desk.seller_id, request_id=request_id)
    if shown is None or shown.kind != "card":
        raise Http404
    url = request_url(shown.id, shown.link_version)
    is_kept = shown.attempt is not None and shown.attempt.state == State.SUCCEEDED
    response = page(
        request,
        "card_ask",
        nav="customers",
        shown=shown,
        is_kept=is_kept,
        is_open=shown.attempt is not None and shown.attempt.is_live,
        is_declined=shown.attempt is not None and shown.attempt.state == State.DECLINED,
        can_keep=shown.has_links and any(way.saves for way in shown.ways),
        words=consent_text(shown.face.seller_name, shown.language),
        url=url,
        code=link_svg(url),
    )
    if is_kept and "HX-Request" in request.headers:
        response.headers["HX-Refresh"] = "true"
    return response


@door(CHARGE, "POST")
def remove(request: StaffRequest, method_id: UUID) -> HttpResponse:
    """Stop using a kept card or account."""
    row = _found(request, method_id)
    if remove_method(**request.desk.acting(), method_id=method_id):
        text = _("%(card)s removed. The provider is told next.")
        messages.success(request, text % {"card": method_name(row)})
    else:
        messages.info(request, _("It was removed already."))
    return go(request, "customer", row.customer_id)


@door(CHARGE, "POST")
def autopay(request: StaffRequest, method_id: UUID) -> HttpResponse:
    """Charge the customer's coming invoices to this card when they are due."""
    row = _found(request, method_id)
    try:
        set_autopay(**request.desk.acting(), customer_id=row.customer_id, payment_method_id=method_id)
    except NoSuchMethod:
        messages.error(request, _("That card was removed meanwhile. Nothing was changed."))
    else:
        text = _("Coming invoices are charged to %(card)s when they are due")
        messages.success(request, text % {"card": method_name(row)})
    return go(request, "customer", row.customer_id)


@door(CHARGE, "POST")
def autopay_stop(request: StaffRequest, customer_id: UUID) -> HttpResponse:
    """Stop charging a customer's invoices by themselves."""
    with tx(request.desk.seller_id, read_only=True):
        found_customer(customer_id)
    set_autopay(**request.desk.acting(), customer_id=customer_id, payment_method_id=None)
    messages.success(request, _("Automatic payment stopped. What it had planned is off the plan."))
    return go(request, "customer", customer_id)
