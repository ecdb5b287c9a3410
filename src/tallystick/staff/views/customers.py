"""Customers: the list, one customer, and the form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from tallystick.base.events import recent
from tallystick.base.tenant import tx
from tallystick.broadcasts.reach import unsubscribed
from tallystick.broadcasts.unsubscribe import subscribe_again
from tallystick.conversations.queries import threads_of
from tallystick.customers import queries
from tallystick.customers.archive import archive_customer, restore_customer
from tallystick.customers.errors import InvalidCustomer
from tallystick.customers.lock import NoSuchCustomer
from tallystick.customers.models import Customer
from tallystick.customers.save import save_customer
from tallystick.invoices.queries import numbers_of, open_invoices_of
from tallystick.invoices.queries_lists import InvoiceFilter, list_invoices
from tallystick.ledger.queries import balances_of, why_balance
from tallystick.payments import queries_charging as charging
from tallystick.payments.customer_pages import card_requests
from tallystick.payments.queries import PaymentFilter, register
from tallystick.payments.queries import numbers_of as payment_numbers
from tallystick.reports.balance import explain
from tallystick.reports.bounced import bounced
from tallystick.reports.dashboard import aging_of_customer
from tallystick.sellers.queries import names_of
from tallystick.sellers.roles import ANSWER, CHARGE, CUSTOMERS, RECORD, SELL, VIEW
from tallystick.staff.door import Desk, StaffRequest, door
from tallystick.staff.forms.customers import WORDS, ContactForms, CustomerForm, contact_fields, customer_fields
from tallystick.staff.forms.ids import made_id
from tallystick.staff.forms.typed import show_problems
from tallystick.staff.letters import silent_words
from tallystick.staff.online import online
from tallystick.staff.sentences import tell_facts
from tallystick.staff.views.answer import REFUSED, go, page, typed
from tallystick.texting.numbers import reach_of

PAGE_SIZE = 50


@door(VIEW)
def customers(request: StaffRequest) -> HttpResponse:
    """List customers by name with what each owes, found by the start of words."""
    text, archived = typed(request.GET.get("q", "")), request.GET.get("show") == "archived"
    found = queries.list_customers(text, request.GET.get("after", ""), PAGE_SIZE, archived=archived)
    balances = balances_of([row.id for row in found.rows])
    return page(
        request,
        "customers",
        nav="customers",
        rows=[(row, balances[row.id]) for row in found.rows],
        next=found.next_cursor,
        first_page=not request.GET.get("after"),
        text=text,
        archived=archived,
        may_edit=request.desk.may(CUSTOMERS),
    )


@door(VIEW)
def customer(request: StaffRequest, customer_id: UUID) -> HttpResponse:
    """Show one customer: what they owe and why, their documents, money, people and history."""
    row = found_customer(customer_id)
    desk = request.desk
    documents = list_invoices(
        InvoiceFilter(tab="all", customer_id=customer_id), on=desk.today, sort="new", cursor="", size=8
    )
    people = queries.contacts_of(customer_id)
    return page(
        request,
        "customer",
        nav="customers",
        customer=row,
        contacts=people,
        gone=bounced(customer_id=customer_id),
        left=_left(customer_id),
        silent=silent_words([row.email, *(each.email for each in people)]),
        balances=balances_of([customer_id])[customer_id],
        aging=aging_of_customer(customer_id, on=desk.today),
        open_invoices=open_invoices_of(customer_id),
        documents=documents.rows,
        payments=register(PaymentFilter(customer_id=customer_id), cursor="", size=8).rows,
        timeline=tell_facts(recent(most=30, customer_id=customer_id)),
        threads=threads_of(customer_id),
        may_answer=desk.may(ANSWER),
        **_charging(desk, customer_id),
        may_edit=desk.may(CUSTOMERS),
        may_sell=desk.may(SELL),
        may_record=desk.may(RECORD),
    )


def _charging(desk: Desk, customer_id: UUID) -> dict[str, Any]:
    methods, agreed = charging.methods_of(customer_id), charging.autopay_of(customer_id)
    people = names_of({each.consent_by for each in methods if each.consent_by})
    return {
        "cards": [(each, people.get(each.consent_by, "") if each.consent_by else "") for each in methods],
        "autopay_id": agreed.payment_method_id if agreed else None,
        "charges_ahead": charging.charges_ahead(customer_id=customer_id),
        "asked_cards": card_requests(customer_id),
        "may_charge": desk.may(CHARGE),
    }


@door(CUSTOMERS, "POST")
def subscribe(request: StaffRequest, customer_id: UUID) -> HttpResponse:
    """Send broadcasts to an address of a customer's again, because they asked for it."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        found_customer(customer_id)
        address = typed(request.POST.get("address", "")).lower()
        if address not in _left(customer_id):
            return go(request, "customer", customer_id)
    subscribe_again(**desk.acting(), address=address, customer_id=customer_id)
    messages.success(request, _("%(address)s gets broadcasts again") % {"address": address})
    return go(request, "customer", customer_id)


