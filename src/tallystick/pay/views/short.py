"""Short links from text messages: on to the page itself. Changes nothing, and tells nobody what it leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tallystick.broadcasts.unsubscribe import leave_url
from tallystick.invoices.links import link_url
from tallystick.pay.door import HEADERS, lost
from tallystick.pay.views.show import SeeOther
from tallystick.payments.links import charge_url, request_url
from tallystick.texting.short_links import find_short_link

PAGES: Mapping[str, Callable[[UUID, int], str]] = {
    "invoice": link_url,
    "request": request_url,
    "charge": charge_url,
    "leave": lambda recipient_id, version: leave_url(recipient_id),
}


@require_safe
def follow(request: HttpRequest, code: str) -> HttpResponse:
    """Go on to what a code stands for; one that stands for nothing gets the friendly 404 of every lost link."""
    target = find_short_link(code)
    if target is None:
        return lost(request)
    response = SeeOther(PAGES[target.kind](target.row_id, target.version))
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response
