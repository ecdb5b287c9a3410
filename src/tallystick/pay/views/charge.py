"""Paying: open the provider's page, ask what became of it, close it. Each asks the gateway outside any transaction."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from tallystick.base import tenant
from tallystick.core.attempt import State
from tallystick.pay import texts
from tallystick.pay.door import AskRequest, Counter, PayRequest, door
from tallystick.pay.forms import Mistake, Wish, read_wish
from tallystick.pay.views.show import COOKIE, OPENING, SeeOther, again, is_opening, leave, tries_of, with_query
from tallystick.payments.collect import cancel_charge, look_up_charge, send_charge
from tallystick.payments.consent import Consent
from tallystick.payments.errors import (
    AmountRefused,
    BeingPaid,
    CantSave,
    NoConsent,
    NoSuchGateway,
    NoSuchMethod,
    NothingToPay,
    PaymentError,
)
from tallystick.payments.page import PayPage, Try, pay_page
from tallystick.payments.start import start_charge

REMEMBER_S = 3600
PATIENT_TRIES = 3


@door("POST")
def pay(request: PayRequest) -> HttpResponse:
    """Reserve the charge, have the provider open its page, and send the payer there."""
    counter = request.counter
    wish = read_wish(request.POST, counter)
    refused = wish if isinstance(wish, Mistake) else _start(counter, wish, address_of(request))
    if isinstance(refused, Mistake):
        return SeeOther(with_query(counter.url("page"), refused.query))
    if refused is not None or isinstance(wish, Mistake):
        return SeeOther(counter.url("page"))
    send_charge(seller_id=counter.seller_id, attempt_id=wish.attempt_id, now=counter.now)
    return _onward(request, wish.attempt_id)


def address_of(request: HttpRequest) -> str:
    """Return the network address a consent is given from."""
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def _start(counter: Counter[PayPage], wish: Wish, address: str) -> Mistake | PaymentError | None:
    """Reserve the attempt. Return why not: a mistake to explain, or an error that the page explains by its state."""
    if not counter.page.has_links:
        return Mistake("way")
    consent = Consent(texts.agreed(counter), address) if wish.keeps else None
    try:
        start_charge(
            seller_id=counter.seller_id,
            invoice_id=counter.page.id,
            gateway_account_id=wish.way_id,
            amount_minor=wish.amount_minor,
            attempt_id=wish.attempt_id,
            language=counter.language,
            payment_method_id=wish.method_id,
            consent=consent,
            now=counter.now,
        )
    except (NothingToPay, BeingPaid) as error:
        return error
    except NoConsent:
        return Mistake("consent")
    except (NoSuchGateway, NoSuchMethod, CantSave):
        return Mistake("way")
    except AmountRefused:
        return Mistake("other", wish.typed) if wish.typed else Mistake("amount")
    return None


def _onward(request: PayRequest, attempt_id: UUID) -> HttpResponse:
    """Go where the gateway said, and nowhere else; when it said nothing, wait a moment, or see why not on the page."""
    counter = request.counter
    with tenant.tx(counter.seller_id, read_only=True):
        page = pay_page(seller_id=counter.seller_id, invoice_id=counter.page.id) or counter.page
    return onward(request, page.attempt, attempt_id)


def onward(request: PayRequest | AskRequest, attempt: Try | None, attempt_id: UUID) -> HttpResponse:
    """Go on from an attempt just sent: to the provider's page, or to where a payer waits, or back to the page."""
    counter = request.counter
    if attempt is None or attempt.id != attempt_id or attempt.state in {State.SUCCEEDED, State.PROCESSING}:
        return SeeOther(counter.url("return"))
    if attempt.state == State.ACTION_REQUIRED and attempt.action_url:
        return remember(request, leave(request, attempt.action_url), attempt.id)
    where = with_query(counter.url("return"), OPENING) if attempt.is_live else counter.url("page")
    return remember(request, SeeOther(where), attempt.id)


def remember(request: HttpRequest, response: HttpResponse, attempt_id: UUID) -> HttpResponse:
    """Let this browser know which attempt is its own, for this link only."""
    response.set_cookie(
        COOKIE,
        str(attempt_id),
        max_age=REMEMBER_S,
        path=request.path.rsplit("/", 1)[0],
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response


@door("POST")
def check(request: PayRequest) -> HttpResponse:
    """Ask the provider what became of the attempt, and show it."""
    counter, attempt = request.counter, request.counter.page.attempt
    if attempt is None or not attempt.is_live:
        return SeeOther(counter.url("return"))
    if attempt.state != State.RESERVED:
        outcome = look_up_charge(seller_id=counter.seller_id, attempt_id=attempt.id, now=counter.now)
        if (
            outcome.state == State.ACTION_REQUIRED
            and tries_of(request) + 1 >= PATIENT_TRIES
            and not is_opening(request)
        ):
            return SeeOther(counter.url("page"))
    return SeeOther(again(request))


@door("POST")
def cancel(request: PayRequest) -> HttpResponse:
    """Close the provider's page, because the payer wants another way; the slot is free once the provider says so."""
    counter, attempt = request.counter, request.counter.page.attempt
    if attempt is None or not attempt.is_live or request.POST.get("attempt") != str(attempt.id):
        return SeeOther(counter.url("page"))
    outcome = cancel_charge(seller_id=counter.seller_id, attempt_id=attempt.id, now=counter.now)
    return SeeOther(counter.url("return" if outcome.state == State.SUCCEEDED else "page"))
