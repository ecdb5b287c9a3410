"""A charge that is planned: the customer sees when and how much, moves it once, or gives another card."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.http import HttpResponse

from tallystick.core.attempt import State
from tallystick.pay.door import Counter, PlanRequest, door, show
from tallystick.pay.forms import new_attempt
from tallystick.pay.views.ask import picture
from tallystick.pay.views.setup import NotBegun, begin_setup
from tallystick.pay.views.show import (
    MOST_TRIES,
    OPENING,
    SeeOther,
    again,
    is_opening,
    other_languages,
    tries_of,
    wait,
    with_query,
)
from tallystick.payments.collect import look_up_charge
from tallystick.payments.customer_pages import ChargePage
from tallystick.payments.errors import NotPostponable, PaymentError
from tallystick.payments.schedule import change_method_of_charge, postpone_scheduled_charge
from tallystick.sellers.queries import logo_of

PATIENT_TRIES = 10


@door(kind="charge")
def page(request: PlanRequest) -> HttpResponse:
    """Show the plan, and what may be changed of it."""
    shown = request.counter.page
    return show(
        request,
        "plan",
        attempt_token=new_attempt(shown.id),
        why=request.GET.get("why", ""),
        done=request.GET.get("done", ""),
        languages=other_languages(request),
    )


@door("POST", kind="charge")
def postpone(request: PlanRequest) -> HttpResponse:
    """Move the charge, once, within the seller's days."""
    counter = request.counter
    try:
        until = date.fromisoformat(request.POST.get("until", ""))
        postpone_scheduled_charge(
            seller_id=counter.seller_id, charge_id=counter.page.id, until=until, by_customer=True, now=counter.now
        )
    except (ValueError, NotPostponable):
        return _back(counter, why="day")
    except PaymentError:
        return _back(counter, why="state")
    return _back(counter, done="postponed")


@door("POST", kind="charge")
def choose(request: PlanRequest) -> HttpResponse:
    """Charge it to another kept card."""
    counter = request.counter
    try:
        change_method_of_charge(
            seller_id=counter.seller_id,
            charge_id=counter.page.id,
            payment_method_id=UUID(request.POST.get("method", "")),
            now=counter.now,
        )
    except (ValueError, PaymentError):
        return _back(counter, why="state")
    return _back(counter, done="card")


@door("POST", kind="charge")
def keep(request: PlanRequest) -> HttpResponse:
    """Open the provider's page to keep another card, which this charge then goes to. Nothing is charged there."""
    counter = request.counter
    try:
        begin_setup(request, scheduled_charge_id=counter.page.id)
    except NotBegun as refused:
        return _back(counter, why="consent" if refused.why == "consent" else "state")
    return SeeOther(with_query(counter.url("return"), OPENING))


@door(kind="charge")
def come_back(request: PlanRequest) -> HttpResponse:
    """Back from keeping a card: it is kept, or we look again."""
    counter, setup = request.counter, request.counter.page.setup
    if setup is None or not setup.is_live:
        return _back(counter, **({"done": "card"} if setup and setup.state == State.SUCCEEDED else {"why": "declined"}))
    if tries_of(request) >= (MOST_TRIES if is_opening(request) else PATIENT_TRIES):
        return SeeOther(counter.url("page"))
    return wait(request, setup)


@door("POST", kind="charge")
def check(request: PlanRequest) -> HttpResponse:
    """Ask the provider what became of keeping the card."""
    counter, setup = request.counter, request.counter.page.setup
    if setup and setup.is_live and setup.state != State.RESERVED:
        look_up_charge(seller_id=counter.seller_id, attempt_id=setup.id, now=counter.now)
    return SeeOther(again(request))


@door(kind="charge")
def logo(request: PlanRequest) -> HttpResponse:
    """The seller's logo, when it is too big to stand in the page."""
    return picture(logo_of(request.counter.seller_id))


def _back(counter: Counter[ChargePage], **more: str) -> HttpResponse:
    return SeeOther(with_query(counter.url("page"), more) if more else counter.url("page"))
