"""The editor of drafts: live figures from the engine, saved as one types."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from tallystick.base import tenant
from tallystick.base.events import timeline
from tallystick.base.ids import new_id
from tallystick.catalog.queries import items_like, rates_on_offer, tax_rate
from tallystick.core.errors import CoreError
from tallystick.customers import queries as customers
from tallystick.invoices import queries
from tallystick.invoices.draft import Draft
from tallystick.invoices.errors import AlreadyIssued, DraftChanged, NoSuchInvoice, NotIssuable
from tallystick.invoices.issue import issue_invoices
from tallystick.invoices.pricing import due_of
from tallystick.invoices.save import save_drafts
from tallystick.ledger.queries import balances_of
from tallystick.pdf import formats
from tallystick.sellers.queries import names_of
from tallystick.sellers.roles import SELL
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.ids import made_id
from tallystick.staff.forms.invoice import CURRENCIES, InvoiceForm, Row, is_blank, read_draft, typed_form
from tallystick.staff.forms.invoice_stored import form_of
from tallystick.staff.forms.numbers import plain_number
from tallystick.staff.forms.terms import choices, preset_of
from tallystick.staff.forms.text import tidy_text
from tallystick.staff.views.invoice_actions import plan, refusal
from tallystick.staff.words import day_text, distance_text, money_text, reader_locale

OFFERED_WITHOUT_SCRIPT = 200
EMPTY_ROWS = 4


@door(SELL, "GET", "POST")
def new(request: StaffRequest) -> HttpResponse:
    """Start a draft. Its id is made here, so that a double click can't make two."""
    if request.method == "POST":
        return _save(request, made_id(request.POST, "id"))
    desk = request.desk
    form = InvoiceForm(id=new_id(), version=None, values=_first_values(request), rows=[], adjustments=[])
    return _page(request, form, kept=_terms_for(request, form.values["customer"]) or desk.seller.terms)


def _first_values(request: StaffRequest) -> dict[str, str]:
    customer = request.GET.get("customer", "")
    names = ("issue_on", "delivered_on", "po_number", "notes", "days", "plan")
    found = _customer(customer)
    terms = (found.terms if found else None) or request.desk.seller.terms
    return {
        **dict.fromkeys(names, ""),
        "customer": str(found.id) if found else "",
        "currency": found.currency if found else request.desk.seller.currency,
        "terms": preset_of(terms),
        "days": str(terms.get("days", "")),
        "terms_note": request.desk.seller.terms_note,
    }


@door(SELL, "GET", "POST")
def edit(request: StaffRequest, invoice_id: UUID) -> HttpResponse:
    """Go on with a draft."""
    if request.method == "POST":
        return _save(request, invoice_id)
    try:
        row = queries.invoice(invoice_id)
        draft = queries.draft_of(invoice_id)
    except NoSuchInvoice:
        raise Http404 from None
    if row.number is not None:
        messages.info(request, _("It is issued, so it can't be edited. Correct it by a credit note."))
        return redirect("invoice", request.desk.place.slug, invoice_id)
    form = form_of(draft, version=row.version)
    _read(request, form, draft)
    return _page(request, form, kept=draft.terms, saved_at=row.updated_at, kind=row.kind)


def _read(request: StaffRequest, form: InvoiceForm, base: Draft | None) -> Draft | None:
    """Turn what was typed into a draft. Inside `tenant.tx`."""
    found = _customer(form.values["customer"])
    if found is None and form.values["customer"]:
        form.errors["customer"] = _("This customer isn't on file any more.")
    kept = (base.terms if base else None) or (found.terms if found else None) or request.desk.seller.terms
    language = found.language if found else request.desk.seller.language
    return read_draft(form, rates=_rates(base), language=language, kept_terms=kept, base=base)


def _rates(base: Draft | None) -> list[Any]:
    """Return the rates on offer, and those the stored draft carries though they are archived."""
    offered = rates_on_offer()
    used: set[UUID] = set()
    if base:
        used = {line.tax_rate_id for line in base.lines} | {one.tax_rate_id for one in base.adjustments}
    old = [tax_rate(rate_id) for rate_id in used - {rate.id for rate in offered}]
    return [*offered, *(rate for rate in old if rate)]


