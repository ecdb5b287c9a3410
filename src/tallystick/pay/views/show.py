"""Showing: the invoice and how to pay it, and what became of a payment. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeAlias
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import get_language_info

from tallystick.core.attempt import State
from tallystick.pay import texts
from tallystick.pay.bank import transfer_details
from tallystick.pay.door import AskRequest, PayRequest, PlanRequest, door, show
from tallystick.pay.forms import explain, new_attempt, read_mistake
from tallystick.pay.standing import WAITING, Standing, standing_of
from tallystick.payments.page import Try

MOST_TRIES = 20
JUST_NOW = timedelta(minutes=15)
COOKIE = "paying"
OPENING = {"opening": "1"}

AnyRequest: TypeAlias = PayRequest | AskRequest | PlanRequest


class SeeOther(HttpResponseRedirect):
    """Go on with a GET, whatever the method was."""

    status_code = 303


@door(kind="paper")
def page(request: PayRequest) -> HttpResponse:
    """Show the document as it stands."""
    return show_standing(request)


@door()
def come_back(request: PayRequest) -> HttpResponse:
    """Show what became of the payment the provider sent the payer back from, as far as our books know."""
    counter, attempt = request.counter, request.counter.page.attempt
    if attempt is None:
        return SeeOther(counter.url("page"))
    if attempt.state == State.SUCCEEDED:
        return show_success(request)
    if standing_of(counter.page, counter.now) not in WAITING or tries_of(request) >= MOST_TRIES:
        return SeeOther(counter.url("page"))
    return wait(request, attempt)


def wait(request: AnyRequest, attempt: Try) -> HttpResponse:
    """Say that we are checking, and look again. A payer whose page wasn't open yet is led there once it is."""
    if is_opening(request) and attempt.state == State.ACTION_REQUIRED and attempt.action_url:
        return leave(request, attempt.action_url)
    opening = OPENING if is_opening(request) else {}
    return show(request, "checking", attempt=attempt, tries=tries_of(request), opening=opening, again=again(request))


def leave(request: AnyRequest, url: str) -> HttpResponse:
    """Redirect; where the security policy of the form can't know the address, by a page with a link that leads on."""
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" in {origin for way in request.counter.page.ways for origin in way.origins}:
        return SeeOther(url)
    return show(request, "leave", url=url)


def again(request: AnyRequest) -> str:
    """Where to look the next time, which counts."""
    more = {"try": str(tries_of(request) + 1), **(OPENING if is_opening(request) else {})}
    return with_query(request.counter.url("return"), more)


def is_opening(request: HttpRequest) -> bool:
    """Whether this payer waits for the provider's page to open, rather than comes back from it."""
    return "opening" in _given(request)


def with_query(url: str, more: Mapping[str, str]) -> str:
    """Return one of our addresses with more in its query."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(more)}"


def tries_of(request: HttpRequest) -> int:
    """How often this payer has asked already."""
    given = _given(request).get("try", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 4 else 0


def _given(request: HttpRequest) -> QueryDict:
    return request.POST if request.method == "POST" else request.GET


def show_success(request: PayRequest) -> HttpResponse:
    """Say thank you, with the facts."""
    page, attempt = request.counter.page, request.counter.page.attempt
    paid = [receipt for receipt in page.receipts if attempt and receipt.attempt_id == attempt.id]
    return show(request, "success", attempt=attempt, paid=paid[-1] if paid else None)


def show_standing(request: PayRequest) -> HttpResponse:
    """Render the page for where the payment stands."""
    counter = request.counter
    standing = standing_of(counter.page, counter.now)
    if standing == Standing.DUE:
        return show_due(request)
    mine = request.COOKIES.get(COOKIE) == str(counter.page.attempt.id) if counter.page.attempt else False
    context: dict[str, Any] = {"standing": str(standing), "is_mine": mine, "languages": other_languages(request)}
    return show(request, "closed", **context, **texts.document_texts(counter))


def show_due(request: PayRequest) -> HttpResponse:
    """Render the page with the ways to pay."""
    counter, page, mistake = request.counter, request.counter.page, read_mistake(request.GET)
    choices = page.choices(counter.today)
    return show(
        request,
        "due",
        badge_of=texts.badge_of(page, counter.today),
        choices=[{"kind": c.kind, "amount_minor": c.amount_minor, "label": texts.choice_label(c)} for c in choices],
        chosen=choices[0 if request.GET.get("amount") == "full" else -1].amount_minor,
        schedule=texts.schedule(page, counter.today),
        bank=transfer_details(counter),
        planned=texts.planned(counter),
        notice=_notice(request),
        mistake=mistake,
        mistake_text=explain(mistake, counter) if mistake else "",
        attempt_token=new_attempt(page.id),
        languages=other_languages(request),
        **texts.document_texts(counter),
    )


def _notice(request: PayRequest) -> dict[str, str] | None:
    """What to say about the last attempt above the ways to pay."""
    counter, attempt = request.counter, request.counter.page.attempt
    if attempt is None or attempt.ended_at is None or counter.now - attempt.ended_at > JUST_NOW:
        return None
    is_mine = request.COOKIES.get(COOKIE) == str(attempt.id)
    if attempt.state == State.DECLINED:
        return texts.declined(attempt, has_bank=bool(counter.page.content["seller"].get("banks")))
    if attempt.state in {State.CANCELED, State.ABANDONED} and is_mine:
        return texts.left()
    return None


def other_languages(request: Any) -> list[dict[str, str]]:
    """The languages this page could speak instead, each in its own words."""
    return [
        {"code": code, "name": get_language_info(code)["name_local"].capitalize()}
        for code, _name in settings.LANGUAGES
        if code != request.counter.language
    ]
