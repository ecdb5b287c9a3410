"""Addresses that bounced: write to somebody else, or to the same again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from tallystick.base.tenant import tx
from tallystick.customers.readdress import turn_documents
from tallystick.messages.again import say_instead
from tallystick.messages.outcomes import lift_silence
from tallystick.messages.queries import silence
from tallystick.reports.bounced import Bounced, bounced
from tallystick.sellers.roles import CUSTOMERS
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.views.answer import go


@door(CUSTOMERS, "POST")
def instead(request: StaffRequest, silence_id: UUID) -> HttpResponse:
    """Send what came back, and all that follows, to the customer's next contact."""
    found = _found(request, silence_id)
    if found.instead is None:
        raise Http404
    to = found.instead.email
    turn_documents(**request.desk.acting(), customer_id=found.customer_id, away_from=found.address, to=to)
    say_instead(**request.desk.acting(), message_id=found.message_id, to=to)
    messages.success(request, _("Sent to %(person)s. Documents go there from now on.") % {"person": to})
    return go(request, "customer", found.customer_id)


@door(CUSTOMERS, "POST")
def again(request: StaffRequest, silence_id: UUID) -> HttpResponse:
    """Write to the address again."""
    with tx(request.desk.seller_id, read_only=True):
        row = silence(silence_id)
    if row is None:
        raise Http404
    lift_silence(**request.desk.acting(), address=row.address)
    messages.success(request, _("%(address)s is written to again") % {"address": row.address})
    return go(request, "outbox")


def _found(request: StaffRequest, silence_id: UUID) -> Bounced:
    with tx(request.desk.seller_id, read_only=True):
        found = next((each for each in bounced() if each.id == silence_id), None)
    if found is None:
        raise Http404
    return found
