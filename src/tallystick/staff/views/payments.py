"""Customer Payments: the register, one payment, recording money received, applying credit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from tallystick.base.events import timeline
from tallystick.base.tenant import tx
from tallystick.core.errors import CoreError
from tallystick.core.money import to_decimal
from tallystick.customers.models import Customer
from tallystick.customers.queries import customers_like
from tallystick.invoices.models import Invoice
from tallystick.invoices.queries import customer_ids_of, open_invoices_of
from tallystick.ledger.queries import balances_of
from tallystick.messages.queries import messages_about_payment
from tallystick.messages.queue import retry_message
from tallystick.payments import queries
from tallystick.payments.allocate import allocate_payment
from tallystick.payments.errors import NoSuchPayment, NotUnapplied
from tallystick.payments.models import Allocation, Payment
from tallystick.payments.queries import PaymentFilter
from tallystick.payments.record import record_payment
from tallystick.payments.ways import way_words
from tallystick.reports.credit import anyone_in_credit
from tallystick.sellers.queries import names_of
from tallystick.sellers.roles import ALLOCATE, RECORD, VIEW
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.choices import methods
from tallystick.staff.forms.ids import made_id
from tallystick.staff.forms.numbers import plain_number
from tallystick.staff.forms.payments import PaymentForm, WishesForm
from tallystick.staff.letters import with_reasons
from tallystick.staff.sentences import tell_facts
from tallystick.staff.views.answer import REFUSED, go, page, typed
from tallystick.staff.views.customers import found_customer
from tallystick.staff.views.refunds import returned
from tallystick.staff.words import money_text

PAGE_SIZE = 50
MOST_OPEN = 100


def method_name(payment: Payment) -> str:
    """Return how a payment came, in words: the card when the gateway said which."""
    return way_words(payment.method, payment.method_label)


def flag_text(flag: str) -> str:
    """Say why a person should look at a payment."""
    return {
        "overpaid": _("More came in than was owed. The rest is credit."),
        "amount_differs": _("The provider took another amount than was asked for."),
        "currency_differs": _("The provider took another currency than was asked for."),
        "late": _("It came in after the attempt had been given up."),
        "closed": _("The invoice was closed when it came in, so it is credit."),
    }.get(flag, flag.replace("_", " "))


@door(VIEW)
def payments(request: StaffRequest) -> HttpResponse:
    """List money received, by method, day, currency and text, with totals per currency."""
    asked = request.GET
    wanted = PaymentFilter(
        text=typed(asked.get("q", "")),
        method=typed(asked.get("method", "")),
        currency=typed(asked.get("currency", "")).upper(),
        since=_day(asked.get("since", "")),
        until=_day(asked.get("until", "")),
        unapplied="unapplied" in asked,
        flagged="flagged" in asked,
    )
    found = queries.register(wanted, cursor=asked.get("after", ""), size=PAGE_SIZE)
    totals = queries.register_totals(wanted)
    return page(
        request,
        "payments",
        nav="payments",
        rows=[(row, method_name(row), flag_text(row.flag) if row.flag else "") for row in found.rows],
        next=found.next_cursor,
        first_page=not asked.get("after"),
        wanted=wanted,
        filtered=wanted != PaymentFilter(),
        totals=totals,
        count=sum(total["count"] for total in totals),
        currencies=sorted({total["currency"] for total in totals} | ({wanted.currency} - {""})),
        methods=[*methods(), ("gateway", _("Online"))],
        may_record=request.desk.may(RECORD),
        has_credit=anyone_in_credit(),
    )


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


@door(VIEW)
def payment(request: StaffRequest, payment_id: UUID) -> HttpResponse:
    """Show one payment: where it went, what is left of it, the receipt."""
    return _payment_page(request, payment_id, None)


def _payment_page(request: StaffRequest, payment_id: UUID, form: WishesForm | None) -> HttpResponse:
    with tx(request.desk.seller_id, read_only=True):
        row = _found(payment_id)
        open_invoices = _open(row)
        people = names_of({row.recorded_by}) if row.recorded_by else {}
        placed = sorted(queries.allocations_of(payment_id), key=_as_it_went)
        return page(
            request,
            "payment",
            status=REFUSED if form is not None else 200,
            nav="payments",
            payment=row,
            method=method_name(row),
            flag=flag_text(row.flag) if row.flag else "",
            recorded_by=people.get(row.recorded_by, "") if row.recorded_by else "",
            allocations=placed,
            letters=with_reasons(messages_about_payment(payment_id)),
            form=form or WishesForm(invoices=open_invoices),
            open_invoices=open_invoices,
            timeline=tell_facts(timeline(subject_ids=[payment_id])),
            may_allocate=request.desk.may(ALLOCATE),
            may_retry=request.desk.may(RECORD),
            **returned(request.desk, row, placed),
        )


def _as_it_went(row: Allocation) -> tuple[datetime, bool, UUID]:
    """What is taken back and put elsewhere at the same instant reads in that order."""
    return row.recorded_at, row.amount_minor > 0, row.id


def _open(row: Payment) -> list[Invoice]:
    """The invoices the rest of a payment could pay."""
    if not row.unapplied_minor:
        return []
    return [i for i in open_invoices_of(row.customer_id) if i.currency == row.currency][:MOST_OPEN]


def _found(payment_id: UUID) -> Payment:
    row = queries.payment(payment_id)
    if row is None:
        raise Http404
    return row


@door(ALLOCATE, "POST")
def apply(request: StaffRequest, payment_id: UUID) -> HttpResponse:
    """Put what is left of a payment onto invoices: as typed, else the oldest first."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        row = _found(payment_id)
        form = WishesForm(request.POST, invoices=_open(row))
    if not form.is_valid():
        return _payment_page(request, payment_id, form)
    wanted = form.wishes(row.currency)
    if form.errors:
        return _payment_page(request, payment_id, form)
    try:
        moved = allocate_payment(**desk.acting(), payment_id=payment_id, wanted=wanted, today=desk.today)
    except NoSuchPayment:
        raise Http404 from None
    except (NotUnapplied, CoreError):
        form.add_error(None, _("That is more than is left of this payment, or than is open. Nothing was changed."))
        return _payment_page(request, payment_id, form)
    if moved:
        messages.success(request, _("%(amount)s applied") % {"amount": money_text(moved, row.currency)})
    else:
        messages.info(request, _("Nothing was left to apply."))
    return go(request, "payment", payment_id)


