"""Saved lists of customers, to send broadcasts to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from tallystick.base.ids import new_id
from tallystick.base.tenant import tx
from tallystick.broadcasts import queries
from tallystick.broadcasts.audience import Audience, customers_in
from tallystick.broadcasts.errors import BadBroadcast
from tallystick.broadcasts.lists import remove_list, save_list
from tallystick.broadcasts.models import SavedList
from tallystick.customers.queries import list_customers
from tallystick.sellers.roles import SELL, VIEW
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.broadcasts import WORDS, ListForm
from tallystick.staff.forms.ids import made_id, read_id
from tallystick.staff.forms.typed import show_problems
from tallystick.staff.views.answer import REFUSED, go, page

MOST_OFFERED = 1000


@door(VIEW)
def lists(request: StaffRequest) -> HttpResponse:
    """List the saved lists."""
    may_sell = request.desk.may(SELL)
    return page(request, "lists", nav="broadcasts", rows=queries.saved_lists(), may_sell=may_sell)


@door(SELL, "GET", "POST")
def new(request: StaffRequest) -> HttpResponse:
    """Make a list by ticking; `?from=` ticks those a broadcast would reach."""
    if request.method == "POST":
        return _edit(request, made_id(request.POST), None, set())
    return _edit(request, new_id(), None, _found_by(request))


@door(SELL, "GET", "POST")
def edit(request: StaffRequest, list_id: UUID) -> HttpResponse:
    """Change who is on a list."""
    with tx(request.desk.seller_id, read_only=True):
        row, members = queries.saved_list(list_id), queries.members_of(list_id)
    if row is None:
        raise Http404
    return _edit(request, list_id, row, members)


@door(SELL, "POST")
def remove(request: StaffRequest, list_id: UUID) -> HttpResponse:
    """Forget a list."""
    with tx(request.desk.seller_id, read_only=True):
        if queries.saved_list(list_id) is None:
            raise Http404
    remove_list(**request.desk.acting(), list_id=list_id)
    messages.success(request, _("The list is gone. Its customers stay."))
    return go(request, "lists")


def _edit(request: StaffRequest, list_id: UUID, row: SavedList | None, ticked: set[UUID]) -> HttpResponse:
    desk, posted = request.desk, request.POST if request.method == "POST" else None
    initial: dict[str, Any] = {"name": row.name} if row else {}
    form = ListForm(posted, initial=initial)
    if posted is not None:
        ticked = set(form.ticked(posted))
        if form.is_valid():
            try:
                name = form.cleaned_data["name"]
                save_list(**desk.acting(), list_id=list_id, name=name, customer_ids=list(ticked))
            except BadBroadcast as error:
                show_problems(form, error.problems, WORDS)
            else:
                messages.success(request, _("Saved."))
                return go(request, "lists")
    with tx(desk.seller_id, read_only=True):
        offered = list_customers(size=MOST_OFFERED).rows
    unseen = ticked - {one.id for one in offered}
    return page(
        request,
        "list_edit",
        nav="broadcasts",
        status=200 if posted is None else REFUSED,
        form=form,
        row=row,
        made_id=list_id,
        customers=[(one, one.id in ticked) for one in offered],
        unseen=sorted(unseen),
    )


def _found_by(request: StaffRequest) -> set[UUID]:
    broadcast_id = read_id(request.GET.get("from", ""))
    found = queries.broadcast(broadcast_id) if broadcast_id else None
    return set(customers_in(Audience.read(found.audience), on=request.desk.today)) if found else set()
