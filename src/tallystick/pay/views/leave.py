"""Unsubscribing from broadcasts: the link shows a button, the button does it. A mail program may press it by itself."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tallystick.base import clock
from tallystick.broadcasts.unsubscribe import Leaver, find_leaver, leaver, subscribe_again, unsubscribe
from tallystick.pay.door import HEADERS, accent_of, lost


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """Show the button (a GET changes nothing), or unsubscribe the address the link was sent to.

    The link is the proof, so a POST needs no cookie: mail programs send one by RFC 8058. Twice is once.
    """
    found = find_leaver(token)
    if found is None:
        return lost(request)
    seller_id, recipient_id = found
    if request.method == "POST":
        unsubscribe(seller_id=seller_id, recipient_id=recipient_id, now=clock.now())
    return _page(request, leaver(seller_id=seller_id, recipient_id=recipient_id), token)


@csrf_exempt
@require_http_methods(["POST"])
def stay(request: HttpRequest, token: str) -> HttpResponse:
    """Take the address back: its owner changed their mind. Twice is once."""
    found = find_leaver(token)
    if found is None:
        return lost(request)
    seller_id, recipient_id = found
    known = leaver(seller_id=seller_id, recipient_id=recipient_id)
    subscribe_again(seller_id=seller_id, address=known.address, customer_id=known.customer_id, now=clock.now())
    return _page(request, leaver(seller_id=seller_id, recipient_id=recipient_id), token, is_back=True)


def _page(request: HttpRequest, shown: Leaver, token: str, *, is_back: bool = False) -> HttpResponse:
    context = {"leaver": shown, "accent": accent_of(shown.brand), "token": token, "is_back": is_back}
    with translation.override(_language(shown)):
        response = render(request, "pay/unsubscribe.html", context)
        response.headers["Content-Language"] = _language(shown)
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


def _language(shown: Leaver) -> str:
    return shown.language if shown.language in dict(settings.LANGUAGES) else "en"