def _left(customer_id: UUID) -> list[str]:
    """The addresses and numbers of a customer's that unsubscribed from broadcasts."""
    row, people = found_customer(customer_id), queries.contacts_of(customer_id)
    addresses = {one.lower() for one in (row.email, *(each.email for each in people)) if one}
    return sorted(unsubscribed(addresses | {reach_of(customer_id).number}))


@door(CUSTOMERS, "GET", "POST")
def new(request: StaffRequest) -> HttpResponse:
    """Put a new customer on file."""
    seller = _seller_defaults(request)
    return _form(request, None, {**seller, "name": request.GET.get("name", "")[:200]})


@door(CUSTOMERS, "GET", "POST")
def edit(request: StaffRequest, customer_id: UUID) -> HttpResponse:
    """Change a customer."""
    with tx(request.desk.seller_id, read_only=True):
        row = found_customer(customer_id)
    return _form(request, row, customer_fields(row))


def _seller_defaults(request: StaffRequest) -> dict[str, Any]:
    with tx(request.desk.seller_id, read_only=True):
        seller = request.desk.seller
        return {"country": seller.country, "currency": seller.currency, "language": seller.language}


def _form(request: StaffRequest, row: Customer | None, initial: dict[str, Any]) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    own = row.terms if row else None
    with tx(request.desk.seller_id, read_only=True):
        is_online = online().ready
        people = contact_fields(queries.contacts_of(row.id)) if row else []
    form = CustomerForm(posted, initial=initial, keeps_own_terms=initial.get("terms") == "own", is_online=is_online)
    contacts = ContactForms(posted, initial=people, prefix="contacts")
    customer_id = row.id if row else made_id(request.POST, "customer_id")
    if posted is not None and form.is_valid() and contacts.is_valid():
        used = [person for person in contacts if person.is_used]
        details = form.details(customer_id, tuple(person.details() for person in used), own)
        try:
            save_customer(
                **request.desk.acting(), customer=details, tax_ids_as_typed=form.cleaned_data["tax_id_as_typed"]
            )
        except InvalidCustomer as error:
            _show(form, used, error)
        else:
            messages.success(request, _("%(name)s saved") % {"name": details.name})
            return go(request, "customer", customer_id)
    status = REFUSED if posted is not None else 200
    return page(
        request,
        "customer_edit",
        status=status,
        nav="customers",
        customer=row,
        customer_id=customer_id,
        form=form,
        contacts=contacts,
        doubtful_tax_id=bool(form.is_bound and form.errors.get("tax_id")),
    )


def _show(form: CustomerForm, used: list[Any], error: InvalidCustomer) -> None:
    own = {field: reason for field, reason in error.problems.items() if not field.startswith("contacts.")}
    show_problems(form, own, WORDS)
    for name, reason in error.problems.items():
        if name not in own:
            _word, at, field = name.split(".")
            show_problems(used[int(at)], {field: reason}, WORDS)


@door(CUSTOMERS, "POST")
def archive(request: StaffRequest, customer_id: UUID) -> HttpResponse:
    """Put a customer away."""
    try:
        archive_customer(**request.desk.acting(), customer_id=customer_id)
    except NoSuchCustomer:
        raise Http404 from None
    messages.success(request, _("Archived"))
    return go(request, "customer", customer_id)


@door(CUSTOMERS, "POST")
def restore(request: StaffRequest, customer_id: UUID) -> HttpResponse:
    """Take a customer out of the archive."""
    try:
        restore_customer(**request.desk.acting(), customer_id=customer_id)
    except NoSuchCustomer:
        raise Http404 from None
    messages.success(request, _("Back on file"))
    return go(request, "customer", customer_id)


@door(VIEW)
def why(request: StaffRequest, customer_id: UUID, currency: str) -> HttpResponse:
    """Say why a customer owes what they owe: each dated entry and the balance after it."""
    row = found_customer(customer_id)
    steps = explain(why_balance(customer_id, currency=currency.upper()))
    subjects = [step.subject_id for step in steps]
    return page(
        request,
        "why_balance",
        nav="customers",
        customer=row,
        currency=currency.upper(),
        steps=steps,
        documents=numbers_of(subjects),
        receipts=payment_numbers(subjects),
    )


def found_customer(customer_id: UUID) -> Customer:
    """Return the customer; a foreign or unknown one is a 404."""
    row = queries.customer(customer_id)
    if row is None:
        raise Http404
    return row