def _save(request: StaffRequest, draft_id: UUID) -> HttpResponse:
    desk, form = request.desk, typed_form(request.POST, draft_id=draft_id)
    quietly = request.headers.get("X-Autosave") == "1"
    with tenant.tx(desk.seller_id, read_only=True):
        base = _stored(draft_id)
        draft = _read(request, form, base)
        action = request.POST.get("action", "save")
        if draft is None or form.errors:
            return _refused(request, form, base, quietly=quietly)
    try:
        save_drafts(
            seller_id=desk.seller_id,
            drafts=[draft],
            now=desk.now,
            actor_id=desk.actor_id,
            expected_version=form.version,
        )
    except AlreadyIssued as error:
        messages.error(request, refusal(error))
        return redirect("invoice", desk.place.slug, draft_id)
    except (DraftChanged, NoSuchInvoice):
        return _changed(request, form, base, quietly=quietly)
    except CoreError:
        form.errors["terms"] = _("These terms don't work out with this total.")
        with tenant.tx(desk.seller_id, read_only=True):
            return _refused(request, form, base, quietly=quietly)
    if quietly:
        return _saved(request, draft_id)
    return _after(request, draft, action)


def _after(request: StaffRequest, draft: Draft, action: str) -> HttpResponse:
    """Show the draft; or issue it, at once or when its day begins, and go on to sending it."""
    desk, draft_id = request.desk, draft.id
    if action != "send":
        messages.success(request, _("Draft saved"))
        return redirect("invoice", desk.place.slug, draft_id)
    try:
        if draft.issue_on and draft.issue_on > desk.today:
            messages.success(request, plan(request, draft_id, is_sent=True))
            return redirect("invoice", desk.place.slug, draft_id)
        issue_invoices(**desk.acting(), invoice_ids=[draft_id], today=desk.today)
    except (NotIssuable, CoreError) as error:
        messages.error(request, f"{_('The draft is saved but not issued.')} {refusal(error)}")
        return redirect("invoice-edit", desk.place.slug, draft_id)
    return redirect("invoice-send", desk.place.slug, draft_id)


def _saved(request: StaffRequest, draft_id: UUID) -> HttpResponse:
    desk = request.desk
    with tenant.tx(desk.seller_id, read_only=True):
        row = queries.invoice(draft_id)
        said = render_to_string("staff/_saved.html", {"saved_at": row.updated_at, "request": request}, request)
    url = reverse("invoice-edit", args=[desk.place.slug, draft_id])
    return JsonResponse({"version": row.version, "url": url, "said": said.strip()})


def _refused(request: StaffRequest, form: InvoiceForm, base: Draft | None, *, quietly: bool) -> HttpResponse:
    if quietly:
        return JsonResponse({"errors": _error_list(form)})
    kept = base.terms if base else request.desk.seller.terms
    return _page(request, form, kept=kept, status=422, kind=base.kind if base else "invoice")


def _changed(request: StaffRequest, form: InvoiceForm, base: Draft | None, *, quietly: bool) -> HttpResponse:
    """Say who saved meanwhile; what was typed stays, and saving again replaces theirs."""
    desk = request.desk
    with tenant.tx(desk.seller_id, read_only=True):
        try:
            row = queries.invoice(form.id)
        except NoSuchInvoice:
            messages.error(
                request, _("Someone discarded this draft meanwhile. What you typed is below; saving makes it new.")
            )
            form.version = None
            return _page(request, form, kept={}, status=409)
        saved = next(
            (fact for fact in timeline(subject_ids=[form.id]) if fact.kind == "draft.saved" and fact.actor_id), None
        )
        who = names_of({saved.actor_id}).get(saved.actor_id, "") if saved and saved.actor_id else ""
        if quietly:
            return JsonResponse({"changed": True})
        form.version = row.version
        return _page(
            request, form, kept=base.terms if base else {}, status=409, changed={"by": who, "at": row.updated_at}
        )


def _page(request: StaffRequest, form: InvoiceForm, *, kept: Any, status: int = 200, **more: Any) -> HttpResponse:
    """Show the editor. Inside `tenant.tx`, or opening one after a POST."""
    desk = request.desk
    with tenant.tx(desk.seller_id, read_only=True):
        found = _customer(form.values["customer"])
        offered = customers.list_customers(size=OFFERED_WITHOUT_SCRIPT).rows
        rates = _rates(_stored(form.id))
        currencies = list(
            dict.fromkeys([form.values["currency"] or desk.seller.currency, desk.seller.currency, *CURRENCIES])
        )
        default = str(rates[0].id) if rates else ""
        while form.rows and is_blank(form.rows[-1]):
            form.rows.pop()
        form.rows += [Row({"tax": default}) for _n in range(max(1, EMPTY_ROWS - len(form.rows)))]
        context = {
            "nav": "invoices",
            "desk": desk,
            "form": form,
            "customer": found,
            "owes": _owes(found.id) if found else "",
            "customers": offered if found is None or found in offered else [found, *offered],
            "rates": rates,
            "default_rate": default,
            "currencies": currencies,
            "terms": choices(kept),
            "totals": form.totals,
            "due": _due_text(request, form),
            "blank": Row({"tax": default}),
            "spare_adjustment": Row({"adj_kind": "discount"}),
            **more,
        }
        return render(request, "staff/editor.html", context, status=status)


