"""Charging the rest of an invoice later: what, when and to which card; what follows is shown before it is agreed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tallystick.base.ids import new_id
from tallystick.base.tenant import tx
from tallystick.customers.queries import addresses_for_documents
from tallystick.invoices import queries as invoices
from tallystick.invoices.models import DueItem, Invoice
from tallystick.payments.errors import NoSuchMethod, NotSchedulable
from tallystick.payments.models import PaymentMethod, ScheduledCharge
from tallystick.payments.queries_charging import charges_on, methods_of
from tallystick.payments.rules import Rules, rules
from tallystick.payments.schedule import Days, days_of, schedule_charge
from tallystick.sellers.roles import CHARGE
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.charging import NO_CARD, PlanForm, part_id
from tallystick.staff.forms.ids import made_id, read_id
from tallystick.staff.views.answer import REFUSED, go, page
from tallystick.staff.views.invoices import found_invoice


@dataclass(frozen=True, slots=True)
class Ground:
    """What a plan can be made of: the open parts nothing is planned on, the kept cards, the rules."""

    invoice: Invoice
    items: list[DueItem]
    first_open: UUID | None
    methods: list[PaymentMethod]
    rules: Rules
    has_address: bool


@door(CHARGE, "GET", "POST")
def plan(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Ask what is charged when and to which card; say what follows; plan it."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        ground = _ground(invoice_id)
        known = _made_before(request, invoice_id)
    if known:
        return _on(request, invoice_id, known)
    if not ground.items or ground.first_open is None:
        messages.info(request, _refusal("planned_already" if ground.first_open else "nothing_open"))
        return go(request, "invoice", invoice_id)
    given = request.POST if request.method == "POST" else request.GET if "trigger" in request.GET else None
    form = PlanForm(
        given,
        items=ground.items,
        first_open=ground.first_open,
        methods=ground.methods,
        currency=ground.invoice.currency,
        today=desk.today,
    )
    if given is None:
        return _show(request, ground, form)
    if not form.is_valid():
        return _show(request, ground, form, status=REFUSED)
    if request.method == "POST":
        return _plan(request, ground, form)
    with tx(desk.seller_id, read_only=True):
        ahead = [(item, _days(request, form, item)) for item in form.chosen()]
    method = form.cleaned_data["method"]
    return _show(
        request,
        ground,
        form,
        ahead=ahead,
        total_minor=sum(item.open_minor for item, _days in ahead),
        plan_id=new_id(),
        method=next((each for each in ground.methods if str(each.id) == method), None),
        is_proposed=method == NO_CARD,
        wanted_on=form.cleaned_data["charge_on"] if form.cleaned_data["trigger"] == "date" else None,
        trigger=form.cleaned_data["trigger"],
    )


def _ground(invoice_id: UUID) -> Ground:
    row = found_invoice(invoice_id)
    is_open = row.kind == "invoice" and row.number is not None and row.voided_at is None
    items = [item for item in invoices.due_items_of([invoice_id]) if is_open and item.open_minor > 0]
    planned = {one.due_item_id for one in charges_on(invoice_id) if one.ended_at is None}
    return Ground(
        invoice=row,
        items=[item for item in items if item.id not in planned],
        first_open=items[0].id if items else None,
        methods=methods_of(row.customer_id),
        rules=rules(),
        has_address=bool(addresses_for_documents(row.customer_id)[0]),
    )


def _days(request: StaffRequest, form: PlanForm, item: DueItem) -> Days:
    return days_of(form.plan(item.id, item), due_on=item.due_on, today=request.desk.today)


def _show(
    request: StaffRequest, ground: Ground, form: PlanForm, *, status: int = 200, **confirming: Any
) -> HttpResponse:
    shown: dict[str, Any] = {"ahead": (), "total_minor": 0, **confirming}
    return page(
        request,
        "charge_plan",
        status=status,
        nav="invoices",
        invoice=ground.invoice,
        form=form,
        rules=ground.rules,
        has_address=ground.has_address,
        has_cards=bool(form.fields["method"].choices),  # type: ignore[attr-defined]
        **shown,
    )


def _plan(request: StaffRequest, ground: Ground, form: PlanForm) -> HttpResponse:
    """Plan each chosen part, all of them or none."""
    desk, made, plan_id = request.desk, [], made_id(request.POST, "plan_id")
    try:
        with tx(desk.seller_id, actor_id=desk.actor_id):
            made = [schedule_charge(**desk.acting(), plan=form.plan(plan_id, item)) for item in form.chosen()]
    except NotSchedulable as error:
        form.add_error(None, _refusal(str(error)))
    except NoSuchMethod:
        form.add_error("method", _("That card was removed meanwhile. Nothing was planned."))
    if not made:
        return _show(request, ground, form, status=REFUSED)
    if made[0].payment_method_id is None:
        text = _("Proposed. The customer sees it on the payment page and agrees by keeping a card.")
    else:
        text = ngettext("%(count)d charge planned", "%(count)d charges planned", len(made)) % {"count": len(made)}
    messages.success(request, text)
    return _on(request, ground.invoice.id, made)


def _made_before(request: StaffRequest, invoice_id: UUID) -> list[ScheduledCharge]:
    """A second click finds what the first one planned."""
    plan_id = read_id(request.POST.get("plan_id", ""))
    return [one for one in charges_on(invoice_id) if plan_id and one.id == part_id(plan_id, one.due_item_id)]


def _on(request: StaffRequest, invoice_id: UUID, made: Sequence[ScheduledCharge]) -> HttpResponse:
    return go(request, "charge", made[0].id) if len(made) == 1 else go(request, "invoice", invoice_id)


def _refusal(reason: str) -> str:
    words = {
        "nothing_open": _("Only what is issued and still open can be charged later."),
        "planned_already": _("All that is open is planned already."),
        "due_item": _("That part isn't open any more. Nothing was planned."),
        "past": _("Choose today or a later day."),
        "charge_on": _("Say on which day."),
        "event": _("Say what it waits for."),
    }
    return words.get(reason, _("That can't be charged later. Nothing was planned."))
