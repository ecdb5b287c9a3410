"""The frame of every page behind a payment link: whose link it is, whether it still counts, in which language."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar
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
from tallystick.base.links import is_current, read_token, was_ever
from tallystick.invoices.links import PURPOSE, seller_of_invoice
from tallystick.payments.customer_pages import ChargePage, Face, RequestPage, charge_page, request_page
from tallystick.payments.links import CHARGE, REQUEST, seller_of_request, seller_of_scheduled_charge
from tallystick.payments.page import PayPage, pay_page
from tallystick.pdf import formats
from tallystick.pdf.parties import seller_line

Arguments = ParamSpec("Arguments")
Shown = TypeVar("Shown", PayPage, RequestPage, ChargePage)
View = Callable[Concatenate[Any, Arguments], HttpResponse]
DECLARED: dict[str, tuple[str, frozenset[str]]] = {}
"""View name → (who may, methods): "link" is the holder of a link that counts, "old link" of any we ever made."""

HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "same-origin"}
NEUTRAL = "#4b555c"
"""The colour of a page that belongs to no seller: never our own."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of link: what its digest is for, whose it is, what it shows, and where its pages are."""

    space: str
    purpose: str
    seller_of: Callable[[UUID], UUID | None]
    load: Callable[[UUID, UUID], Any]


KINDS = {
    "invoice": Kind("pay", PURPOSE, seller_of_invoice, lambda s, i: _invoice(s, i)),
    "paper": Kind("pay", PURPOSE, seller_of_invoice, lambda s, i: pay_page(seller_id=s, invoice_id=i)),
    "request": Kind("ask", REQUEST, seller_of_request, lambda s, i: request_page(seller_id=s, request_id=i)),
    "charge": Kind("plan", CHARGE, seller_of_scheduled_charge, lambda s, i: charge_page(seller_id=s, charge_id=i)),
}


def _invoice(seller_id: UUID, invoice_id: UUID) -> PayPage | None:
    page = pay_page(seller_id=seller_id, invoice_id=invoice_id)
    return page if page and page.kind == "invoice" else None


@dataclass
class Counter(Generic[Shown]):
    """Where a payer stands: the link, what it shows, the time and the language."""

    token: str
    page: Shown
    now: datetime
    language: str
    keep: str
    """The query that carries a chosen language on, `?lang=ro`, or nothing."""
    space: str = "pay"

    @property
    def face(self) -> Face | PayPage:
        """The seller as the page shows it."""
        return self.page if isinstance(self.page, PayPage) else self.page.face

    @property
    def seller_id(self) -> UUID:
        """The seller's id."""
        return self.face.seller_id

    @cached_property
    def today(self) -> date:
        """The business date in the seller's zone."""
        return clock.business_date(self.now, self.face.time_zone)

    @cached_property
    def locale(self) -> Locale:
        """How amounts and dates are written: the same as on the document."""
        return formats.locale_for(self.language, self.face.country)

    @property
    def direction(self) -> str:
        """Which way the language is written."""
        return "rtl" if formats.is_right_to_left(self.language) else "ltr"

    def url(self, name: str, **more: object) -> str:
        """The address of one of this link's pages, in the chosen language."""
        return reverse(f"{self.space}:{name}", kwargs={"token": self.token, **more}) + self.keep


class PayRequest(HttpRequest):
    """A request that came through `door` with a link to an invoice."""

    counter: Counter[PayPage]
    csp_nonce: str


class AskRequest(HttpRequest):
    """A request that came through `door` with a link to a payment request."""

    counter: Counter[RequestPage]


class PlanRequest(HttpRequest):
    """A request that came through `door` with a link to a planned charge."""

    counter: Counter[ChargePage]


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
    *methods: str, own_transaction: bool = False, old_links: bool = False, kind: str = "invoice"
) -> Callable[[View[Arguments]], Callable[..., HttpResponse]]:
    """Declare a page behind a link and the methods it answers (default GET only). `kind`: paper (an invoice or a credit
    note, to look at), invoice, request, charge.

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
                response = _enter(
                    request, token, lambda: view(request, *args, **kwargs), is_read, old_links, KINDS[kind]
                )
            except (OperationalError, InterfaceError):
                response = away(request)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return enter

    return declare


def _enter(
    request: Any, token: str, answer: Callable[[], HttpResponse], is_read: bool, old_links: bool, kind: Kind
) -> HttpResponse:
    read = read_token(token)
    seller_id = kind.seller_of(read[0]) if read else None
    if read is None or seller_id is None:
        return lost(request)
    row_id, mac = read
    with tenant.tx(seller_id, read_only=True) if is_read else nullcontext():
        with tenant.tx(seller_id, read_only=True):
            page = kind.load(seller_id, row_id)
        if page is None:
            return lost(request)
        is_now = is_current(kind.purpose, row_id, page.link_version, mac)
        if not is_now and not was_ever(kind.purpose, row_id, page.link_version, mac):
            return lost(request)
        request.counter = _counter(request, token, page, kind.space)
        with translation.override(request.counter.language):
            refused = _guard.process_view(request, answer, (), {}) if request.method == "POST" else None
            response = refused or (answer() if is_now or old_links else _replaced(request))
        response.headers.setdefault("Content-Language", request.counter.language)
        return response


def _counter(request: HttpRequest, token: str, page: Any, space: str) -> Counter[Any]:
    wanted = request.GET.get("lang", "")
    known = dict(settings.LANGUAGES)
    attempt = None if isinstance(page, ChargePage) else page.attempt
    usual = attempt.language if attempt and request.path.endswith("/return") else page.language
    usual = usual.replace("_", "-").split("-")[0].lower()
    language = wanted if wanted in known else usual if usual in known else "en"
    return Counter(token, page, clock.now(), language, f"?lang={wanted}" if wanted in known else "", space)


def show(request: Any, template: str, status: int = 200, **context: object) -> HttpResponse:
    """Render a page of the seller's: their colour, their name, our manners. Its forms may lead to the providers' pages."""
    counter: Counter[Any] = request.counter
    face = counter.face
    shown = {"counter": counter, "page": counter.page, "face": face, "accent": accent_of(face.brand)}
    shown |= {"small_print": seller_line(face.content["seller"]), **context}
    response = render(request, f"pay/{template}.html", shown, status=status)
    targets = dict.fromkeys(origin for way in counter.page.ways for origin in way.origins)
    response.form_targets = " ".join(targets)  # type: ignore[attr-defined]
    return response


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
    """Only an invoice's link can be mailed afresh; the others come with their own mails."""
    if request.counter.space == "pay":
        return show(request, "replaced")
    return plain(request, _("This link was replaced"), _("Please use the link in the latest email."), status=410)
