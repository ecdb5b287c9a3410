"""How staff pages answer: rendered inside one read-only transaction, for a GET and for a form that comes back."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render

from tallystick.base import tenant
from tallystick.staff.door import StaffRequest

REFUSED = 422
"""The status of a page that shows a form again because something in it can't stand."""


def page(request: StaffRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """Return the page `staff/<template>.html`."""
    with tenant.tx(request.desk.seller_id, read_only=True):
        return render(request, f"staff/{template}.html", {"desk": request.desk, **context}, status=status)


def go(request: StaffRequest, name: str, *arguments: Any) -> HttpResponse:
    """Send the reader on to another page of the same seller."""
    return redirect(name, request.desk.place.slug, *arguments)


def typed(text: str) -> str:
    """Return what an address bar or a search box holds as text the database takes, not endlessly long."""
    return text.replace("\x00", "").strip()[:100]
