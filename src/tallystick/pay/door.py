"""The frame of every page behind a payment link: whose link it is, whether it still counts, in which language."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from babel import Locale
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page

from tallystick.base import brand, clock, tenant
from tallystick.base.links import read_token
from tallystick.invoices.links import is_current, seller_of_invoice, was_ever
from tallystick.payments.page import PayPage, pay_page
from tallystick.pdf import formats
from tallystick.pdf.parties import seller_line

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate["PayRequest", Arguments], HttpResponse]
DECLARED: dict[str, tuple[str, frozenset[str]]] = {}
"""View name → (who may, methods): "link" is the holder of a link that counts, "old link" of any we ever made."""

HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "same-origin"}
NEUTRAL = "#4b555c"
"""The colour of a page that belongs to no seller: never our own."""


@dataclass
class Counter:
    """Where a payer stands: the link, what it shows, the time and the language."""

    token: str
    page: PayPage
    now: datetime
    language: str
    keep: str
    """The query that carries a chosen language on, `?lang=ro`, or nothing."""

    @property
    def seller_id(self) -> UUID:
        """The seller's id."""
        return self.page.seller_id

    @cached_property
    def today(self) -> date:
        """The business date in the seller's zone."""
        return clock.business_date(self.now, self.page.time_zone)

    @cached_property
    def locale(self) -> Locale:
        """How amounts and dates are written: the same as on the document."""
        return formats.locale_for(self.language, self.page.country)

    @property
    def direction(self) -> str:
        """Which way the language is written."""
        return "rtl" if formats.is_right_to_left(self.language) else "ltr"

    def url(self, name: str, **more: object) -> str:
        """The address of one of this link's pages, in the chosen language."""
        return reverse(f"pay:{name}", kwargs={"token": self.token, **more}) + self.keep


class PayRequest(HttpRequest):
    """A request that came through `door`."""

    counter: Counter
    csp_nonce: str


class _Guard(CsrfViewMiddleware):
    """Django's check of forms, answering in the payer's words."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return plain(
            request,
            _("Please send that again"),
            _("The page was open for a long time, or your browser blocks cookies. Nothing was charged."),
            status=403,
            back=request.path.rsplit("/", 1)[0],
        )


_guard = _Guard(lambda request: HttpResponse())


def door(
    *methods: str, own_transaction: bool = False, old_links: bool = False
) -> Callable[[View[Arguments]], Callable[..., HttpResponse]]:
    """Declare a page behind a payment link and the methods it answers (default GET only).

    What is no link, and a link to what was never issued, get one friendly 404; a link that was replaced gets the offer
    of a fresh one, unless the page takes `old_links`. A GET runs inside one READ ONLY transaction of the seller; a POST
    opens none, as its verbs do. `own_transaction` is for a GET that does something between read-only transactions that
    may not stand inside one (rendering a PDF).
    """
    allowed = frozenset(methods or ("GET",))

    def declare(view: View[Arguments]) -> Callable[..., HttpResponse]:
        DECLARED[f"{view.__module__}.{view.__qualname__}"] = ("old link" if old_links else "link", allowed)

        @csrf_exempt
        @gzip_page
        @wraps(view)
        def enter(request: Any, token: str, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
            method = "GET" if request.method == "HEAD" else request.method
            if method not in allowed:
                return HttpResponse(status=405, headers={"Allow": ", ".join(sorted(allowed)), **HEADERS})
            try:
                is_read = method == "GET" and not own_transaction
                response = _enter(request, token, lambda: view(request, *args, **kwargs), is_read, old_links)
            except (OperationalError, InterfaceError):
                response = away(request)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return enter

    return declare


def _enter(
    request: Any, token: str, answer: Callable[[], HttpResponse], is_read: bool, old_links: bool
) -> HttpResponse:
    read = read_token(token)
    seller_id = seller_of_invoice(read[0]) if read else None
    if read is None or seller_id is None:
        return lost(request)
    invoice_id, mac = read
    with tenant.tx(seller_id, read_only=True) if is_read else nullcontext():
        with tenant.tx(seller_id, read_only=True):
            page = pay_page(seller_id=seller_id, invoice_id=invoice_id)
        if page is None or page.kind != "invoice":
            return lost(request)
        is_now = is_current(invoice_id, page.link_version, mac)
        if not is_now and not was_ever(invoice_id, page.link_version, mac):
            return lost(request)
        request.counter = _counter(request, token, page)
        with translation.override(request.counter.language):
            refused = _guard.process_view(request, answer, (), {}) if request.method == "POST" else None
            response = refused or (answer() if is_now or old_links else _replaced(request))
        response.headers.setdefault("Content-Language", request.counter.language)
        return response


def _counter(request: HttpRequest, token: str, page: PayPage) -> Counter:
    wanted = request.GET.get("lang", "")
    known = dict(settings.LANGUAGES)
    is_back = page.attempt is not None and request.path.endswith("/return")
    usual = page.attempt.language if is_back and page.attempt else page.language
    usual = usual.replace("_", "-").split("-")[0].lower()
    language = wanted if wanted in known else usual if usual in known else "en"
    return Counter(token, page, clock.now(), language, f"?lang={wanted}" if wanted in known else "")


def show(request: Any, template: str, status: int = 200, **context: object) -> HttpResponse:
    """Render a page of the seller's: their colour, their name, our manners."""
    counter: Counter = request.counter
    shown = {"counter": counter, "page": counter.page, "accent": accent_of(counter.page.brand)}
    shown |= {"small_print": seller_line(counter.page.content["seller"]), **context}
    return render(request, f"pay/{template}.html", shown, status=status)


def accent_of(colour: str) -> dict[str, str]:
    """The brand colour, and what stands in for it in browsers that can't derive the rest."""
    try:
        made = brand.derive(colour)
    except ValueError:
        colour, made = brand.HOUSE, brand.derive(brand.HOUSE)
    return {"brand": colour, "safe": made.accent, "on_safe": made.on_accent, "ink": made.ink}


def plain(request: Any, title: str, text: str, *, status: int, back: str = "") -> HttpResponse:
    """A page with something to say and no invoice to show."""
    shown = {"title": title, "text": text, "back": back, "accent": accent_of(NEUTRAL)}
    response = render(request, "pay/plain.html", shown, status=status)
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


def lost(request: HttpRequest) -> HttpResponse:
    """The one answer for what is no link of ours, in the browser's language."""
    text = _("Part of the address may be missing. Open the link in the email again, or ask who sent it to you.")
    return plain(request, _("This link doesn’t lead anywhere"), text, status=404)


def away(request: HttpRequest) -> HttpResponse:
    """The answer while our database doesn't."""
    text = _("This page can’t be opened right now. If you were just paying, please don’t pay again; we’ll email you.")
    return plain(request, _("Please come back in a few minutes"), text, status=503)


def _replaced(request: Any) -> HttpResponse:
    return show(request, "replaced")