@door(SELL, "POST")
def price(request: StaffRequest) -> HttpResponse:
    """Price what is typed so far, by the engine that issues; nothing is stored."""
    desk = request.desk
    with tenant.tx(desk.seller_id, read_only=True):
        form = typed_form(request.POST, draft_id=made_id(request.POST, "id"))
        _read(request, form, _stored(form.id))
        currency = form.values["currency"]
        context = {"form": form, "totals": form.totals, "desk": desk, "request": request}
        return JsonResponse(
            {
                "nets": [
                    None if row.net_minor is None else formats.amount(row.net_minor, currency, reader_locale())
                    for row in form.rows
                ],
                "worked": [{name: row.values[name] for name in ("quantity", "price", "discount")} for row in form.rows],
                "errors": _error_list(form),
                "totals": render_to_string("staff/_editor_totals.html", context, request),
                "due": _due_text(request, form),
            }
        )


def _due_text(request: StaffRequest, form: InvoiceForm) -> str:
    """Say when what is typed would be due if it were issued on its day."""
    today, draft = request.desk.today, form.draft
    if form.totals is None or draft is None or form.errors.keys() & {"terms", "days", "plan", "issue_on"}:
        return ""
    try:
        due = due_of(draft, total_minor=form.totals.total_minor, issued_on=max(draft.issue_on or today, today))
    except CoreError:
        return ""
    if not due:
        return ""
    if len(due) == 1:
        return _("Due %(day)s, %(distance)s") % {
            "day": day_text(due[0].due_on, today),
            "distance": distance_text(due[0].due_on, today),
        }
    parts = [f"{money_text(item.amount_minor, draft.currency)} {day_text(item.due_on, today)}" for item in due]
    return " · ".join(parts[:4])


def _error_list(form: InvoiceForm) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = [{"name": name, "row": None, "text": text} for name, text in form.errors.items()]
    for kind, rows in (("line", form.rows), ("adjustment", form.adjustments)):
        for at, row in enumerate(rows):
            listed += [{"name": name, "row": at, "kind": kind, "text": text} for name, text in row.errors.items()]
    return listed


@door(SELL)
def find_customers(request: StaffRequest) -> HttpResponse:
    """Offer customers whose name, number, email or city starts like what is typed."""
    found = customers.customers_like(tidy_text(request.GET.get("q"))[:100])
    balances = balances_of([row.id for row in found])
    return JsonResponse(
        {
            "options": [
                {
                    "value": str(row.id),
                    "label": row.name,
                    "sub": " · ".join(part for part in (row.number, row.city) if part),
                    "end": _owed(balances[row.id]),
                    "currency": row.currency,
                    "terms": preset_of(row.terms or request.desk.seller.terms),
                    "hint": _owes_text(balances[row.id]),
                }
                for row in found
            ]
        }
    )


@door(SELL)
def find_items(request: StaffRequest) -> HttpResponse:
    """Offer catalog items whose code starts like, or whose name holds, what is typed."""
    found = items_like(tidy_text(request.GET.get("q"))[:100], currency=tidy_text(request.GET.get("currency"))[:3])
    return JsonResponse(
        {
            "options": [
                {
                    "value": row.code,
                    "label": row.code,
                    "text": row.name,
                    "sub": row.detail,
                    "end": plain_number(row.unit_price),
                    "fill": {
                        "description": row.name,
                        "detail": row.detail,
                        "unit": row.unit,
                        "price": plain_number(row.unit_price),
                        "tax": str(row.tax_rate_id or ""),
                    },
                }
                for row in found
            ]
        }
    )


def _owes(customer_id: UUID) -> str:
    return _owes_text(balances_of([customer_id])[customer_id])


def _owes_text(balances: Any) -> str:
    owed = _owed(balances)
    return _("Owes %(amount)s") % {"amount": owed} if owed else _("Owes nothing")


def _owed(balances: Any) -> str:
    return " · ".join(money_text(b.receivable_minor, b.currency) for b in balances if b.receivable_minor > 0)


def _terms_for(request: StaffRequest, customer: str) -> Any:
    found = _customer(customer)
    return found.terms if found else None


def _customer(text: str) -> Any:
    try:
        return customers.customer(UUID(text))
    except ValueError:
        return None


def _stored(draft_id: UUID) -> Draft | None:
    try:
        return queries.draft_of(draft_id)
    except NoSuchInvoice:
        return None
