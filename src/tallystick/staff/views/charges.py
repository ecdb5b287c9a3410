"""Planned charges: everything ahead, one of them, and what staff change about it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from tallystick.base.tenant import tx
from tallystick.core.brake import scaled
from tallystick.payments import queries_charging as charging
from tallystick.payments.errors import NoSuchCharge, NoSuchMethod, NotPostponable
from tallystick.payments.models import ScheduledCharge
from tallystick.payments.rules import rules
from tallystick.payments.schedule import (
    cancel_scheduled_charge,
    change_method_of_charge,
    postpone_scheduled_charge,
    release_scheduled_charges,
    resume_scheduled_charge,
)
from tallystick.sellers.roles import CHARGE, SETTINGS, VIEW
from tallystick.staff.charging import why_stopped
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.charging import CardForm, DayForm
from tallystick.staff.views.answer import REFUSED, go, page

PAGE_SIZE = 50
MOST_AT_ONCE = 500


@door(VIEW)
def charges(request: StaffRequest) -> HttpResponse:
    """List planned charges by tab: ahead, waiting for an event, being retried, stopped, ended."""
    desk, asked = request.desk, request.GET
    tab = asked.get("tab", "")
    tab = tab if tab in charging.CHARGE_TABS else "planned"
    found = charging.list_charges(tab, cursor=asked.get("after", ""), size=PAGE_SIZE)
    counts, kept = charging.charge_counts(), rules()
    labels = {
        "planned": pgettext("many", "Planned"),
        "waiting": _("Waiting for an event"),
        "retrying": _("Being retried"),
        "stopped": pgettext("many", "Stopped"),
        "done": _("Done and given up"),
    }
    return page(
        request,
        "charges",
        nav="charges",
        tab=tab,
        tabs=[(key, label, counts.get(key)) for key, label in labels.items()],
        rows=[(row, why_stopped(row, kept)) for row in found.rows],
        next=found.next_cursor,
        first_page=not asked.get("after"),
        rules=kept,
        currency=desk.seller.currency,
        floor_minor=scaled(kept.run_floor_minor, desk.seller.currency),
        may_charge=desk.may(CHARGE),
        may_set=desk.may(SETTINGS),
    )


@door(VIEW)
def charge(request: StaffRequest, charge_id: UUID) -> HttpResponse:
    """Show one planned charge and what may be done about it."""
    return _page(request, _found(charge_id))


def _found(charge_id: UUID) -> ScheduledCharge:
    row = charging.scheduled_charge(charge_id)
    if row is None:
        raise Http404
    return row


def _page(
    request: StaffRequest, row: ScheduledCharge, *, day: DayForm | None = None, card: CardForm | None = None
) -> HttpResponse:
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        kept, methods = rules(), charging.methods_of(row.customer_id)
        others_waiting = charging.waiting_with(row)
    others = [each for each in methods if each.id != row.payment_method_id]
    is_bad = bool((day and day.errors) or (card and card.errors))
    return page(
        request,
        "charge",
        status=REFUSED if is_bad else 200,
        nav="charges",
        charge=row,
        why=why_stopped(row, kept),
        rules=kept,
        may_charge=desk.may(CHARGE) and row.ended_at is None and row.state != "charging",
        can_postpone=row.state in {"scheduled", "retrying"},
        can_release=bool(row.event) and row.charge_on is None and row.state in {"waiting", "proposed"},
        released_on=desk.today + timedelta(days=kept.notice_days),
        released_others=others_waiting,
        runs_at_once=row.charge_on is None or row.charge_on <= desk.today,
        day=day or DayForm(initial={"until": row.charge_on}),
        card=card or CardForm(methods=others),
        has_others=bool(others),
    )


def _moved_on(request: StaffRequest) -> None:
    messages.info(request, _("This charge has moved on meanwhile. This is where it stands."))


@door(CHARGE, "POST")
def postpone(request: StaffRequest, charge_id: UUID) -> HttpResponse:
    """Move a charge to another day."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        row = _found(charge_id)
    form = DayForm(request.POST)
    if not form.is_valid():
        return _page(request, row, day=form)
    try:
        postpone_scheduled_charge(**desk.acting(), charge_id=charge_id, until=form.cleaned_data["until"])
    except NoSuchCharge:
        _moved_on(request)
    except NotPostponable:
        form.add_error("until", _("Choose today or a later day. Nothing was changed."))
        return _page(request, row, day=form)
    else:
        messages.success(request, _("Moved"))
    return go(request, "charge", charge_id)


@door(CHARGE, "POST")
def card(request: StaffRequest, charge_id: UUID) -> HttpResponse:
    """Charge it to another kept card."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        row = _found(charge_id)
        form = CardForm(request.POST, methods=charging.methods_of(row.customer_id))
    if not form.is_valid():
        return _page(request, row, card=form)
    try:
        change_method_of_charge(**desk.acting(), charge_id=charge_id, payment_method_id=form.cleaned_data["method"])
    except NoSuchCharge:
        _moved_on(request)
    except NoSuchMethod:
        messages.error(request, _("That card was removed meanwhile. Nothing was changed."))
    else:
        messages.success(request, _("It will be charged to that card"))
    return go(request, "charge", charge_id)


@door(CHARGE, "POST")
def cancel(request: StaffRequest, charge_id: UUID) -> HttpResponse:
    """Take a charge off the plan."""
    with tx(request.desk.seller_id, read_only=True):
        _found(charge_id)
    try:
        in_time = cancel_scheduled_charge(**request.desk.acting(), charge_id=charge_id, reason="staff")
    except NoSuchCharge:
        in_time = False
    if in_time:
        messages.success(request, _("Off the plan. Nothing is charged."))
    else:
        _moved_on(request)
    return go(request, "charge", charge_id)


@door(CHARGE, "POST")
def release(request: StaffRequest, charge_id: UUID) -> HttpResponse:
    """What a charge waits for has happened: it, and all that wait for the same, are on their way."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        row = _found(charge_id)
    count = 0
    if row.event and row.event_subject:
        count = release_scheduled_charges(**desk.acting(), event=row.event, subject_id=row.event_subject)
    if count:
        text = ngettext("%(count)d charge is on its way", "%(count)d charges are on their way", count)
        messages.success(request, text % {"count": count})
    else:
        _moved_on(request)
    return go(request, "charge", charge_id)


@door(CHARGE, "POST")
def resume(request: StaffRequest, charge_id: UUID) -> HttpResponse:
    """Let a stopped charge run."""
    with tx(request.desk.seller_id, read_only=True):
        _found(charge_id)
    try:
        resume_scheduled_charge(**request.desk.acting(), charge_id=charge_id)
    except NoSuchCharge:
        _moved_on(request)
    else:
        messages.success(request, _("It runs when it is next due, and at once if its day has come."))
    return go(request, "charge", charge_id)


@door(CHARGE, "POST")
def resume_all(request: StaffRequest) -> HttpResponse:
    """Let everything the brake stopped run."""
    desk, count = request.desk, 0
    with tx(desk.seller_id, read_only=True):
        stopped = charging.stopped_charges(most=MOST_AT_ONCE)
    for charge_id in stopped:
        try:
            resume_scheduled_charge(**desk.acting(), charge_id=charge_id)
        except NoSuchCharge:
            continue
        count += 1
    text = ngettext("%(count)d charge runs again", "%(count)d charges run again", count)
    messages.success(request, text % {"count": count})
    return go(request, "charges")
