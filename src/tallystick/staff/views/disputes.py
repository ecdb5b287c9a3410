"""Disputes: what a payer's bank wants back, by when evidence is due, and what came of it."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import pgettext

from tallystick.payments import queries_returns as returns
from tallystick.sellers.roles import VIEW
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.views.answer import page

PAGE_SIZE = 50


@door(VIEW)
def disputes(request: StaffRequest) -> HttpResponse:
    """List disputes: open ones by the day their evidence is due, then those won and lost."""
    asked = request.GET
    tab = asked.get("tab", "")
    tab = tab if tab in returns.DISPUTE_TABS else "open"
    found = returns.list_disputes(tab, cursor=asked.get("after", ""), size=PAGE_SIZE)
    counts = returns.dispute_counts()
    labels = {"open": pgettext("many", "Open"), "won": pgettext("many", "Won"), "lost": pgettext("many", "Lost")}
    return page(
        request,
        "disputes",
        nav="payments",
        tab=tab,
        tabs=[(key, label, counts.get(key)) for key, label in labels.items()],
        rows=found.rows,
        next=found.next_cursor,
        first_page=not asked.get("after"),
    )
