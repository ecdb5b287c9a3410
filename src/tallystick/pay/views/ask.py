"""One link for several invoices: choose, pay, and see what became of it."""

from __future__ import annotations

from uuid import UUID

from django.core.signing import BadSignature
from django.http import HttpResponse

from tallystick.base import tenant
from tallystick.core.attempt import State
from tallystick.pay import texts
from tallystick.pay.amounts import read_amount
from tallystick.pay.door import AskRequest, Counter, door, show
from tallystick.pay.forms import new_attempt, read_attempt, read_way
from tallystick.pay.standing import WAITING, Standing, standing_of_ask
from tallystick.pay.views.card import back_from_card, show_card
from tallystick.pay.views.charge import address_of, onward
from tallystick.pay.views.show import COOKIE, MOST_TRIES, SeeOther, again, other_languages, tries_of, wait, with_query
from tallystick.payments.collect import cancel_charge, look_up_charge, send_charge
from tallystick.payments.consent import Consent, consent_text
from tallystick.payments.customer_pages import RequestPage, request_page
from tallystick.payments.errors import AmountRefused, BeingPaid, NothingToPay, PaymentError
from tallystick.payments.requests import start_request_charge
from tallystick.pdf import formats
from tallystick.sellers.queries import logo_of


@door(kind="request")
def page(request: AskRequest) -> HttpResponse:
    """Show what the link asks for now, and how to pay it."""
    counter = request.counter
    if counter.page.kind == "card":
        return show_card(request)
    shown, now = counter.page, counter.now
    standing = standing_of_ask(shown.open_minor, shown.attempt, now)
    languages = other_languages(request)
    if standing != Standing.DUE:
        is_mine = shown.attempt is not None and request.COOKIES.get(COOKIE) == str(shown.attempt.id)
        return show(request, "ask_closed", standing=str(standing), is_mine=is_mine, languages=languages)
    why = request.GET.get("why", "")
    return show(
        request,
        "ask",
        attempt_token=new_attempt(shown.id),
        why=why,
        why_text=_explain(why, counter),
        typed=request.GET.get("other", "")[:40],
        languages=languages,
        busy=[row for row in shown.rows if row.is_being_paid],
    )


def _explain(why: str, counter: Counter[RequestPage]) -> str:
    most = formats.money(counter.page.open_minor, counter.page.currency, counter.locale)
    return {
        "amount": texts.most_of(most),
        "none": texts.tick_one(),
        "busy": texts.being_paid(),
        "page": texts.once_more(),
    }.get(why, "")


@door("POST", kind="request")
def pay(request: AskRequest) -> HttpResponse:
    """Reserve the charge for what was ticked, have the provider open its page, and send the payer there."""
    counter = request.counter
    try:
        attempt_id = read_attempt(request.POST, counter.page.id)
        way_id, method_id = read_way(request.POST, counter.page.methods)
        chosen = [UUID(value) for value in request.POST.getlist("invoice")]
    except (BadSignature, ValueError):
        return _back(counter, "page")
    if not counter.page.has_links:
        return _back(counter, "page")
    if counter.page.rows and counter.page.takes_parts and not chosen:
        return _back(counter, "none")
    typed = request.POST.get("other", "").strip()[:40]
    amount = read_amount(typed, counter.page.currency, counter.locale) if typed else None
    if typed and not amount:
        return _back(counter, "amount", typed)
    keeps = method_id is None and request.POST.get(f"keep-{way_id}")
    words = consent_text(counter.face.seller_name, counter.language)
    try:
        start_request_charge(
            seller_id=counter.seller_id,
            request_id=counter.page.id,
            gateway_account_id=way_id,
            attempt_id=attempt_id,
            language=counter.language,
            return_url=request.build_absolute_uri(counter.url("return")),
            amount_minor=amount,
            chosen=chosen,
            payment_method_id=method_id,
            consent=Consent(words, address_of(request)) if keeps else None,
            now=counter.now,
        )
    except NothingToPay:
        return SeeOther(counter.url("page"))
    except BeingPaid:
        return _back(counter, "busy")
    except AmountRefused:
        return _back(counter, "amount", typed)
    except PaymentError:
        return _back(counter, "page")
    send_charge(seller_id=counter.seller_id, attempt_id=attempt_id, now=counter.now)
    return _onward(request, attempt_id)


def _onward(request: AskRequest, attempt_id: UUID) -> HttpResponse:
    counter = request.counter
    with tenant.tx(counter.seller_id, read_only=True):
        fresh = request_page(seller_id=counter.seller_id, request_id=counter.page.id) or counter.page
    return onward(request, fresh.attempt, attempt_id)


def _back(counter: Counter[RequestPage], why: str, typed: str = "") -> HttpResponse:
    more = {"why": why, **({"other": typed} if typed else {})}
    return SeeOther(with_query(counter.url("page"), more))


@door(kind="request")
def come_back(request: AskRequest) -> HttpResponse:
    """Show what became of the payment the provider sent the payer back from."""
    counter, attempt = request.counter, request.counter.page.attempt
    if attempt is None:
        return SeeOther(counter.url("page"))
    if counter.page.kind == "card":
        return back_from_card(request, attempt)
    if attempt.state == State.SUCCEEDED:
        paid = [payment for payment in counter.page.paid if payment.attempt_id == attempt.id]
        return show(request, "ask_success", attempt=attempt, paid=paid[-1] if paid else None)
    standing = standing_of_ask(counter.page.open_minor, attempt, counter.now)
    if standing not in WAITING or tries_of(request) >= MOST_TRIES:
        return SeeOther(counter.url("page"))
    return wait(request, attempt)


@door("POST", kind="request")
def check(request: AskRequest) -> HttpResponse:
    """Ask the provider what became of the attempt, and show it."""
    counter, attempt = request.counter, request.counter.page.attempt
    if attempt is not None and attempt.is_live and attempt.state != State.RESERVED:
        look_up_charge(seller_id=counter.seller_id, attempt_id=attempt.id, now=counter.now)
    return SeeOther(again(request))


@door("POST", kind="request")
def cancel(request: AskRequest) -> HttpResponse:
    """Close the provider's page, because the payer wants another way."""
    counter, attempt = request.counter, request.counter.page.attempt
    if attempt is None or not attempt.is_live or request.POST.get("attempt") != str(attempt.id):
        return SeeOther(counter.url("page"))
    outcome = cancel_charge(seller_id=counter.seller_id, attempt_id=attempt.id, now=counter.now)
    return SeeOther(counter.url("return" if outcome.state == State.SUCCEEDED else "page"))


@door(kind="request")
def logo(request: AskRequest) -> HttpResponse:
    """The seller's logo, when it is too big to stand in the page."""
    return picture(logo_of(request.counter.seller_id))


def picture(content: bytes | None) -> HttpResponse:
    """A logo as an answer, or 404 when there is none."""
    if content is None:
        return HttpResponse(status=404)
    return HttpResponse(content, content_type="image/png", headers={"Cache-Control": "private, max-age=86400"})
