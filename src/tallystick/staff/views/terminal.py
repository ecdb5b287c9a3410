"""The terminal: charge an amount by phone or at the counter, and follow it until it is paid. See `payments.terminal`."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from tallystick.base.ids import new_id
from tallystick.base.tenant import tx
from tallystick.core.attempt import State
from tallystick.customers.models import Customer
from tallystick.customers.queries import addresses_for_documents, customers_like
from tallystick.invoices import queries as invoices
from tallystick.invoices.queries import open_invoices_of
from tallystick.messages.queries import messages_about
from tallystick.payments.collect import cancel_charge, look_up_charge, send_charge
from tallystick.payments.customer_pages import RequestPage, kept_methods, request_page, ways_of_seller
from tallystick.payments.errors import AmountRefused, BeingPaid, NothingAsked, NothingToPay, PaymentError
from tallystick.payments.links import request_url
from tallystick.payments.page import Kept, Way
from tallystick.payments.requests import request_payment
from tallystick.payments.send_request import send_request_link
from tallystick.payments.terminal import charge_amount, request_amount
from tallystick.pdf.link_code import link_svg
from tallystick.sellers.roles import CHARGE
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.ids import made_id
from tallystick.staff.forms.terminal import AddressForm, AmountForm
from tallystick.staff.online import online
from tallystick.staff.views.answer import REFUSED, go, page, typed
from tallystick.staff.views.customers import found_customer

WALK_IN = "walk-in"


@door(CHARGE, "GET", "POST")
def terminal(request: StaffRequest) -> HttpResponse:
    """First whose, or whoever walked in; then how much and what for."""
    asked = request.POST.get("customer") or request.GET.get("customer", "")
    if not asked:
        return _choose_customer(request)
    customer = None if asked == WALK_IN else _named(request, asked)
    posted = request.POST if request.method == "POST" else None
    form = AmountForm(posted, currencies=_currencies(request, customer))
    request_id = made_id(request.POST, "request_id")
    if posted is not None and not _is_online(request):
        return go(request, "terminal")
    if posted is not None and form.is_valid():
        data = form.cleaned_data
        request_amount(
            **request.desk.acting(),
            request_id=request_id,
            customer_id=customer.id if customer else None,
            amount_minor=data["amount_minor"],
            currency=data["currency"],
            description=data["description"],
        )
        return go(request, "terminal-ask", request_id)
    return page(
        request,
        "terminal_amount",
        status=REFUSED if posted is not None else 200,
        nav="terminal",
        customer=customer,
        asked=asked,
        form=form,
        request_id=request_id,
    )


def _is_online(request: StaffRequest) -> bool:
    """Whether anything could be charged; says so when not."""
    with tx(request.desk.seller_id, read_only=True):
        is_online = online().ready
    if not is_online:
        messages.error(request, _("No payment provider is connected yet, so nothing can be charged."))
    return is_online


def _choose_customer(request: StaffRequest) -> HttpResponse:
    text = typed(request.GET.get("q", ""))
    with tx(request.desk.seller_id, read_only=True):
        found = customers_like(text, 20)
    rows = [(row, None) for row in found]
    return page(request, "terminal", nav="terminal", text=text, rows=rows, walk_in=WALK_IN)


def _named(request: StaffRequest, text: str) -> Customer:
    try:
        customer_id = UUID(text)
    except ValueError:
        raise Http404 from None
    with tx(request.desk.seller_id, read_only=True):
        return found_customer(customer_id)


def _currencies(request: StaffRequest, customer: Customer | None) -> list[str]:
    with tx(request.desk.seller_id, read_only=True):
        owed = [paper.currency for paper in open_invoices_of(customer.id)] if customer else []
        own = customer.currency if customer else request.desk.seller.currency
        return list(dict.fromkeys([own, request.desk.seller.currency, *owed]))


@door(CHARGE, "POST")
def invoice(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Ask for what is open on one invoice, to charge it now by phone or at the counter."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        paper = invoices.documents([invoice_id]).get(invoice_id)
    if paper is None:
        raise Http404
    if not _is_online(request):
        return go(request, "invoice", invoice_id)
    request_id = made_id(request.POST, "request_id")
    try:
        request_payment(
            **desk.acting(),
            request_id=request_id,
            customer_id=paper.customer_id,
            currency=paper.currency,
            language=paper.language,
            invoice_ids=[invoice_id],
        )
    except NothingAsked:
        messages.error(request, _("Only issued invoices can be charged."))
        return go(request, "invoice", invoice_id)
    return go(request, "terminal-ask", request_id)


@door(CHARGE)
def ask(request: StaffRequest, request_id: UUID) -> HttpResponse:
    """Show what is asked for, every way to take it, and what became of it."""
    return _ask_page(request, _found(request, request_id))


def _found(request: StaffRequest, request_id: UUID) -> RequestPage:
    with tx(request.desk.seller_id, read_only=True):
        shown = request_page(seller_id=request.desk.seller_id, request_id=request_id)
    if shown is None or shown.kind == "card":
        raise Http404
    return shown


def _ask_page(request: StaffRequest, shown: RequestPage, form: AddressForm | None = None) -> HttpResponse:
    with tx(request.desk.seller_id, read_only=True):
        ways, methods = ways_of_seller(), kept_methods(shown.customer_id)
        addresses, _copies = addresses_for_documents(shown.customer_id)
        sent = messages_about([shown.id])
    url = request_url(shown.id, shown.link_version)
    attempt = shown.attempt
    return page(
        request,
        "terminal_ask",
        status=REFUSED if form else 200,
        nav="terminal",
        shown=shown,
        state=str(attempt.state) if attempt else "",
        is_live=attempt is not None and attempt.is_live,
        is_declined=attempt is not None and attempt.state == State.DECLINED and shown.open_minor > 0,
        ways=ways,
        methods=methods,
        sent=sent,
        url=url,
        code=link_svg(url) if shown.has_links and shown.open_minor > 0 else "",
        attempt_id=new_id(),
        form=form or AddressForm(initial={"email": addresses[0] if addresses else ""}),
    )


@door(CHARGE, "POST")
def charge(request: StaffRequest, request_id: UUID) -> HttpResponse:
    """Charge a kept card, or have the gateway open its page for typing one in."""
    shown, desk = _found(request, request_id), request.desk
    attempt_id = made_id(request.POST, "attempt_id")
    method = next((m for m in _methods(request, shown) if str(m.id) == request.POST.get("method")), None)
    way = next((w for w in _ways(request) if str(w.id) == request.POST.get("way")), None)
    if method is None and way is None:
        messages.error(request, _("That card or provider isn't there any more. Nothing was charged."))
        return go(request, "terminal-ask", request_id)
    try:
        charge_amount(
            **desk.acting(),
            request_id=request_id,
            attempt_id=attempt_id,
            language=shown.language,
            return_url=request.build_absolute_uri(reverse("terminal-ask", args=[desk.place.slug, request_id])),
            gateway_account_id=method.way_id if method else way.id,  # type: ignore[union-attr]
            payment_method_id=method.id if method else None,
        )
    except (BeingPaid, NothingToPay, AmountRefused):
        messages.info(request, _("It is being paid or was paid already. Nothing more was charged."))
    except PaymentError:
        messages.error(request, _("That card or provider isn't there any more. Nothing was charged."))
    else:
        send_charge(seller_id=desk.seller_id, attempt_id=attempt_id, now=desk.now)
    return go(request, "terminal-ask", request_id)


def _methods(request: StaffRequest, shown: RequestPage) -> list[Kept]:
    with tx(request.desk.seller_id, read_only=True):
        return list(kept_methods(shown.customer_id))


def _ways(request: StaffRequest) -> list[Way]:
    with tx(request.desk.seller_id, read_only=True):
        return list(ways_of_seller())


@door(CHARGE, "POST")
def check(request: StaffRequest, request_id: UUID) -> HttpResponse:
    """Ask the provider what became of it."""
    attempt = _found(request, request_id).attempt
    if attempt is not None and attempt.is_live and attempt.state != State.RESERVED:
        look_up_charge(seller_id=request.desk.seller_id, attempt_id=attempt.id, now=request.desk.now)
    return go(request, "terminal-ask", request_id)


@door(CHARGE, "POST")
def close(request: StaffRequest, request_id: UUID) -> HttpResponse:
    """Close the provider's page, to take the money another way."""
    attempt = _found(request, request_id).attempt
    if attempt is not None and attempt.is_live and attempt.state != State.RESERVED:
        cancel_charge(seller_id=request.desk.seller_id, attempt_id=attempt.id, now=request.desk.now)
    return go(request, "terminal-ask", request_id)


@door(CHARGE, "POST")
def send(request: StaffRequest, request_id: UUID) -> HttpResponse:
    """Send the link by email, once."""
    shown = _found(request, request_id)
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _ask_page(request, shown, form)
    if not _is_online(request):
        return go(request, "terminal-ask", request_id)
    if not shown.has_links:
        messages.error(request, _("Payment links are switched off for this customer, so nothing was sent."))
        return go(request, "terminal-ask", request_id)
    if shown.open_minor <= 0:
        messages.info(request, _("It was paid already, so nothing was sent."))
        return go(request, "terminal-ask", request_id)
    message = send_request_link(**request.desk.acting(), request_id=request_id, to=[form.cleaned_data["email"]])
    messages.success(request, _("The link goes to %(to)s") % {"to": ", ".join(message.recipients)})
    return go(request, "terminal-ask", request_id)
