"""About the link itself: somebody looked at it, somebody holds one that was replaced."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from django.db import IntegrityError
from django.http import HttpResponse

from tallystick.invoices.mark import mark_viewed
from tallystick.invoices.send import send_as_composed
from tallystick.pay.door import Counter, PayRequest, door, show
from tallystick.payments.page import PayPage


@door("POST", kind="paper")
def seen(request: PayRequest) -> HttpResponse:
    """A hand moved on the page: a person looked, not a mail scanner."""
    counter = request.counter
    mark_viewed(seller_id=counter.seller_id, invoice_id=counter.page.id, now=counter.now)
    return HttpResponse(status=204)


@door("POST", old_links=True)
def fresh(request: PayRequest) -> HttpResponse:
    """Mail the link that counts to the addresses on file. The answer is the same whatever happened."""
    _mail(request.counter)
    return show(request, "replaced", is_asked=True)


def _mail(counter: Counter[PayPage]) -> None:
    """Queue the document's email with its default wording, once an hour at most."""
    page = counter.page
    if page.voided_at:
        return
    message_id = uuid5(NAMESPACE_URL, f"fresh:{page.id}:{counter.now:%Y-%m-%dT%H}")
    try:
        send_as_composed(seller_id=page.seller_id, invoice_id=page.id, message_id=message_id, now=counter.now)
    except IntegrityError:
        return  # the same request at the same moment was first
