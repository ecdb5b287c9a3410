"""Settings: the business, branding, numbering, taxes, bank accounts."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from tallystick.base.tenant import tx
from tallystick.catalog import queries as catalog
from tallystick.catalog.errors import DefaultRate, NoSuchRate
from tallystick.catalog.rates import archive_tax_rate, make_default_rate, save_tax_rate
from tallystick.core.errors import CoreError
from tallystick.core.numbering import Pattern
from tallystick.invoices.queries import next_indexes, number_series
from tallystick.invoices.series import set_series
from tallystick.sellers.banks import remove_bank_account, save_bank_account
from tallystick.sellers.errors import InvalidLogo, InvalidSettings
from tallystick.sellers.logo import MOST_BYTES
from tallystick.sellers.queries import bank_accounts, logo_of
from tallystick.sellers.roles import BANK, MEMBERS, OPERATE, SETTINGS, VIEW
from tallystick.sellers.settings import save_branding, update_seller
from tallystick.staff.door import Desk, StaffRequest, door
from tallystick.staff.forms.catalog import RateForm, rate_fields
from tallystick.staff.forms.ids import made_id
from tallystick.staff.forms.settings import (
    LOGO_WORDS,
    WORDS,
    BankForm,
    BrandingForm,
    BusinessForm,
    NumberingForm,
    bank_fields,
    business_fields,
)
from tallystick.staff.forms.typed import show_problems
from tallystick.staff.views.answer import REFUSED, go, page


class Section(NamedTuple):
    """One entry of the settings."""

    key: str
    url: str
    icon: str
    label: str
    text: str


def sections(desk: Desk) -> list[Section]:
    """Return the parts of the settings this person may open."""
    offered = [
        ("settings-business", "building-2", _("Business"), _("Names, address, currency, payment terms"), SETTINGS),
        (
            "settings-branding",
            "palette",
            _("Branding"),
            _("Your colour and logo on everything customers see"),
            SETTINGS,
        ),
        (
            "settings-numbering",
            "hash",
            _("Numbering"),
            _("How invoices, credit notes and receipts are numbered"),
            SETTINGS,
        ),
        ("settings-taxes", "percent", _("Taxes"), _("The rates you charge"), SETTINGS),
        ("settings-banks", "landmark", _("Bank accounts"), _("Where customers transfer to"), BANK),
        ("settings-gateways", "credit-card", _("Online payments"), _("Take cards on the payment page"), BANK),
        (
            "settings-charging",
            "gauge",
            _("Charging rules"),
            _("Notice, retries, and when charges stop and ask"),
            SETTINGS,
        ),
        ("settings-email", "mail", _("Email"), _("Which way your mail goes out, and a test"), SETTINGS),
        ("settings-mailbox", "inbox", _("Mailbox"), _("Where bounces and replies come in"), SETTINGS),
        ("settings-sms", "message-square", _("SMS"), _("Who carries your texts, and when nobody is texted"), SETTINGS),
        ("settings-templates", "file-text", _("Templates"), _("What your emails say, and which go out"), SETTINGS),
        ("members", "users-round", _("People"), _("Who works here and what they may do"), MEMBERS),
        ("status", "activity", _("Status"), _("What waits, what failed, what to retry"), OPERATE),
    ]
    slug = desk.place.slug
    return [
        Section(key, reverse(key, args=[slug]), icon, label, text)
        for key, icon, label, text, needs in offered
        if desk.may(needs)
    ]


def settings_page(
    request: StaffRequest, template: str, section: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Return a page of the settings, with the way to the others beside it."""
    return page(
        request, template, status=status, nav="settings", section=section, sections=sections(request.desk), **context
    )


@door(SETTINGS)
def index(request: StaffRequest) -> HttpResponse:
    """Show the parts of the settings."""
    return settings_page(request, "settings", "")


@door(SETTINGS, "GET", "POST")
def business(request: StaffRequest) -> HttpResponse:
    """Change names, address and manners of the business."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        initial, own_terms = business_fields(desk.seller), desk.seller.terms
    posted = request.POST if request.method == "POST" else None
    form = BusinessForm(posted, initial=initial, keeps_own_terms=initial["terms"] == "own")
    if posted is not None and form.is_valid():
        try:
            update_seller(**desk.acting(), business=form.business(own_terms))
        except InvalidSettings as error:
            show_problems(form, error.problems, WORDS)
        else:
            messages.success(request, _("Saved. Documents issued from now on show it."))
            return go(request, "settings-business")
    return settings_page(
        request, "settings_business", "settings-business", status=REFUSED if posted is not None else 200, form=form
    )


@door(SETTINGS, "GET", "POST")
def branding(request: StaffRequest) -> HttpResponse:
    """Change colour and logo."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        seller = desk.seller
    posted = request.POST if request.method == "POST" else None
    form = BrandingForm(posted, request.FILES if posted is not None else None, initial={"brand": seller.brand})
    if posted is not None and form.is_valid():
        upload = form.cleaned_data["logo"]
        try:
            save_branding(
                **desk.acting(),
                brand=form.cleaned_data["brand"],
                logo=upload.read(MOST_BYTES + 1) if upload else None,
                remove_logo=form.cleaned_data["remove_logo"],
            )
        except InvalidLogo as error:
            form.add_error("logo", str(LOGO_WORDS[error.reason]))
        except InvalidSettings as error:
            show_problems(form, error.problems, WORDS)
        else:
            messages.success(request, _("Saved. Your customers see it from now on."))
            return go(request, "settings-branding")
    shown = form.cleaned_data.get("brand", seller.brand) if form.is_bound else seller.brand
    return settings_page(
        request,
        "settings_branding",
        "settings-branding",
        status=REFUSED if posted is not None else 200,
        form=form,
        brand=shown,
        has_logo=logo_of(request.desk.seller_id) is not None,
    )


