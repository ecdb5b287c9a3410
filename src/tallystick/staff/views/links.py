"""Sending payment links: a page that says who gets what and why somebody gets nothing, and the sending itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID, uuid5

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tallystick.base.ids import new_id
from tallystick.base.tenant import tx
from tallystick.customers.models import Customer
from tallystick.customers.queries import all_addresses_for_documents, customers
from tallystick.invoices.queries import documents, open_invoices_of
from tallystick.payments.requests import request_payment
from tallystick.payments.send_request import SentLink, plan_links, send_payment_links, send_request_links
from tallystick.sellers.roles import CHARGE
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.ids import read_id
from tallystick.staff.forms.links import LinksForm
from tallystick.staff.mail_words import skip_reason
from tallystick.staff.online import online
from tallystick.staff.views.answer import REFUSED, go, page
from tallystick.staff.views.customers import found_customer
from tallystick.staff.words import names

MOST_TICKED, MOST_VIEW = 200, 1000


@dataclass(frozen=True, slots=True)
class Sum:
    """What one link asks for: the invoices' ids and numbers in one currency, and what is open on them."""

    currency: str
    papers: list[tuple[UUID, str]]
    open_minor: int


@dataclass(frozen=True, slots=True)
class Ask:
    """One customer on the page: a link per currency, or why there is none."""

    customer: Customer
    reason: str
    sums: list[Sum]


@door(CHARGE, "GET", "POST")
def links(request: StaffRequest) -> HttpResponse:
    """Ask before links for the ticked invoices are sent, customer by customer; send them."""
    given = request.POST if request.method == "POST" else request.GET
    ticked, count = _ticked(given)
    view = given.get("view", "")[:MOST_VIEW]
    if not ticked:
        messages.info(request, _("Nothing was ticked."))
        return _back_to_list(request, view)
    send_id = read_id(request.POST.get("send_id", ""))
    if request.method == "POST" and send_id is None:
        # From the list: the page gets an address of its own, to be reloaded and gone back to.
        asked = urlencode([("id", str(key)) for key in ticked] + [("count", str(count)), ("view", view)])
        return redirect(f"{reverse('links', args=[request.desk.place.slug])}?{asked}")
    if send_id and not _is_online(request):
        return _back_to_list(request, view)
    asks = _asks(request, ticked)
    form = _form(request, asks)
    if send_id and form.is_valid():
        _send(request, send_id, ticked, asks, form)
        return _back_to_list(request, view)
    left_out = len(ticked) - sum(len(each.papers) for ask in asks for each in ask.sums)
    return page(
        request,
        "links",
        status=REFUSED if form.is_bound else 200,
        nav="invoices",
        asks=[(ask, _why(_reason(ask, form)), form.field_of(ask.customer.id)) for ask in asks],
        form=form,
        ticked=ticked,
        view=view,
        too_many=max(count - MOST_TICKED, 0),
        most=MOST_TICKED,
        left_out=left_out,
        send_id=send_id or new_id(),
        customer=None,
    )


def _is_online(request: StaffRequest) -> bool:
    """Whether a link would lead to a way to pay; says so when not."""
    with tx(request.desk.seller_id, read_only=True):
        is_online = online().ready
    if not is_online:
        messages.error(request, _("No payment provider is connected yet, so nothing was sent."))
    return is_online


def _ticked(given: QueryDict) -> tuple[list[UUID], int]:
    """Return the ticked documents, as many as are sent in one go, and how many were ticked."""
    found = list(dict.fromkeys(key for key in map(read_id, given.getlist("id")) if key))
    told = given.get("count", "")
    count = int(told) if told.isascii() and told.isdigit() and len(told) <= 6 else 0
    return found[:MOST_TICKED], max(count, len(found))


def _back_to_list(request: StaffRequest, view: str) -> HttpResponse:
    """Return to the list as it was: the same tab, search and sorting."""
    address = reverse("invoices", args=[request.desk.place.slug])
    return redirect(f"{address}?{view}" if view else address)


def _reason(ask: Ask, form: LinksForm) -> str:
    """Why a customer gets nothing, by what stands in the field now and not only by what is on file."""
    if ask.reason == "links_off":
        return ask.reason
    return form.why_nobody(ask.customer.id)


def _asks(request: StaffRequest, ticked: Sequence[UUID]) -> list[Ask]:
    """Return what would be sent, by the customers' names. The number of queries doesn't grow with them."""
    planned = plan_links(seller_id=request.desk.seller_id, invoice_ids=ticked)
    with tx(request.desk.seller_id, read_only=True):
        papers, owners = documents(ticked), customers([each.customer_id for each in planned])
    planned.sort(key=lambda each: (owners[each.customer_id].sort_key, each.customer_id, each.currency))
    asks = []
    for customer_id, group in groupby(planned, key=lambda each: each.customer_id):
        parts = list(group)
        sums = [
            Sum(
                part.currency,
                [(key, papers[key].number) for key in part.invoice_ids],
                sum(papers[key].open_minor for key in part.invoice_ids),
            )
            for part in parts
        ]
        asks.append(Ask(owners[customer_id], parts[0].reason, sums))
    return asks


