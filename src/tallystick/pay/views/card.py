"""A link that asks for a card: the customer agrees, and gives it on the provider's page. Nothing is charged."""

from __future__ import annotations

from django.http import HttpResponse

from tallystick.base import tenant
from tallystick.core.attempt import State
from tallystick.pay.door import AskRequest, Counter, door, show
from tallystick.pay.forms import new_attempt
from tallystick.pay.views.charge import onward
from tallystick.pay.views.setup import NotBegun, begin_setup
from tallystick.pay.views.show import MOST_TRIES, SeeOther, other_languages, tries_of, wait, with_query
from tallystick.payments.customer_pages import RequestPage, request_page
from tallystick.payments.page import Try


def show_card(request: AskRequest) -> HttpResponse:
    """Say what keeping a card means and ask for it, or say that it is kept."""
    shown = request.counter.page
    return show(
        request,
        "card",
        attempt_token=new_attempt(shown.id),
        ways=[way for way in shown.ways if way.saves],
        why=request.GET.get("why", ""),
        languages=other_languages(request),
    )


@door("POST", kind="request")
def keep(request: AskRequest) -> HttpResponse:
    """Open the provider's page, where the card is typed."""
    counter = request.counter
    shown = counter.page
    if shown.kind != "card" or not shown.has_links or (shown.attempt and shown.attempt.state == State.SUCCEEDED):
        return SeeOther(counter.url("page"))
    try:
        attempt_id = begin_setup(request, request_id=shown.id)
    except NotBegun as refused:
        return _back(counter, refused.why)
    with tenant.tx(counter.seller_id, read_only=True):
        fresh = request_page(seller_id=counter.seller_id, request_id=shown.id) or shown
    return onward(request, fresh.attempt, attempt_id)


def back_from_card(request: AskRequest, attempt: Try) -> HttpResponse:
    """Back from the provider: it is kept, it was refused, or we look again."""
    counter = request.counter
    if attempt.state == State.DECLINED:
        return _back(counter, "declined")
    if not attempt.is_live or tries_of(request) >= MOST_TRIES:
        return SeeOther(counter.url("page"))
    return wait(request, attempt)


def _back(counter: Counter[RequestPage], why: str) -> HttpResponse:
    return SeeOther(with_query(counter.url("page"), {"why": why}))
