"""Kept cards and accounts of a customer: removing one, and paying automatically."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from tallystick.base.tenant import tx
from tallystick.payments import queries_charging as charging
from tallystick.payments.errors import NoSuchMethod
from tallystick.payments.methods import remove_method, set_autopay
from tallystick.payments.models import PaymentMethod
from tallystick.sellers.roles import CHARGE
from tallystick.staff.charging import method_name
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.views.answer import go
from tallystick.staff.views.customers import found_customer


def _found(request: StaffRequest, method_id: UUID) -> PaymentMethod:
    with tx(request.desk.seller_id, read_only=True):
        row = charging.payment_method(method_id)
    if row is None:
        raise Http404
    return row


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
