"""Payouts: what providers hold for us, what they sent to the bank, and what doesn't match the book."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tallystick.base.tenant import tx
from tallystick.payments import queries_settlement as settlement
from tallystick.payments.compare import close_break
from tallystick.payments.compare_now import compare_now
from tallystick.payments.errors import NoSuchGateway
from tallystick.payments.models import Break
from tallystick.sellers.queries import names_of
from tallystick.sellers.roles import LEDGER
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.returns import NoteForm
from tallystick.staff.money_back import break_words
from tallystick.staff.views.answer import go, page
from tallystick.staff.views.refunds import sheet

PAGE_SIZE = 50


@door(LEDGER)
def payouts(request: StaffRequest) -> HttpResponse:
    """Show what each provider holds for us, when it was compared, and what it paid out."""
    found = settlement.list_payouts(cursor=request.GET.get("after", ""), size=PAGE_SIZE)
    accounts = settlement.held_there()
    return page(
        request,
        "payouts",
        nav="payouts",
        accounts=accounts,
        currency=request.desk.seller.currency,
        open_breaks=sum(each.open_breaks for each in accounts),
        rows=found.rows,
        next=found.next_cursor,
        first_page=not request.GET.get("after"),
    )


@door(LEDGER)
def payout(request: StaffRequest, payout_id: UUID) -> HttpResponse:
    """Show what a payout is made of, line by line, and that it adds up."""
    row = settlement.payout(payout_id)
    if row is None:
        raise Http404
    found = settlement.lines_of_payout(row, cursor=request.GET.get("after", ""))
    sums = settlement.sums_of_payout(row)
    totals = settlement.currencies_in(sums)
    own = totals.get(row.currency, {"gross": 0, "fees": 0, "net": 0})
    return page(
        request,
        "payout",
        nav="payouts",
        payout=row,
        rows=found.rows,
        next=found.next_cursor,
        first_page=not request.GET.get("after"),
        sums=[each for each in sums if each.currency == row.currency],
        own=own,
        difference=row.amount_minor - own["net"],
    )


@door(LEDGER, "POST")
def compare(request: StaffRequest, account_id: UUID) -> HttpResponse:
    """Compare one account with its provider's lists now."""
    try:
        breaks = compare_now(**request.desk.acting(), account_id=account_id)
    except NoSuchGateway:
        raise Http404 from None
    if breaks is None:
        messages.error(request, _("The provider didn't answer. Nothing was changed; we ask again in half an hour."))
    elif breaks:
        text = ngettext(
            "Compared. %(n)d thing doesn't match; it is listed under Breaks.",
            "Compared. %(n)d things don't match; they are listed under Breaks.",
            breaks,
        )
        messages.info(request, text % {"n": breaks})
    else:
        messages.success(request, _("Compared. The book and the provider agree to the cent."))
    return go(request, "payouts")


@door(LEDGER)
def breaks(request: StaffRequest) -> HttpResponse:
    """List what doesn't match between providers and the book, and what was explained."""
    closed = request.GET.get("tab") == "closed"
    found = settlement.list_breaks(closed=closed, cursor=request.GET.get("after", ""), size=PAGE_SIZE)
    people = names_of({row.closed_by for row in found.rows if row.closed_by})
    return page(
        request,
        "breaks",
        nav="payouts",
        closed=closed,
        open_breaks=settlement.open_break_count(),
        rows=[(row, _closed_by(row, people), None if closed else _dialog(row)) for row in found.rows],
        next=found.next_cursor,
        first_page=not request.GET.get("after"),
    )


def _closed_by(row: Break, people: dict[UUID, str]) -> str:
    if row.closed_by:
        return people.get(row.closed_by, "")
    return _("By itself: both sides agree now") if row.closed_at else ""


def _dialog(row: Break, form: NoteForm | None = None) -> dict[str, Any]:
    return {"row": row, "form": form or NoteForm(auto_id=f"note-{row.id}-%s")}


@door(LEDGER, "POST")
def close(request: StaffRequest, break_id: UUID) -> HttpResponse:
    """Explain a break; it stays closed though the next comparison finds it again."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        row = settlement.one_break(break_id)
    if row is None:
        raise Http404
    form = NoteForm(request.POST, auto_id=f"note-{row.id}-%s")
    if not form.is_valid():
        return sheet(
            request,
            "staff/_break_form.html",
            nav="payouts",
            title=break_words(row.kind)[0],
            back=(go(request, "breaks")["Location"], _("Breaks")),
            dialog=_dialog(row, form),
        )
    if close_break(**desk.acting(), break_id=break_id, note=form.cleaned_data["note"]):
        messages.success(request, _("Explained and closed"))
    else:
        messages.info(request, _("It had been closed already."))
    return go(request, "breaks")