@door(VIEW)
def logo(request: StaffRequest) -> HttpResponse:
    """Show the logo as it is kept."""
    content = logo_of(request.desk.seller_id)
    if content is None:
        raise Http404
    return HttpResponse(content, content_type="image/png", headers={"Cache-Control": "private, no-cache"})


@door(SETTINGS, "GET", "POST")
def numbering(request: StaffRequest) -> HttpResponse:
    """Change how documents are numbered."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        series, indexes = number_series(), next_indexes(on=desk.today)
    patterns = {row.kind: row.pattern for row in series if row.is_default}
    following = {
        row.kind: Pattern.parse(row.pattern).format(number=indexes.get(row.id, 1), year=desk.today.year)
        for row in series
        if row.is_default
    }
    posted = request.POST if request.method == "POST" else None
    form = NumberingForm(posted, initial={**patterns, "first": 1})
    if posted is not None and form.is_valid():
        for kind in ("invoice", "credit_note", "payment"):
            if form.cleaned_data[kind] != patterns.get(kind):
                set_series(
                    seller_id=desk.seller_id,
                    kind=kind,
                    pattern=form.cleaned_data[kind],
                    first=form.cleaned_data["first"],
                    actor_id=desk.actor_id,
                )
        messages.success(request, _("Saved. The next document uses it."))
        return go(request, "settings-numbering")
    return settings_page(
        request,
        "settings_numbering",
        "settings-numbering",
        status=REFUSED if posted is not None else 200,
        form=form,
        following=following,
    )


@door(SETTINGS)
def taxes(request: StaffRequest) -> HttpResponse:
    """List the tax rates."""
    return settings_page(request, "settings_taxes", "settings-taxes", rates=catalog.rates_on_offer())


@door(SETTINGS, "GET", "POST")
def tax(request: StaffRequest, rate_id: UUID | None = None) -> HttpResponse:
    """Add or change a tax rate."""
    desk = request.desk
    rate = None
    if rate_id is not None:
        with tx(desk.seller_id, read_only=True):
            rate = catalog.tax_rate(rate_id)
        if rate is None:
            raise Http404
    posted = request.POST if request.method == "POST" else None
    form = RateForm(posted, initial=rate_fields(rate) if rate else {"category": "S"})
    own_id = rate.id if rate else made_id(request.POST)
    if posted is not None and form.is_valid():
        try:
            save_tax_rate(seller_id=desk.seller_id, actor_id=desk.actor_id, rate_id=own_id, **form.cleaned_data)
        except CoreError:
            form.add_error("percent", _tax_words(form.cleaned_data["category"]))
        else:
            messages.success(request, _("%(name)s saved") % {"name": form.cleaned_data["name"]})
            return go(request, "settings-taxes")
    return settings_page(
        request,
        "settings_tax",
        "settings-taxes",
        status=REFUSED if posted is not None else 200,
        form=form,
        rate=rate,
        made_id=own_id,
    )


def _tax_words(category: str) -> str:
    if category == "S":
        return _("A standard rate lies above 0 and at most at 100. For 0, choose another kind.")
    return _("This kind has a rate of 0.") if category not in "LM" else _("A rate lies between 0 and 100.")


@door(SETTINGS, "POST")
def tax_default(request: StaffRequest, rate_id: UUID) -> HttpResponse:
    """Let new lines start with a rate."""
    try:
        make_default_rate(seller_id=request.desk.seller_id, actor_id=request.desk.actor_id, rate_id=rate_id)
    except NoSuchRate:
        raise Http404 from None
    messages.success(request, _("New lines start with it"))
    return go(request, "settings-taxes")


@door(SETTINGS, "POST")
def tax_archive(request: StaffRequest, rate_id: UUID) -> HttpResponse:
    """Offer a rate no more."""
    try:
        archive_tax_rate(**request.desk.acting(), rate_id=rate_id)
    except NoSuchRate:
        raise Http404 from None
    except DefaultRate:
        messages.error(request, _("New lines start with this rate. Make another one the default first."))
    else:
        messages.success(request, _("Archived. Documents that use it keep it."))
    return go(request, "settings-taxes")


@door(BANK, "GET", "POST")
def banks(request: StaffRequest, account_id: UUID | None = None) -> HttpResponse:
    """List the bank accounts and add or change one."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        accounts, seller = bank_accounts(), desk.seller
    chosen = next((row for row in accounts if row.id == account_id), None)
    if account_id is not None and chosen is None:
        raise Http404
    posted = request.POST if request.method == "POST" else None
    fresh = {"currency": seller.currency, "holder": seller.legal_name or seller.name}
    form = BankForm(posted, initial=bank_fields(chosen) if chosen else fresh)
    own_id = chosen.id if chosen else made_id(request.POST)
    if posted is not None and form.is_valid():
        try:
            save_bank_account(seller_id=desk.seller_id, actor_id=desk.actor_id, account_id=own_id, **form.cleaned_data)
        except InvalidSettings as error:
            show_problems(form, error.problems, WORDS)
        else:
            messages.success(request, _("Saved. Documents issued from now on print it."))
            return go(request, "settings-banks")
    return settings_page(
        request,
        "settings_banks",
        "settings-banks",
        status=REFUSED if posted is not None else 200,
        form=form,
        accounts=accounts,
        chosen=chosen,
        made_id=own_id,
    )


@door(BANK, "POST")
def bank_remove(request: StaffRequest, account_id: UUID) -> HttpResponse:
    """Print an account no more."""
    remove_bank_account(seller_id=request.desk.seller_id, actor_id=request.desk.actor_id, account_id=account_id)
    messages.success(request, _("Removed. Documents issued before keep it."))
    return go(request, "settings-banks")
