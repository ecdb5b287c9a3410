"""The catalog: what is sold, at which price."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from tallystick.base.tenant import tx
from tallystick.catalog import queries
from tallystick.catalog.errors import CodeTaken, NoSuchItem, NoSuchRate
from tallystick.catalog.models import Item
from tallystick.catalog.save import archive_item, restore_item, save_item
from tallystick.sellers.roles import CATALOG, VIEW
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.catalog import ItemForm, item_fields
from tallystick.staff.forms.ids import made_id
from tallystick.staff.views.answer import REFUSED, go, page, typed


@door(VIEW)
def catalog(request: StaffRequest) -> HttpResponse:
    """List the items on sale."""
    text = typed(request.GET.get("q", ""))
    rows = queries.items_like(text, most=200) if text else queries.items()
    rates = {rate_id: tax.label for rate_id, tax in queries.tax_rates().items()}
    return page(
        request,
        "catalog",
        nav="catalog",
        rows=[(row, rates.get(row.tax_rate_id, "") if row.tax_rate_id else "") for row in rows],
        text=text,
        may_edit=request.desk.may(CATALOG),
    )


@door(CATALOG, "GET", "POST")
def new(request: StaffRequest) -> HttpResponse:
    """Add an item."""
    with tx(request.desk.seller_id, read_only=True):
        currency = request.desk.seller.currency
    return _form(request, None, {"currency": currency, "code": request.GET.get("code", "")[:40]})


@door(CATALOG, "GET", "POST")
def edit(request: StaffRequest, item_id: UUID) -> HttpResponse:
    """Change an item."""
    with tx(request.desk.seller_id, read_only=True):
        item = queries.item(item_id)
    if item is None:
        raise Http404
    return _form(request, item, item_fields(item))


def _form(request: StaffRequest, item: Item | None, initial: dict[str, Any]) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    with tx(request.desk.seller_id, read_only=True):
        form = ItemForm(posted, initial=initial, rates=queries.rates_on_offer())
    item_id = item.id if item else made_id(request.POST, "item_id")
    if posted is not None and form.is_valid():
        try:
            save_item(
                seller_id=request.desk.seller_id, actor_id=request.desk.actor_id, item_id=item_id, **form.cleaned_data
            )
        except CodeTaken:
            form.add_error("code", _("Another item has this code."))
        except NoSuchRate:
            form.add_error("tax_rate_id", _("This rate was archived meanwhile. Choose another one."))
        else:
            messages.success(request, _("%(name)s saved") % {"name": form.cleaned_data["name"]})
            return go(request, "catalog")
    status = REFUSED if posted is not None else 200
    return page(request, "item_edit", status=status, nav="catalog", item=item, item_id=item_id, form=form)


@door(CATALOG, "POST")
def archive(request: StaffRequest, item_id: UUID) -> HttpResponse:
    """Take an item off sale."""
    try:
        archive_item(**request.desk.acting(), item_id=item_id)
    except NoSuchItem:
        raise Http404 from None
    undo = request.path.removesuffix("archive") + "restore"
    messages.success(request, _("Item archived"), extra_tags=undo)
    return go(request, "catalog")


@door(CATALOG, "POST")
def restore(request: StaffRequest, item_id: UUID) -> HttpResponse:
    """Put an item back on sale."""
    try:
        restore_item(seller_id=request.desk.seller_id, actor_id=request.desk.actor_id, item_id=item_id)
    except NoSuchItem:
        raise Http404 from None
    messages.success(request, _("Back on sale"))
    return go(request, "catalog")