def _form(request: StaffRequest, asks: Iterable[Ask], *, required: bool = False) -> LinksForm:
    """Return the fields, filled with recipients and copies on file: everybody who would get it is seen."""
    allowed = [ask.customer.id for ask in asks if ask.reason != "links_off"]
    with tx(request.desk.seller_id, read_only=True):
        known = all_addresses_for_documents(allowed)
    on_file = {key: [*known[key][0], *known[key][1]] for key in allowed}
    return LinksForm(request.POST if request.method == "POST" else None, on_file=on_file, required=required)


def _send(request: StaffRequest, send_id: UUID, ticked: Sequence[UUID], asks: Sequence[Ask], form: LinksForm) -> None:
    """Send to those who have an address; those left without one aren't asked to pay by a link nobody gets."""
    recipients, wanted = form.recipients(), set(ticked)
    sent = []
    for ask in asks:
        if ask.reason != "links_off" and not recipients[ask.customer.id]:
            ids = {key for each in ask.sums for key, _number in each.papers}
            wanted -= ids
            sent.append(SentLink(ask.customer.id, "", tuple(ids), None, form.why_nobody(ask.customer.id)))
    sent += send_payment_links(
        **request.desk.acting(),
        send_id=send_id,
        invoice_ids=[key for key in ticked if key in wanted],
        recipients=form.changed_recipients(),
    )
    if not sent:
        messages.info(request, _("Nothing is open on what was ticked, so nothing was sent."))
    _tell(request, sent, {ask.customer.id: ask.customer.name for ask in asks})


def _tell(request: StaffRequest, sent: Iterable[SentLink], called: dict[UUID, str]) -> None:
    """Say how many get a link and who, and how many get none, who and why."""
    by_reason: dict[str, dict[UUID, str]] = {}
    for each in sent:
        by_reason.setdefault(each.reason, {})[each.customer_id] = called.get(each.customer_id, "")
    for reason, people in sorted(by_reason.items()):
        count = len(people)
        said = {"people": names(list(people.values())), "why": _why(reason), "count": count}
        if reason:
            text = ngettext(
                "Nothing was sent to %(people)s. %(why)s.",
                "Nothing was sent to %(count)d customers, %(people)s. %(why)s.",
                count,
            )
            messages.warning(request, text % said)
        else:
            text = ngettext(
                "A payment link goes to %(people)s",
                "Payment links go to %(count)d customers: %(people)s",
                count,
            )
            messages.success(request, text % said)


def _why(reason: str) -> str:
    words = {
        "": "",
        "links_off": _("Payment links are switched off for this customer"),
        "no_address": _("No email address on file"),
        "emptied": _("Their address was taken out"),
        "nothing_open": _("Nothing is open"),
    }
    return words[reason] if reason in words else skip_reason(reason).rstrip(".")


@door(CHARGE, "GET", "POST")
def customer_link(request: StaffRequest, customer_id: UUID) -> HttpResponse:
    """Ask before a link for all that a customer owes is sent, one per currency; send it."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        ask = _balance(customer_id)
    if ask.reason in {"links_off", "nothing_open"}:
        _tell(request, [SentLink(customer_id, "", (), None, ask.reason)], {customer_id: ask.customer.name})
        return go(request, "customer", customer_id)
    send_id = read_id(request.POST.get("send_id", ""))
    if send_id and not _is_online(request):
        return go(request, "customer", customer_id)
    form = _form(request, [ask], required=True)
    if send_id and form.is_valid():
        to = form.changed_recipients().get(customer_id)
        sent = [_send_balance(request, send_id, ask.customer, [each.currency for each in ask.sums], to)]
        _tell(request, sent, {customer_id: ask.customer.name})
        return go(request, "customer", customer_id)
    return page(
        request,
        "links",
        status=REFUSED if form.is_bound else 200,
        nav="customers",
        asks=[(ask, _why(_reason(ask, form)) if not form.is_bound else "", form.field_of(customer_id))],
        form=form,
        ticked=[],
        view="",
        too_many=0,
        left_out=0,
        send_id=send_id or new_id(),
        customer=ask.customer,
    )


def _balance(customer_id: UUID) -> Ask:
    """Return all that a customer owes by currency. Inside `tenant.tx`; raises Http404."""
    owner, sums = found_customer(customer_id), dict[str, Sum]()
    for row in open_invoices_of(customer_id):
        old = sums.get(row.currency, Sum(row.currency, [], 0))
        papers = [*old.papers, (row.id, row.number or "")]
        sums[row.currency] = Sum(row.currency, papers, old.open_minor + row.open_minor)
    reason = "links_off" if not owner.payment_links else "" if sums else "nothing_open"
    return Ask(owner, reason, [sums[currency] for currency in sorted(sums)])


def _send_balance(
    request: StaffRequest, send_id: UUID, owner: Customer, currencies: Sequence[str], to: Sequence[str] | None
) -> SentLink:
    """Make a link per currency, and send them in one email."""
    acting = request.desk.acting()
    made = {currency: uuid5(send_id, f"{owner.id}{currency}") for currency in currencies}
    with tx(request.desk.seller_id, actor_id=request.desk.actor_id):
        for currency, request_id in made.items():
            request_payment(
                **acting, request_id=request_id, customer_id=owner.id, currency=currency, language=owner.language
            )
        message = send_request_links(**acting, request_ids=list(made.values()), to=to)
    return SentLink(owner.id, ", ".join(currencies), (), next(iter(made.values())), message.reason)