@door(RECORD, "GET", "POST")
def new(request: StaffRequest) -> HttpResponse:
    """Record money received: first whose, then how much and what for."""
    customer = _customer(request)
    if customer is None:
        return _choose_customer(request)
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        invoices = open_invoices_of(customer.id)[:MOST_OPEN]
    posted = request.POST if request.method == "POST" else None
    form = PaymentForm(
        posted,
        invoices=invoices,
        currencies=_currencies(customer, invoices),
        today=desk.today,
        initial=_initial(request, invoices),
    )
    if posted is not None and form.is_valid():
        booked = _record(request, customer, form)
        if booked is not None:
            return go(request, "payment", booked.id)
    return page(
        request,
        "payment_new",
        status=REFUSED if posted is not None else 200,
        nav="payments",
        customer=customer,
        form=form,
        payment_id=made_id(request.POST, "payment_id"),
    )


def _customer(request: StaffRequest) -> Customer | None:
    text = request.POST.get("customer") or request.GET.get("customer", "")
    invoice = request.GET.get("invoice", "")
    if not text and not invoice:
        return None
    try:
        named = UUID(text or invoice)
    except ValueError:
        raise Http404 from None
    with tx(request.desk.seller_id, read_only=True):
        owners = [named] if text else customer_ids_of([named])
        if not owners:
            raise Http404
        return found_customer(owners[0])


def _choose_customer(request: StaffRequest) -> HttpResponse:
    text = typed(request.GET.get("q", ""))
    with tx(request.desk.seller_id, read_only=True):
        found = customers_like(text, 20)
        balances = balances_of([row.id for row in found])
    rows = [(row, balances[row.id]) for row in found]
    return page(request, "payment_whose", nav="payments", text=text, rows=rows)


def _currencies(customer: Customer, invoices: list[Invoice]) -> list[str]:
    return list(dict.fromkeys([*(i.currency for i in invoices), customer.currency]))


def _initial(request: StaffRequest, invoices: list[Invoice]) -> dict[str, Any]:
    """Start with today; coming from an invoice, with what is open on it."""
    initial: dict[str, Any] = {
        "received_on": request.desk.today,
        "currency": invoices[0].currency if invoices else None,
    }
    asked = next((i for i in invoices if str(i.id) == request.GET.get("invoice")), None)
    if asked:
        open_text = plain_amount(asked.open_minor, asked.currency)
        initial.update({"currency": asked.currency, "amount": open_text, f"for-{asked.id}": open_text})
    return initial


def plain_amount(minor: int, currency: str) -> str:
    """Return an amount as it would be typed."""
    return plain_number(to_decimal(minor, currency))


def _record(request: StaffRequest, customer: Customer, form: PaymentForm) -> Payment | None:
    data, desk = form.cleaned_data, request.desk
    try:
        booked = record_payment(
            **desk.acting(),
            payment_id=made_id(request.POST, "payment_id"),
            customer_id=customer.id,
            method=data["method"],
            amount_minor=data["amount_minor"],
            currency=data["currency"],
            received_on=data["received_on"],
            wanted=data["wanted"],
            reference=data["reference"],
            note=data["note"],
        )
    except CoreError:
        form.add_error(
            None, _("An invoice was paid or changed meanwhile. Nothing was booked; check the amounts below.")
        )
        return None
    if (booked.customer_id, booked.amount_minor, booked.currency) != (
        customer.id,
        data["amount_minor"],
        data["currency"],
    ):
        messages.info(request, _("This form had been sent before. This is what was booked then; nothing was added."))
        return booked
    with tx(desk.seller_id, read_only=True):
        left = _found(booked.id).unapplied_minor
    amount = money_text(booked.amount_minor, booked.currency)
    if left:
        text = _("%(amount)s recorded. %(left)s is more than was owed or matched, and is kept as %(name)s's credit.")
        messages.success(
            request, text % {"amount": amount, "left": money_text(left, booked.currency), "name": customer.name}
        )
    else:
        messages.success(request, _("%(amount)s recorded") % {"amount": amount})
    return booked


@door(RECORD, "POST")
def retry(request: StaffRequest, payment_id: UUID, message_id: UUID) -> HttpResponse:
    """Send a receipt that failed once more."""
    if retry_message(**request.desk.acting(), message_id=message_id):
        messages.success(request, _("Trying again now"))
    return go(request, "payment", payment_id)
